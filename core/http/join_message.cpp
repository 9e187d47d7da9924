#include "http/join_message.hpp"

#include <algorithm>
#include <limits>

#include "cluster/json_text.hpp"
#include "host/text.hpp"
#include "http/http_client.hpp"
#include "http/query.hpp"

namespace clusterkit::http {
namespace {

[[noreturn]] void invalid(const std::string& message) {
  throw RequestError(ErrorCode::invalid, message, Applied::no);
}

std::string toHex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

std::string fromHex(std::string_view text, std::string_view what) {
  std::string bytes;
  if (text.size() % 2 != 0) invalid(std::string(what) + " must be pairs of hex digits");
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const auto byte = parseHex64(text.substr(i, 2));
    if (!byte) invalid(std::string(what) + " must be pairs of hex digits");
    bytes += static_cast<char>(*byte);
  }
  return bytes;
}

std::uint64_t hexNumber(const JsonBody& body, std::string_view name) {
  const auto text = body.text(name);
  if (!text) return 0;
  const auto number = parseHex64(*text);
  if (!number) invalid("field " + std::string(name) + " must be at most 16 hex digits");
  return *number;
}

std::uint32_t small(std::uint64_t number, std::string_view name) {
  if (number > std::numeric_limits<std::uint32_t>::max())
    invalid("field " + std::string(name) + " is out of range");
  return static_cast<std::uint32_t>(number);
}

std::optional<std::uint32_t> optionalSmall(const JsonBody& body, std::string_view name) {
  const auto number = body.number(name);
  return number ? std::optional(small(*number, name)) : std::nullopt;
}

// "host:9080", ":9080" (the node's own host) or "host", as clients of the original library name services.
ServiceSpec serviceAt(const std::string& name, const std::string& address) {
  ServiceSpec spec;
  spec.service = name;
  const std::size_t colon = address.rfind(':');
  const auto port =
      colon == std::string::npos ? std::nullopt : parseDecimal(std::string_view(address).substr(colon + 1));
  if (!port) {
    spec.address = address;
    return spec;
  }
  if (*port > 65535) invalid("service " + name + " has a port above 65535");
  spec.address = address.substr(0, colon);
  spec.port = static_cast<std::uint32_t>(*port);
  return spec;
}

ServiceSpec serviceOf(const JsonBody& body) {
  ServiceSpec spec;
  spec.service = body.requiredText("service");
  spec.id = body.text("id").value_or("");
  spec.address = body.text("address").value_or("");
  spec.port = small(body.number("port").value_or(0), "port");
  spec.tags = body.texts("tags");
  if (const auto meta = body.object("meta")) spec.meta = meta->textMap();
  return spec;
}

std::vector<ServiceSpec> servicesOf(const JsonBody& node) {
  std::vector<ServiceSpec> all;
  if (!node.has("services")) return all;
  if (node.isObject("services")) {
    for (const auto& [name, address] : node.object("services")->textMap())
      all.push_back(serviceAt(name, address));
    return all;
  }
  for (const JsonBody& service : node.objects("services")) all.push_back(serviceOf(service));
  return all;
}

void writeService(JsonText& json, const ServiceSpec& service) {
  json.beginObject().field("service", service.service).field("id", service.id);
  json.field("address", service.address).field("port", service.port).key("tags").beginArray();
  for (const std::string& tag : service.tags) json.string(tag);
  json.endArray().key("meta").beginObject();
  for (const auto& [name, value] : service.meta) json.field(name, value);
  json.endObject().endObject();
}

}  // namespace

std::string joinRequestBody(const JoinRequest& request) {
  const NodeSpec& node = request.node;
  JsonText json;
  json.beginObject().key("node").beginObject();
  json.field("id", node.id).field("ip", node.httpAddress).field("name", node.name).field("zone", node.zone);
  json.field("weight", node.weight).field("version", node.version);
  json.field("member", hex64(node.member.value)).field("boot", hex64(node.boot));
  json.key("services").beginArray();
  for (const ServiceSpec& service : node.services) writeService(json, service);
  json.endArray().endObject();
  json.field("transport_address", node.transportAddress).field("transport_key", toHex(node.transportKey));
  if (request.cluster) json.field("cluster_id", hex64(request.cluster->value));
  if (request.clusterName) json.field("cluster_name", *request.clusterName);
  if (request.partitionCount) json.field("partition_count", *request.partitionCount);
  if (request.replicationFactor) json.field("replication_factor", *request.replicationFactor);
  if (request.protocol) json.field("protocol", *request.protocol);
  json.endObject();
  return json.take();
}

JoinRequest parseJoinRequest(const JsonBody& body) {
  const auto node = body.object("node");
  if (!node) invalid("field node is missing");
  JoinRequest request;
  NodeSpec& spec = request.node;
  spec.id = node->requiredText("id");
  spec.httpAddress = node->requiredText("ip");
  // The others ask a node there: one that listens on port 0 must say in 'advertise' where that is.
  if (!isAddress(spec.httpAddress))
    invalid("field ip: '" + spec.httpAddress + "' is no address that others can ask; allowed is host:port");
  spec.name = node->text("name").value_or("");
  if (spec.name.empty()) spec.name = spec.id;
  spec.zone = node->text("zone").value_or("");
  spec.weight = small(node->number("weight").value_or(1), "weight");
  spec.version = node->text("version").value_or("");
  spec.member = MemberId(hexNumber(*node, "member"));
  spec.boot = hexNumber(*node, "boot");
  spec.services = servicesOf(*node);
  spec.transportAddress = body.requiredText("transport_address");
  spec.transportKey = fromHex(body.text("transport_key").value_or(""), "transport_key");
  if (body.has("cluster_id")) request.cluster = ClusterId(hexNumber(body, "cluster_id"));
  request.clusterName = body.text("cluster_name");
  request.partitionCount = optionalSmall(body, "partition_count");
  request.replicationFactor = optionalSmall(body, "replication_factor");
  request.protocol = optionalSmall(body, "protocol");
  return request;
}

std::string joinReplyBody(const JoinReply& reply) {
  JsonText json;
  json.beginObject().flag("success", true).field("message", "Node joined successfully");
  json.key("data").beginObject().field("node_id", reply.accepted.node);
  json.field("cluster_id", hex64(reply.accepted.cluster.value)).field("node_count", reply.accepted.nodeCount);
  json.field("index", reply.accepted.index.value).key("members").beginArray();
  for (const JoinMember& member : reply.members) {
    json.beginObject().field("id", member.id).field("member", hex64(member.member.value));
    json.field("ip", member.httpAddress).field("transport_address", member.transportAddress);
    json.field("transport_key", toHex(member.transportKey)).endObject();
  }
  json.endArray().endObject().endObject();
  return json.take();
}

JoinReply parseJoinReply(std::string_view text) {
  const JsonBody body(text);
  const auto data = body.object("data");
  if (!data) invalid("field data is missing");
  JoinReply reply;
  reply.accepted.node = data->requiredText("node_id");
  reply.accepted.cluster = ClusterId(hexNumber(*data, "cluster_id"));
  reply.accepted.nodeCount = small(data->number("node_count").value_or(0), "node_count");
  reply.accepted.index = LogIndex(data->number("index").value_or(0));
  for (const JsonBody& one : data->objects("members")) {
    reply.members.push_back({one.requiredText("id"), MemberId(hexNumber(one, "member")),
                             one.requiredText("ip"), one.text("transport_address").value_or(""),
                             fromHex(one.text("transport_key").value_or(""), "transport_key")});
  }
  return reply;
}

}  // namespace clusterkit::http

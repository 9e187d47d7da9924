#include "http/topology_view.hpp"

#include <Poco/MD5Engine.h>

#include <algorithm>
#include <map>

#include "cluster/event_json.hpp"
#include "host/text.hpp"

namespace clusterkit::http {
namespace {

CachedBody withEtag(std::string text) {
  Poco::MD5Engine digest;
  digest.update(text);
  std::string etag = "\"" + Poco::DigestEngine::digestToHex(digest.digest()) + "\"";
  return {std::make_shared<const std::string>(std::move(text)), std::move(etag)};
}

template <class Range>
std::string arrayOf(const Range& elements) {
  std::string text = "[";
  for (const std::string& element : elements) {
    if (text.size() > 1) text += ',';
    text += element;
  }
  return text + "]";
}

std::string clusterJson(const ClusterFacts& facts, const std::vector<std::string>& nodes,
                        const std::vector<std::string>& partitions) {
  std::string map = "{";
  for (std::size_t p = 0; p < partitions.size(); ++p) {
    if (p > 0) map += ',';
    map += "\"partition-" + std::to_string(p) + "\":" + partitions[p];
  }
  map += '}';
  JsonText config;
  config.beginObject().field("cluster_name", facts.name).field("partition_count", facts.partitionCount);
  config.field("replication_factor", facts.replicationFactor).endObject();
  JsonText hash;
  hash.beginObject().field("algorithm", "md5").field("encoding", "big_endian_uint32");
  hash.field("modulo", facts.partitionCount).field("format", "partition-%d").endObject();
  JsonText names;
  names.beginObject().field("id", hex64(facts.id.value)).field("name", facts.name).endObject();
  std::string text = "{\"cluster\":" + names.take();
  text.pop_back();  // further fields follow in the same object
  text += ",\"nodes\":" + arrayOf(nodes) + ",\"partition_map\":{\"partitions\":" + map;
  return text + "},\"config\":" + config.take() + "},\"hash_config\":" + hash.take() + "}";
}

std::string statsJson(const ClusterState& state) {
  std::map<std::string_view, std::uint64_t> primaries, replicas;
  for (const auto& entry : state.nodes) primaries[entry.key] = replicas[entry.key] = 0;
  for (std::uint32_t p = 0; p < state.partitions->partitionCount(); ++p) {
    const auto owners = state.partitions->ownersOf(PartitionId(p));
    for (std::size_t i = 0; i < owners.size(); ++i)
      ++(i == 0 ? primaries : replicas)[state.nodeIdOf(owners[i])];
  }
  JsonText json;
  json.beginObject().field("total_partitions", state.partitions->partitionCount());
  for (const auto& [name, counts] :
       {std::pair("partitions_per_node", &primaries), std::pair("replicas_per_node", &replicas)}) {
    json.key(name).beginObject();
    for (const auto& [node, count] : *counts) json.field(node, count);
    json.endObject();
  }
  json.endObject();
  return json.take();
}

}  // namespace

std::string_view roleOf(const MemberRoles& roles, MemberId member) {
  const auto in = [&](const std::vector<MemberId>& list) {
    return std::find(list.begin(), list.end(), member) != list.end();
  };
  if (member && member == roles.leader) return "leader";
  if (in(roles.voters)) return "voter";
  return in(roles.learners) ? "learner" : "";
}

std::string nodeJson(const NodeRecord& node, const MemberRoles& roles) {
  JsonText json;
  writeNode(json, node, roleOf(roles, node.spec.member));
  return json.take();
}

std::string partitionJson(const ClusterState& state, PartitionId partition) {
  const auto owners = state.partitions->ownersOf(partition);
  JsonText json;
  json.beginObject().field("id", toString(partition));
  json.field("primary_node", owners.empty() ? std::string_view() : state.nodeIdOf(owners.front()));
  json.key("replica_nodes").beginArray();
  for (const MemberId replica : state.partitions->replicasOf(partition)) json.string(state.nodeIdOf(replica));
  json.endArray().field("epoch", state.partitions->epochOf(partition).value);
  json.field("state", toString(conditionOf(state, partition))).endObject();
  return json.take();
}

TopologyView::TopologyView(const ClusterState& state, const MemberRoles& roles) {
  std::vector<std::string> nodes, partitions;
  for (const auto& entry : state.nodes) {
    nodes.push_back(nodeJson(*entry.value, roles));
    nodes_.emplace(entry.value->spec.member, nodes.back());
  }
  for (std::uint32_t p = 0; p < state.partitions->partitionCount(); ++p) {
    partitions.push_back(partitionJson(state, PartitionId(p)));
    const NodeRecord* primary = state.findNode(state.partitions->primaryOf(PartitionId(p)));
    if (primary != nullptr && isLive(primary->status)) ++valid_;
  }
  cluster_ = withEtag(clusterJson(*state.facts, nodes, partitions));
  partitions_ = withEtag("{\"partitions\":" + arrayOf(partitions) +
                         ",\"count\":" + std::to_string(partitions.size()) + "}");
  stats_ = std::make_shared<const std::string>(statsJson(state));
}

void TopologyView::appendOwners(std::string& out, const ClusterState& state, PartitionId partition) const {
  const auto nodeOf = [this](MemberId member) -> std::string_view {
    const auto found = nodes_.find(member);
    return found != nodes_.end() ? std::string_view(found->second) : "null";
  };
  out += "\"partition\":\"";
  out += toString(partition);
  out += "\",\"epoch\":";
  out += std::to_string(state.partitions->epochOf(partition).value);
  out += ",\"primary\":";
  out += nodeOf(state.partitions->primaryOf(partition));
  out += ",\"replicas\":[";
  const char* separator = "";
  for (const MemberId member : state.partitions->replicasOf(partition)) {
    out += std::exchange(separator, ",");
    out += nodeOf(member);
  }
  out += ']';
}

const TopologyView& TopologyCache::of(const ClusterState& state) {
  auto roles = api_.roles();
  const bool same = view_ && roles == roles_ && index_ == state.topologyIndex && epoch_ == state.mapEpoch() &&
                    cluster_ == state.facts->id;
  if (!same) {
    view_ = std::make_unique<const TopologyView>(state, *roles);
    roles_ = std::move(roles);
    index_ = state.topologyIndex;
    epoch_ = state.mapEpoch();
    cluster_ = state.facts->id;
  }
  return *view_;
}

bool matchesEtag(std::string_view ifNoneMatch, std::string_view etag) {
  while (!ifNoneMatch.empty()) {
    const std::size_t end = std::min(ifNoneMatch.find(','), ifNoneMatch.size());
    std::string_view one = ifNoneMatch.substr(0, end);
    ifNoneMatch.remove_prefix(std::min(end + 1, ifNoneMatch.size()));
    one.remove_prefix(std::min(one.find_first_not_of(" \t"), one.size()));
    one = one.substr(0, one.find_last_not_of(" \t") + 1);
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == "*" || one == etag) return true;
  }
  return false;
}

Response cachedResponse(const CachedBody& body, const Request& request) {
  Response response;
  response.with("ETag", body.etag).with("Cache-Control", "no-cache");
  const std::string* known = request.headers.find("If-None-Match");
  if (known != nullptr && matchesEtag(*known, body.etag)) {
    response.status = 304;
  } else {
    response.body = Body(body.bytes);
  }
  return response;
}

}  // namespace clusterkit::http

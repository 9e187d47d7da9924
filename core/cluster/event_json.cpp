#include "cluster/event_json.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>

namespace clusterkit {
namespace {

std::string hostOf(std::string_view address) { return std::string(address.substr(0, address.rfind(':'))); }

// What a client connects to: the service's own address, or the node's host, with the port when there is one.
std::string serviceAddress(const ServiceSpec& spec, const NodeSpec& node) {
  std::string host = spec.address.empty() ? hostOf(node.httpAddress) : spec.address;
  if (spec.port == 0) return host;
  const bool bareIpv6 = host.find(':') != std::string::npos && host.front() != '[';
  if (bareIpv6) host = "[" + host + "]";
  return host + ":" + std::to_string(spec.port);
}

void writeIds(JsonText& out, std::string_view name, const std::vector<NodeId>& ids) {
  out.key(name).beginArray();
  for (const NodeId& id : ids) out.string(id);
  out.endArray();
}

void writePartitions(JsonText& out, std::string_view name, const std::vector<PartitionId>& partitions) {
  out.key(name).beginArray();
  for (const PartitionId partition : partitions) out.string(toString(partition));
  out.endArray();
}

// Writes the fields of each event in the order of the table in semantics.md; further fields follow.
class Fields {
 public:
  explicit Fields(JsonText& out) : out_(out) {}

  void operator()(const NodeJoin& e) {
    writeNode(out_.key("node"), *e.node);
    out_.field("cluster_size", e.clusterSize).flag("is_bootstrap", e.kind == NodeJoin::Kind::Bootstrap);
  }

  void operator()(const NodeRejoin& e) {
    writeNode(out_.key("node"), *e.node);
    out_.key("offline_duration_ms").integer(e.offlineDuration.count());
    out_.field("last_seen_at", rfc3339(e.lastSeenAt));
    writePartitions(out_, "partitions_before_leave", e.partitionsBeforeLeave);
  }

  void operator()(const NodeLeave& e) {
    writeNode(out_.key("node"), *e.node);
    out_.field("reason", toString(e.reason));
    writePartitions(out_, "partitions_owned", e.partitionsOwned);
    writePartitions(out_, "partitions_replica", e.partitionsReplica);
  }

  void operator()(const RebalanceStart& e) {
    out_.field("trigger", toString(e.trigger)).field("trigger_node_id", e.triggerNode);
    out_.field("partitions_to_move", e.partitionsToMove);
    writeIds(out_, "nodes_affected", e.nodesAffected);
    out_.field("plan", e.plan.value);
  }

  void operator()(const PartitionChange& e) {
    out_.field("partition_id", toString(e.partition));
    writeIds(out_, "copy_from_nodes", e.copyFromNodes);
    out_.field("copy_to_node", e.copyToNode).field("change_reason", toString(e.reason));
    out_.field("old_primary", e.oldPrimary).field("new_primary", e.newPrimary);
    out_.field("partition_epoch", e.partitionEpoch.value);
  }

  void operator()(const RebalanceComplete& e) {
    (*this)(e.start);
    out_.key("duration_ms").integer(e.duration.count());
    out_.field("outcome", toString(e.outcome));
  }

  void operator()(const ClusterHealthChange& e) {
    out_.field("healthy_nodes", e.health.healthyNodes);
    out_.field("unhealthy_nodes", e.health.unhealthyNodeIds.size());
    out_.field("total_nodes", e.health.totalNodes).field("status", toString(e.health.status));
    writeIds(out_, "unhealthy_node_ids", e.health.unhealthyNodeIds);
    out_.field("partitions_offline", e.health.partitionsOffline);
    out_.field("partitions_under_replicated", e.health.partitionsUnderReplicated);
  }

  void operator()(const PartitionReleased& e) { atNode(e); }
  void operator()(const PartitionReady& e) { atNode(e); }

  void operator()(const ServiceChange& e) {
    const ServiceSpec& spec = e.instance.spec;
    out_.field("service", spec.service).field("service_id", spec.id).field("node", e.instance.node);
    out_.field("change", toString(e.kind)).flag("passing", e.instance.passing == Passing::Yes);
    out_.field("address", spec.address).field("port", spec.port);
    out_.key("tags").beginArray();
    for (const auto& tag : spec.tags) out_.string(tag);
    out_.endArray().key("meta").beginObject();
    for (const auto& [key, value] : spec.meta) out_.field(key, value);
    out_.endObject();
  }

  void operator()(const ValueChange& e) {
    out_.field("key", e.key).field("change", toString(e.kind));
    out_.field("version", e.version).field("size", e.size);
  }

  void operator()(const LeaderChange& e) {
    out_.field("leader_id", e.leader).field("previous_leader_id", e.previousLeader);
    out_.field("term", e.term.value);
  }

  void operator()(const Gap& e) { out_.field("from_seq", e.from.value).field("to_seq", e.to.value); }

 private:
  template <class Event>
  void atNode(const Event& e) {
    out_.field("partition_id", toString(e.partition)).field("node", e.node);
    out_.field("partition_epoch", e.partitionEpoch.value);
  }

  JsonText& out_;
};

}  // namespace

std::string eventJson(const ClusterEvent& event) {
  JsonText out;
  out.beginObject();
  out.field("seq", event.seq.value).field("type", eventType(event.body)).field("id", eventIdText(event.id));
  out.field("index", event.index.value).field("epoch", event.epoch.value);
  out.field("timestamp", rfc3339(event.stamp));
  std::visit(Fields(out), event.body);
  out.endObject();
  return out.take();
}

void writeNode(JsonText& out, const NodeRecord& node, std::string_view role) {
  const NodeSpec& spec = node.spec;
  out.beginObject();
  out.field("id", spec.id).field("ip", spec.httpAddress).field("name", spec.name);
  out.field("status", toString(node.status));
  if (!spec.services.empty()) {
    std::map<std::string_view, std::string>
        addresses;  // of several instances the first; in the order of names
    for (const auto& service : spec.services)
      addresses.emplace(service.service, serviceAddress(service, spec));
    out.key("services").beginObject();
    for (const auto& [service, address] : addresses) out.field(service, address);
    out.endObject();
  }
  out.field("zone", spec.zone).field("weight", spec.weight);
  if (!role.empty()) out.field("role", role);
  out.field("incarnation", node.incarnation).field("last_seen_at", rfc3339(node.lastSeenAt));
  out.endObject();
}

std::string rfc3339(WallTime time) {
  using namespace std::chrono;
  time = std::max(time, WallTime{});
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(duration_cast<nanoseconds>(time - day));
  char text[48];
  const int length = std::snprintf(
      text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%09lldZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()), static_cast<long long>(clock.subseconds().count()));
  return std::string(text, static_cast<std::size_t>(length));
}

std::string eventIdText(const EventId& id) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : id) {
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  return text;
}

}  // namespace clusterkit

// Storing and forgetting node records, with the services that hang on them.
#include <algorithm>
#include <map>

#include "cluster/apply_step.hpp"
#include "cluster/record_codec.hpp"
#include "cluster/services.hpp"
#include "host/utf8.hpp"

namespace clusterkit {
namespace {

using Instances = std::map<std::string, ServiceInstance>;

std::optional<ServiceChange::Kind> difference(const ServiceInstance& before, const ServiceInstance& after) {
  if (before.spec != after.spec || before.node != after.node) return ServiceChange::Kind::Updated;
  if (before.passing == after.passing) return std::nullopt;
  return after.passing == Passing::Yes ? ServiceChange::Kind::Passing : ServiceChange::Kind::Failing;
}

void replaceServices(ApplyStep& step, const Instances& before, const Instances& after) {
  for (const auto& [key, instance] : before) {
    if (after.count(key) > 0) continue;
    step.state.services.erase(key);
    step.emit(ServiceChange{instance, ServiceChange::Kind::Deregistered});
  }
  for (const auto& [key, instance] : after) {
    const auto old = before.find(key);
    const auto kind =
        old == before.end() ? ServiceChange::Kind::Registered : difference(old->second, instance);
    if (!kind) continue;
    step.state.services.set(key, instance, 0);
    step.emit(ServiceChange{instance, *kind});
  }
}

bool isPlainText(std::string_view text, std::size_t limit) {
  const auto control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  return text.size() <= limit && isUtf8(text) && std::none_of(text.begin(), text.end(), control);
}

std::string checkServices(const ClusterState& state, const NodeSpec& spec) {
  if (spec.services.size() > kMaxServicesPerNode) return "more than 256 services";
  std::vector<std::string> keys;
  for (const auto& service : spec.services) {
    if (std::string fault = checkServiceSpec(service); !fault.empty()) return fault;
    const ServiceInstance instance = instanceOn(spec.id, service, Passing::Yes);
    const std::string name = "service " + service.service + " with id " + instance.spec.id;
    std::string key = serviceKey(service.service, instance.spec.id);
    const auto* taken = state.services.find(key);
    if (taken && taken->node != spec.id) return name + " is on node " + taken->node + " already";
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) return name + " is named twice";
    keys.push_back(std::move(key));
  }
  return {};
}

}  // namespace

void putNode(ApplyStep& step, std::shared_ptr<const NodeRecord> node) {
  ClusterState& state = step.state;
  const Instances before = instancesOf(state.findNode(node->spec.member));
  replaceServices(step, before, instancesOf(node.get()));
  state.nodes.set(node->spec.id, node, contentHash(step.seed(), toProto(*node)));
  state.nodesByMember.set(BigEndianKey(node->spec.member), node, 0);
  state.topologyIndex = step.index;
  step.nodesChanged = true;
}

void dropNode(ApplyStep& step, const NodeRecord& node) {
  ClusterState& state = step.state;
  const NodeId id = node.spec.id;  // `node` dies with the maps
  const MemberId member = node.spec.member;
  replaceServices(step, instancesOf(&node), {});
  state.nodes.erase(id);
  state.nodesByMember.erase(BigEndianKey(member));
  state.topologyIndex = step.index;
  step.nodesChanged = true;
}

void putDeparted(ApplyStep& step, const DepartedNode& node) {
  step.state.departed.set(node.id, node, contentHash(step.seed(), toProto(node)));
}

std::string checkNodeSpec(const ClusterState& state, const NodeSpec& spec) {
  if (spec.id.empty() || !isPlainText(spec.id, kMaxNodeIdBytes)) {
    return "a node id must have 1 to 128 bytes of UTF-8 without control characters";
  }
  if (!spec.member) return "node " + spec.id + " has no member id";
  if (!isPlainText(spec.name, kMaxAddressBytes) || !isPlainText(spec.zone, kMaxAddressBytes) ||
      !isPlainText(spec.version, kMaxAddressBytes)) {
    return "node " + spec.id +
           ": name, zone and version may have 256 bytes of UTF-8 without control characters";
  }
  if (!isPlainText(spec.httpAddress, kMaxAddressBytes) ||
      !isPlainText(spec.transportAddress, kMaxAddressBytes)) {
    return "node " + spec.id + ": an address may have 256 bytes of UTF-8 without control characters";
  }
  if (spec.transportKey.size() > kMaxTransportKeyBytes)
    return "node " + spec.id + ": the public key is too long";
  if (spec.weight > kMaxNodeWeight) return "node " + spec.id + ": a weight may be 1000000 at most";
  if (toProto(spec).ByteSizeLong() > kMaxNodeSpecBytes)
    return "node " + spec.id + ": more than 64 KiB of services";
  const std::string fault = checkServices(state, spec);
  return fault.empty() ? fault : "node " + spec.id + ": " + fault;
}

WallTime laterSeen(const ApplyStep& step, WallTime known, WallTime told) {
  return std::min(step.now, std::max(known, told));
}

WallTime lastSign(const ApplyStep& step, const NodeRecord& node, WallTime told) {
  const bool suspected = node.status == NodeStatus::Suspect || !isLive(node.status);
  if (told == WallTime{} && !suspected) return step.now;
  return laterSeen(step, node.lastSeenAt, told);
}

OwnedPartitions ownedBy(const ClusterState& state, MemberId member) {
  OwnedPartitions owned;
  const PartitionMap& map = *state.partitions;
  for (std::uint32_t p = 0; p < map.partitionCount(); ++p) {
    const auto owners = map.ownersOf(PartitionId(p));
    const auto found = std::find(owners.begin(), owners.end(), member);
    if (found == owners.end()) continue;
    (found == owners.begin() ? owned.asPrimary : owned.asReplica).emplace_back(p);
  }
  return owned;
}

std::vector<PartitionId> OwnedPartitions::all() const {
  std::vector<PartitionId> both;
  std::merge(asPrimary.begin(), asPrimary.end(), asReplica.begin(), asReplica.end(),
             std::back_inserter(both));
  return both;
}

}  // namespace clusterkit

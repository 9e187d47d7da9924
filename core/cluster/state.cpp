#include "cluster/state.hpp"

#include "cluster/record_codec.hpp"

namespace clusterkit {
namespace {

const NodeRecord* recordOf(const std::shared_ptr<const NodeRecord>* found) noexcept {
  return found ? found->get() : nullptr;
}

// Order matters: each number is mixed with all before it.
class HashChain {
 public:
  void add(std::uint64_t number) { sum_ = mixBits(sum_ ^ mixBits(number)); }
  std::uint64_t value() const { return sum_; }

 private:
  std::uint64_t sum_ = 0;
};

}  // namespace

ClusterState::ClusterState() {
  static const auto kNoFacts = std::make_shared<const ClusterFacts>();
  static const auto kNoPartitions = std::make_shared<const PartitionMap>();
  facts = kNoFacts;
  partitions = kNoPartitions;
}

void ClusterState::seedMaps(HashSeed seed) {
  nodes = decltype(nodes)(seed);
  nodesByMember = decltype(nodesByMember)(seed);
  departed = decltype(departed)(seed);
  tombstones = decltype(tombstones)(seed);
  pendingMoves = decltype(pendingMoves)(seed);
  handoffs = decltype(handoffs)(seed);
  services = decltype(services)(seed);
  values = decltype(values)(seed);
  idempotency = decltype(idempotency)(seed);
  idempotencyOrder = decltype(idempotencyOrder)(seed);
  retiredKeys = decltype(retiredKeys)(seed);
  retiredOrder = decltype(retiredOrder)(seed);
  events = decltype(events)(seed);
  sinkCursors = decltype(sinkCursors)(seed);
}

const NodeRecord* ClusterState::findNode(std::string_view id) const noexcept {
  return recordOf(nodes.find(id));
}

const NodeRecord* ClusterState::findNode(MemberId member) const noexcept {
  return recordOf(nodesByMember.find(BigEndianKey(member)));
}

std::string_view ClusterState::nodeIdOf(MemberId member) const noexcept {
  const NodeRecord* node = findNode(member);
  return node ? std::string_view(node->spec.id) : std::string_view();
}

bool ClusterState::isLiveMember(MemberId member) const noexcept {
  const NodeRecord* node = findNode(member);
  return node && isLive(node->status);
}

std::size_t ClusterState::liveNodeCount() const {
  std::size_t count = 0;
  for (const auto& entry : nodes) count += isLive(entry.value->status) ? 1 : 0;
  return count;
}

const ClusterEvent* ClusterState::findEvent(EventSeq seq) const noexcept {
  const auto* found = events.find(seq);
  return found ? found->get() : nullptr;
}

EventSeq ClusterState::oldestEvent() const noexcept {
  const auto* oldest = events.oldest();
  return oldest ? (*oldest)->seq : nextEvent;
}

PartitionCondition conditionOf(const ClusterState& state, PartitionId partition) {
  const auto owners = state.partitions->ownersOf(partition);
  if (owners.empty()) return PartitionCondition::Unassigned;
  std::uint32_t live = 0;
  for (const MemberId owner : owners) live += state.isLiveMember(owner) ? 1 : 0;
  if (live == 0) return PartitionCondition::Offline;
  if (state.findHandoff(partition)) return PartitionCondition::Moving;
  return live < state.facts->replicationFactor ? PartitionCondition::UnderReplicated
                                               : PartitionCondition::Active;
}

StateHashInput hashInputOf(const ClusterState& state) {
  // The other maps follow from these.
  return {state.appliedIndex,
          contentHash(state.facts->seed, headerOf(state)),
          state.partitions,
          {state.nodes.hash(), state.departed.hash(), state.tombstones.hash(), state.pendingMoves.hash(),
           state.handoffs.hash(), state.values.hash(), state.idempotency.hash(), state.retiredKeys.hash(),
           state.events.hash(), state.sinkCursors.hash()}};
}

std::uint64_t stateHash(const StateHashInput& input) {
  HashChain chain;
  chain.add(input.header);
  const PartitionMap& map = *input.partitions;
  chain.add(map.partitionCount());
  for (std::uint32_t p = 0; p < map.partitionCount(); ++p) {
    chain.add(map.epochOf(PartitionId(p)).value);
    for (const MemberId owner : map.ownersOf(PartitionId(p))) chain.add(owner.value);
  }
  for (const std::uint64_t hash : input.maps) chain.add(hash);
  return chain.value();
}

}  // namespace clusterkit

#include "simulation/plan.hpp"

#include <algorithm>

namespace clusterkit::sim {

using namespace std::chrono_literals;

Plan::Plan(std::uint64_t s) : seed(s) {
  Dice dice(s ^ 0x706c616eu);
  nodes = dice.between(3, 7);
  if (dice.oneIn(2)) nodes = 3 + 2 * dice.below(2);

  raft.heartbeat = dice.between(Duration(10ms), Duration(100ms));
  raft.electionTimeout = raft.heartbeat * static_cast<int>(dice.between(3, 10));
  raft.snapshotEntries = static_cast<std::int64_t>(dice.oneIn(3) ? 10'000 : dice.between(10, 60));
  raft.trailingEntries = static_cast<std::int64_t>(dice.below(20));
  if (dice.oneIn(3)) raft.maxAppend = static_cast<std::int64_t>(dice.between(1, 600));
  if (dice.oneIn(3)) raft.maxInflight = static_cast<std::int64_t>(dice.between(1, 4));

  facts.id = ClusterId(0xc0ffee);
  facts.name = "simulated";
  facts.seed = HashSeed{dice.next()};
  facts.partitionCount = static_cast<std::uint32_t>(dice.between(1, 8));
  facts.replicationFactor = static_cast<std::uint32_t>(dice.between(1, 3));
  facts.eventsRetain = static_cast<std::uint32_t>(dice.between(10, 200));
  facts.idempotencyRetain = static_cast<std::uint32_t>(dice.oneIn(3) ? dice.between(1, 8) : 1000);

  clients = dice.oneIn(4) ? dice.between(6, 12) : dice.between(2, 6);
  keys = dice.between(1, 4);
  thinkMax = dice.between(Duration(1ms), dice.oneIn(3) ? Duration(20ms) : Duration(200ms));
  safety = dice.between(Duration(4s), Duration(15s));

  for (std::size_t fault = 0; fault < kFaults; ++fault)
    if (dice.oneIn(3)) faults.push_back(static_cast<Fault>(fault));
  betweenFaultsMax = dice.between(Duration(50ms), Duration(1500ms));
  mendPercent = static_cast<std::uint32_t>(dice.between(20, 60));
  weather.lossPercent = static_cast<std::uint32_t>(dice.oneIn(2) ? 0 : dice.below(31));
  weather.duplicatePercent = static_cast<std::uint32_t>(dice.oneIn(2) ? 0 : dice.below(51));
  weather.delayMax = dice.between(Duration(1ms), std::max(Duration(2ms), raft.electionTimeout / 2));
  restartMax = dice.between(Duration(5ms), dice.oneIn(3) ? Duration(50ms) : Duration(4s));
  readsMessages = dice.oneIn(4);
  changesMembers = dice.oneIn(2);
  transfersLeadership = dice.oneIn(2);
  changesOwners = dice.oneIn(2);
}

}  // namespace clusterkit::sim

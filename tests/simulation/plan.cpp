#include "simulation/plan.hpp"

#include <algorithm>

namespace clusterkit::sim {

using namespace std::chrono_literals;

std::string_view name(Fault fault) {
  switch (fault) {
    case Fault::Kill: return "kill";
    case Fault::KillMidway: return "kill-midway";
    case Fault::KillMany: return "kill-many";
    case Fault::Corrupt: return "bit-flip";
    case Fault::Rot: return "rot";
    case Fault::Isolate: return "isolate";
    case Fault::CutPair: return "cut-pair";
    case Fault::CutOneWay: return "cut-one-way";
    case Fault::Deafen: return "deafen";
    case Fault::Split: return "split";
    case Fault::Bridge: return "bridge";
    case Fault::Flap: return "flap";
    case Fault::Depose: return "depose";
    case Fault::Reset: return "reset";
    case Fault::Weather: return "weather";
    case Fault::SlowDisk: return "slow-disk";
    case Fault::FullDisk: return "full-disk";
    case Fault::BrokenDisk: return "broken-disk";
    case Fault::JumpClock: return "jump-clock";
    case Fault::Freeze: return "freeze";
  }
  return "?";
}

Plan::Plan(std::uint64_t s) : seed(s) {
  Dice dice(s ^ 0x706c616eu);
  nodes = dice.between(3, 7);
  if (dice.oneIn(2)) nodes = 3 + 2 * dice.below(2);
  drawOptions(dice);
  drawWork(dice);
  drawFaults(dice);
  if (dice.oneIn(4)) drawDeposedLeaders(dice);
  if (dice.oneIn(4)) drawDuties(dice);
  if (dice.oneIn(duties ? 2 : 4)) drawSinks(dice);
}

std::size_t Plan::voters() const {
  if (!duties) return nodes;
  const std::size_t most = std::min<std::size_t>(nodes, facts.maxVoters);
  return most % 2 == 0 ? most - 1 : most;
}

void Plan::drawOptions(Dice& dice) {
  raft.heartbeat = dice.between(Duration(10ms), Duration(100ms));
  raft.electionTimeout = raft.heartbeat * static_cast<int>(dice.between(3, 10));
  raft.snapshotEntries = static_cast<std::int64_t>(dice.oneIn(3) ? 10'000 : dice.between(10, 60));
  raft.trailingEntries = static_cast<std::int64_t>(dice.below(20));
  if (dice.oneIn(3)) raft.maxAppend = static_cast<std::int64_t>(dice.between(1, 600));
  if (dice.oneIn(3)) raft.maxInflight = static_cast<std::int64_t>(dice.between(1, 4));
  if (dice.oneIn(2)) snapshotPiece = dice.between(200, 4000);

  facts.id = ClusterId(0xc0ffee);
  facts.name = "simulated";
  facts.seed = HashSeed{dice.next()};
  facts.partitionCount = static_cast<std::uint32_t>(dice.between(1, 8));
  facts.replicationFactor = static_cast<std::uint32_t>(dice.between(1, 3));
  facts.eventsRetain = static_cast<std::uint32_t>(dice.between(10, 200));
  facts.idempotencyRetain = static_cast<std::uint32_t>(dice.oneIn(3) ? dice.between(1, 8) : 1000);
}

void Plan::drawWork(Dice& dice) {
  clients = dice.oneIn(4) ? dice.between(6, 12) : dice.between(2, 6);
  keys = dice.between(1, 4);
  thinkMax = dice.between(Duration(1ms), dice.oneIn(3) ? Duration(20ms) : Duration(200ms));
  safety = dice.between(Duration(4s), Duration(15s));
  readsMessages = dice.oneIn(2);
  mixesVersions = dice.oneIn(4);
  changesMembers = dice.oneIn(2);
  transfersLeadership = dice.oneIn(2);
  changesOwners = dice.oneIn(2);
}

void Plan::drawFaults(Dice& dice) {
  for (std::size_t fault = 0; fault < kFaults; ++fault)
    if (dice.oneIn(3)) faults.push_back(static_cast<Fault>(fault));
  betweenFaultsMax = dice.between(Duration(50ms), Duration(1500ms));
  mendPercent = static_cast<std::uint32_t>(dice.between(20, 60));
  weather.lossPercent = static_cast<std::uint32_t>(dice.oneIn(2) ? 0 : dice.below(31));
  weather.duplicatePercent = static_cast<std::uint32_t>(dice.oneIn(2) ? 0 : dice.below(51));
  weather.delayMax = dice.between(Duration(1ms), std::max(Duration(2ms), raft.electionTimeout / 2));
  if (dice.oneIn(4)) weather.stragglerPercent = static_cast<std::uint32_t>(dice.between(1, 30));
  weather.stragglerMax = raft.electionTimeout * static_cast<int>(dice.between(1, 3));
  restartMax = dice.between(Duration(5ms), dice.oneIn(3) ? Duration(50ms) : Duration(4s));
}

// A history of leaders that lose their office with entries that nobody else has, of clients that go on asking
// them, and of answers that come when it is too late.
void Plan::drawDeposedLeaders(Dice& dice) {
  faults = {Fault::Depose, Fault::Reset, Fault::Kill, static_cast<Fault>(dice.below(kFaults))};
  nodes = dice.oneIn(3) ? 5 : 3;
  raft.electionTimeout = raft.heartbeat * static_cast<int>(dice.between(5, 10));
  raft.snapshotEntries = 10'000;
  if (dice.oneIn(2)) raft.maxAppend = static_cast<std::int64_t>(dice.between(1, 300));
  clients = dice.between(6, 16);
  keys = 1;
  thinkMax = dice.between(Duration(1ms), Duration(30ms));
  betweenFaultsMax = raft.electionTimeout * 4;
  mendPercent = 50;
  weather.lossPercent = 0;
  weather.delayMax = Duration(2ms);
  weather.duplicatePercent = static_cast<std::uint32_t>(dice.between(20, 50));
  weather.stragglerPercent = static_cast<std::uint32_t>(dice.between(20, 60));
  weather.stragglerMax = raft.electionTimeout * static_cast<int>(dice.between(1, 3));
  restartMax = Duration(100ms);
  mixesVersions = dice.oneIn(2);
  if (dice.oneIn(2)) changesMembers = false;
  transfersLeadership = true;
  readPercent = static_cast<std::uint32_t>(dice.between(20, 60));
  watchPercent = static_cast<std::uint32_t>(dice.oneIn(4) ? 0 : dice.between(30, 60));
  operatorPauseMax = raft.electionTimeout * static_cast<int>(dice.between(1, 3));
}

// Probes are slow against elections, as by default, or so fast that many are declared down who are not.
void Plan::drawDuties(Dice& dice) {
  DutySettings settings;
  settings.probeInterval = dice.between(Duration(20ms), Duration(500ms));
  settings.probeTimeout = dice.between(Duration(20ms), Duration(500ms));
  settings.probeThreshold = static_cast<std::uint32_t>(dice.between(1, 4));
  settings.rebalanceDelay = dice.between(Duration(10ms), Duration(300ms));
  settings.rebalanceGrace = dice.between(Duration(100ms), Duration(3s));
  settings.maxMoves = static_cast<std::uint32_t>(dice.between(1, 8));
  if (dice.oneIn(2)) settings.handoff = HandoffMode::Acknowledged;
  settings.handoffTimeout = dice.between(Duration(100ms), Duration(3s));
  duties = settings;
  facts.maxVoters = static_cast<std::uint32_t>(3 + 2 * dice.below(3));
  changesMembers = changesOwners = false;
}

void Plan::drawSinks(Dice& dice) {
  const std::size_t count = dice.between(1, 3);
  for (std::size_t number = 0; number < count; ++number) sinks.push_back(someSink(dice, number));
  ordersSinks = dice.oneIn(2);
}

SinkPlan Plan::someSink(Dice& dice, std::size_t number) const {
  SinkPlan sink;
  SinkRules& rules = sink.rules;
  rules.name = "sink-" + std::to_string(number);
  // Without duties nobody announces who leads, and with which run of a node a new sink begins.
  if (duties && dice.oneIn(2)) rules.scope = SinkScope::Leader;
  rules.start = duties && dice.oneIn(2) ? SinkStart::New : SinkStart::Oldest;
  rules.timeout = dice.between(Duration(50ms), Duration(2s));
  rules.deadLetter = dice.oneIn(2);
  rules.delivery.concurrency = static_cast<std::uint32_t>(dice.oneIn(2) ? 1 : dice.between(2, 4));
  if (dice.oneIn(3)) rules.delivery.maxAttempts = static_cast<std::uint32_t>(dice.between(1, 4));
  rules.delivery.backoff = dice.between(Duration(1ms), Duration(100ms));
  rules.delivery.maxBackoff = dice.between(Duration(100ms), Duration(1s));
  if (dice.oneIn(3)) rules.delivery.types = {"value_change", "leader_change"};
  sink.answerMax = dice.oneIn(2) ? Duration(1ms) : dice.between(Duration(1ms), Duration(300ms));
  sink.failPercent = static_cast<std::uint32_t>(dice.oneIn(2) ? 0 : dice.below(60));
  sink.latePercent = static_cast<std::uint32_t>(dice.oneIn(2) ? 0 : dice.below(10));
  return sink;
}

}  // namespace clusterkit::sim

// What one seed draws before anything runs: the size of the cluster, its options, its work, and which faults
// there are at all. Few kinds of faults at a time find more than all of them always (swarm testing, Groce et
// al., ISSTA 2012).
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "cluster/cluster_facts.hpp"
#include "controller/leader_duties.hpp"
#include "events/sink_rules.hpp"
#include "simulation/components.hpp"
#include "simulation/dice.hpp"
#include "simulation/disk.hpp"
#include "simulation/network.hpp"

namespace clusterkit::sim {

enum class Fault : std::uint8_t {
  Kill,        // one node, between two events
  KillMidway,  // one node, between two of its effects
  KillMany,    // any number, at the same moment
  Corrupt,     // one node loses its power, and a bit of what it has synced
  Rot,         // a bit flips under a node that runs on
  Isolate,     // one node from all others
  CutPair,     // one pair, both ways
  CutOneWay,   // one pair, one way
  Deafen,      // one node sends and does not hear
  Split,       // two halves
  Bridge,      // two halves, joined by one node
  Flap,        // one pair comes and goes
  Depose,      // the leader, from all or all but one
  Reset,       // all connections of one node end, and begin anew
  Weather,     // loss, duplicates and delays are drawn anew
  SlowDisk,
  FullDisk,
  BrokenDisk,  // syncs fail, until the node has ended of it
  JumpClock,   // one node's wall clock
  Freeze,      // one node stands still for a while
};
constexpr std::size_t kFaults = static_cast<std::size_t>(Fault::Freeze) + 1;
std::string_view name(Fault fault);

// A hook sink of every node, and how well it does its work.
struct SinkPlan {
  SinkRules rules;
  Duration answerMax{};
  std::uint32_t failPercent = 0;
  std::uint32_t latePercent = 0;  // of its answers come when their time is over
};

struct Plan {
  explicit Plan(std::uint64_t seed);

  // How many are to vote once the cluster is founded: all, or as many as the leader's duties choose.
  std::size_t voters() const;

  std::uint64_t seed;
  std::size_t nodes = 3;
  RaftOptions raft;
  ClusterFacts facts;

  std::size_t clients = 3, keys = 2;
  std::uint32_t readPercent = 40;  // of what they do
  // Of them only read, at the oldest of those who take themselves for the leader.
  std::uint32_t watchPercent = 0;
  Duration thinkMax{};
  Duration operatorPauseMax = std::chrono::milliseconds(800);
  Duration safety{};  // how long faults may happen

  std::vector<Fault> faults;
  Duration betweenFaultsMax{};
  std::uint32_t mendPercent = 40;  // of the nemesis' turns
  LinkFaults weather;              // the worst of it
  Duration restartMax{};
  bool readsMessages = false;  // what Raft sends is decoded and compared with the disks
  bool mixesVersions = false;  // each start of a member may be an upgrade, or the way back
  std::size_t snapshotPiece = std::size_t{1} << 20;  // what a store reads at once, and a message carries
  bool changesMembers = false, transfersLeadership = false, changesOwners = false;
  // The leader has its real duties: it probes, and decides who is down, who votes and what moves. Without
  // them the operator does what they could decide, and what they never would.
  std::optional<DutySettings> duties;
  std::vector<SinkPlan> sinks;
  bool ordersSinks = false;  // they are held, let go, and told to repeat

 private:
  void drawOptions(Dice& dice);
  void drawWork(Dice& dice);
  void drawFaults(Dice& dice);
  void drawDeposedLeaders(Dice& dice);
  void drawDuties(Dice& dice);
  void drawSinks(Dice& dice);
  SinkPlan someSink(Dice& dice, std::size_t number) const;
};

}  // namespace clusterkit::sim

// A whole cluster under one simulated clock: Raft cores, disks and a network that can lose, double, delay and
// reorder, all from one seed. The safety rules of safety_checker.hpp are checked after every step; a test
// only says what happens and what it expects in the end.
//
//   SimCluster cluster(seed, {A, B, C});        // three voters whose log holds their configuration; no
//   leader yet cluster.awaitLeader(); Handle write = cluster.propose(cluster.leader(), "x");
//   cluster.isolate(A); cluster.crash(B); cluster.restart(B); cluster.heal();
//   EXPECT_TRUE(cluster.runUntil([&] { return cluster.hasEnded(write); }));
//   cluster.expectConverged();                  // all up members applied the same, every acknowledged write
//   is there
//
// Time moves only in run...(): to the next message, disk completion or timer, whichever is first. Waiting is
// always for a condition with a limit in simulated time. Members that join later: addFresh(D), then
// change(leader, AddLearner...). Messages: network().cut / cutOneWay, drop rates, `filter` to swallow chosen
// ones, `seen` to watch them. Disks: node(A).disk().delay, .held with completeAll(), node(A).fillDisk() /
// freeDisk(now), crash() = power loss. Processes: pause() and resume(), node(A).clockDrift.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "support/sim_network.hpp"
#include "support/sim_node.hpp"

namespace clusterkit::raft::test {

class SimCluster {
 public:
  explicit SimCluster(std::uint64_t seed, std::vector<MemberId> voters = {}, Options options = testOptions());

  // Members. A voter of the constructor starts from a log that holds the configuration as 1:1.
  SimNode& addFresh(MemberId id);   // empty store, waits to be brought in
  SimNode& bootstrap(MemberId id);  // a new cluster of one
  // A voter of `configuration` with commands of these terms after it. The first member that is given starts
  // the clock.
  SimNode& addWithLog(MemberId id, const Configuration& configuration, std::vector<std::uint64_t> terms,
                      HardState hard = {});
  SimNode& node(MemberId id) { return *nodes_.at(id); }
  SimNetwork& network() { return network_; }
  SafetyChecker& checker() { return checker_; }
  Prng& prng() { return prng_; }
  MonotonicTime now() const { return now_; }
  std::vector<MemberId> members() const;
  std::vector<MemberId> upMembers() const;
  std::vector<MemberId> followers() const;  // all that are up but the leader

  // Brings a fresh member in as a learner and waits until it has the whole log.
  void join(MemberId id);
  // As a client does: again while the leader says that it is not yet possible.
  OutcomeCode promote(MemberId id);

  void crash(MemberId id) { node(id).crash(prng_); }
  void restart(MemberId id, SimNode::Boot boot = SimNode::Boot::FromDisk, LogIndex highWater = {});
  void pause(MemberId id) { node(id).pause(); }
  void resume(MemberId id) { node(id).resume(now_); }
  void isolate(MemberId id);
  void split(const std::vector<MemberId>& left, const std::vector<MemberId>& right);
  void heal() { network_.mendAll(); }

  // Calls; each returns a handle whose outcome shows later.
  Handle propose(MemberId at, std::string command);
  Handle barrier(MemberId at);
  Handle change(MemberId at, MemberChange change);
  Handle transfer(MemberId from, MemberId to = {});
  std::optional<Outcome> outcome(Handle handle) const;
  bool hasEnded(Handle handle) const { return outcome(handle).has_value(); }
  // Runs until the call has ended; fails the test when it does not.
  OutcomeCode await(Handle handle, Duration limit = 20s);
  bool isOk(Handle handle) const { return hasEnded(handle) && outcome(handle)->code == OutcomeCode::Ok; }

  // Time.
  void runFor(Duration d);
  bool runUntil(const std::function<bool()>& condition, Duration limit = 20s);
  void step(MemberId id, Event event) { node(id).feed(now_, std::move(event)); }

  MemberId leader() const;  // of the highest term among those that are up; 0 = none
  MemberId awaitLeader(
      Duration limit = 20s);  // one whose term's first entry is committed; fails the test otherwise
  // Lets nobody else campaign until this one leads with a committed entry; replaces the network's filter.
  void elect(MemberId id);
  Term highestTerm() const;
  // Proposes at whoever leads until one write is acknowledged, repeating with new commands. False at the
  // limit.
  bool commitSomething(Duration limit = 20s);
  // All members that are up and belong to the cluster have applied the same, with every acknowledged write in
  // it.
  void expectConverged(Duration limit = 30s);
  std::string describe() const;  // one line per member, for the text of a failure

 private:
  SimNode& make(MemberId id);
  bool advance(MonotonicTime until);
  bool isConverged() const;

  Prng prng_;
  Options options_;
  MonotonicTime now_{1s};
  SimNetwork network_;
  SafetyChecker checker_;
  std::map<MemberId, std::unique_ptr<SimNode>> nodes_;
  std::map<Handle, MemberId> calls_;
  std::uint64_t lastHandle_ = 0;
};

}  // namespace clusterkit::raft::test

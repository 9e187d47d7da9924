// Nodes with a real coordinator each, whose consensus is the test: it says who leads in which epoch, commits
// what was proposed, and carries, loses, repeats or reorders the messages between them. All in simulated
// time.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cluster/coordinator.hpp"
#include "host/runtime_fakes.hpp"

namespace clusterkit::test {

// One run of one member.
struct ScriptedNode : FakeNode {
  ScriptedNode(MemberId id, std::uint64_t boot);
  ~ScriptedNode();

  MemberId member;
  std::string brokenBy;   // why its state cannot be continued
  bool mayBreak = false;  // else that fails the test
  Coordinator coordinator;
};

struct CarriedMessage {
  MemberId from, to;
  std::string bytes;
};

class ScriptedCluster {
 public:
  // How often a message arrives.
  using Faults = std::function<int(const CarriedMessage&)>;
  using Fate = std::shared_ptr<std::optional<WriteResult>>;

  // A node on an empty state; what was committed so far is told to it. Replaces the member's earlier run.
  ScriptedNode& start(std::uint64_t member, std::uint64_t boot = 1);
  void crash(std::uint64_t member);
  ScriptedNode& node(std::uint64_t member);

  // From now on `leader` leads in this epoch, and all nodes know it.
  void lead(std::uint64_t leader, std::uint64_t epoch);
  void lead(std::uint64_t leader, std::uint64_t epoch, std::uint64_t heardBy);  // only this one hears of it
  // The cluster exists: node 1 has founded it.
  void found();

  Fate propose(std::uint64_t member, CommandBody body, std::optional<Idempotency> key = {},
               Duration deadline = std::chrono::seconds(10));
  // Everything that is due happens, a millisecond at a time.
  void runFor(Duration time);
  bool runUntil(const std::function<bool()>& condition, Duration limit = std::chrono::seconds(20));

  // Off: proposals stay in the log of their leader until commitAll().
  bool commits = true;
  void commitAll();
  Faults faults = [](const CarriedMessage&) { return 1; };
  std::vector<CarriedMessage> carried;  // all that was sent so far, arrived or not
  void deliver(const CarriedMessage& message);
  const std::vector<std::string>& log() const { return log_; }

 private:
  void tick();
  void connect(ScriptedNode& one, ScriptedNode& other);
  void noteEpochs(ScriptedNode& node);
  void commit(const std::string& command, Epoch epoch);

  std::map<std::uint64_t, std::unique_ptr<ScriptedNode>> nodes_;
  std::vector<std::string> log_;
  Epoch epoch_{1};
  std::map<std::pair<MemberId, ck_token>, Epoch> proposedIn_;
};

}  // namespace clusterkit::test

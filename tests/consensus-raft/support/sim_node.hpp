// One member of a simulated cluster: a Raft core, its disk, and a state machine that remembers each command
// by index and keeps the values of "set KEY VALUE", "delete KEY" and "add KEY NUMBER". It carries out every
// Ready in the documented order and feeds the answers back.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/builders.hpp"
#include "support/safety_checker.hpp"
#include "support/sim_disk.hpp"

namespace clusterkit::raft::test {

class SimNode {
 public:
  struct Surroundings {
    std::function<void(const Message&)> send;
    std::function<SafetyChecker::Disks()> disks;
    SafetyChecker* checker;
  };

  SimNode(MemberId id, Options options, Surroundings surroundings)
      : id_(id), options_(options), around_(std::move(surroundings)) {}

  MemberId id() const { return id_; }
  SimDisk& disk() { return disk_; }
  const SimDisk& disk() const { return disk_; }
  Options& options() { return options_; }  // used at the next start

  // Starts from the disk. `bootstrap`: as the sole voter of a new cluster. `repairing`: the store has lost a
  // tail.
  enum class Boot : std::uint8_t { FromDisk, NewCluster, Repairing };
  void start(MonotonicTime now, std::uint64_t seed, Boot boot, LogIndex highWater = {});
  void crash(Prng& prng);  // power loss: what was not durable is a prefix
  // The process stands still: no timer fires and what arrives waits. The disk goes on.
  void pause() { paused_ = true; }
  void resume(MonotonicTime now);
  bool isUp() const { return raft_ != nullptr; }
  Raft& raft() { return *raft_; }
  const Raft& raft() const { return *raft_; }
  Status status() const { return raft_->status(); }

  void feed(MonotonicTime now, Event event);
  MonotonicTime nextDeadline() const;

  void fillDisk() { disk_.full = true; }
  void freeDisk(MonotonicTime now);

  bool applyPaused = false;  // committed entries pile up here; unpause with resumeApply
  void resumeApply(MonotonicTime now);
  // False: a snapshot that the core asks for cannot be written.
  bool snapshotsSucceed = true;
  // The disk is full at one step of receiving a snapshot: 0 = the next one.
  std::optional<int> snapshotStepToRefuse;
  // How much faster this node's clock runs, in millionths.
  std::int64_t clockDrift = 0;

  const std::map<LogIndex, std::string>& applied() const { return applied_; }
  const std::map<std::string, std::string>& values() const { return values_; }
  LogIndex appliedIndex() const { return appliedIndex_; }
  std::vector<std::string> commands() const;
  const std::vector<Alarm>& alarms() const { return alarms_; }
  int restores() const { return restores_; }
  int snapshotsTaken() const { return snapshotsTaken_; }

  std::optional<Outcome> outcome(Handle handle) const;
  void expectWrite(Handle handle, std::string command) { writes_[handle] = std::move(command); }
  void expectRead(Handle handle) { reads_[handle] = around_.checker->acknowledgedIndex(); }

 private:
  void drain();
  MonotonicTime onOwnClock(MonotonicTime now) const;
  void carryOut(Ready ready);
  void persist(const Ready& ready);
  void submitBatch(const std::shared_ptr<const Ready>& ready);
  void perform(const SnapshotStep& step);
  bool refuses(ReceptionId reception);
  void commitSnapshot(ReceptionId reception);
  void readSnapshot(const SnapshotRead& read);
  void writeSnapshot(SnapshotMeta meta);
  void applyPending();
  void restore(const SnapshotMeta& meta);
  void record(const Outcome& outcome);
  void check(LogIndex commitBefore);
  // An answer for this life of the node; one for an earlier life is dropped.
  std::function<void()> later(Event event);

  MemberId id_;
  Options options_;
  Surroundings around_;
  SimDisk disk_;
  std::unique_ptr<Raft> raft_;
  std::uint64_t life_ = 0;
  MonotonicTime now_;
  bool draining_ = false, paused_ = false;
  std::deque<Event> inbox_;
  std::deque<std::shared_ptr<const Ready>> refused_;  // by a full disk
  std::deque<Entry> pending_;                         // committed, not applied
  std::map<LogIndex, std::string> applied_;
  std::map<std::string, std::string> values_;
  LogIndex appliedIndex_;
  std::optional<BeginSnapshot> receiving_;
  std::string received_;
  std::map<Handle, Outcome> outcomes_;
  std::map<Handle, std::string> writes_;
  std::map<Handle, LogIndex> reads_;
  std::vector<Alarm> alarms_;
  int restores_ = 0, snapshotsTaken_ = 0;
};

}  // namespace clusterkit::raft::test

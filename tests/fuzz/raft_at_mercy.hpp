// One real Raft core with a disk and a state machine, at the mercy of whoever decides what happens next. What
// must hold whatever its peers say is checked after every step.
#pragma once

#include <deque>
#include <memory>
#include <optional>

#include "support/builders.hpp"
#include "support/sim_disk.hpp"

namespace clusterkit::fuzz {

class RaftAtMercy {
 public:
  RaftAtMercy(raft::InitialState initial, raft::Options options);

  // False once an invariant was found broken, which a peer that lies can bring about: the node has stopped.
  bool isUp() const { return raft_ != nullptr; }
  MemberId self() const { return self_; }
  const raft::Raft& raft() const { return *raft_; }
  raft::Status status() const { return raft_->status(); }
  MonotonicTime now() const { return now_; }

  void feed(raft::Event event);
  void pass(Duration time) { now_ += time; }  // seen with the next event
  void completeWrites() { disk_.completeDue(now_); }
  // Power loss: some of what was under way is on the disk.
  void restart(std::uint64_t seed);

 private:
  void start(raft::InitialState initial, std::uint64_t seed);
  void drain();
  void carryOut(const raft::Ready& ready);
  void checkStatus(const raft::Status& before) const;
  void checkMessage(const raft::Message& message) const;
  void take(const raft::SnapshotStep& step);
  void readSnapshot(const raft::SnapshotRead& read);
  void takeSnapshot(raft::SnapshotMeta meta);
  void applyEntries(const std::vector<raft::Entry>& entries);
  // Tells the core when the disk has done this, unless it was restarted since.
  void submit(std::function<void(raft::test::DiskImage&)> change, raft::Event done);

  const raft::Options options_;
  ClusterId cluster_;
  MemberId self_;
  raft::test::SimDisk disk_;
  std::unique_ptr<raft::Raft> raft_;
  std::uint64_t life_ = 0;
  MonotonicTime now_{std::chrono::seconds(1)};
  std::deque<raft::Event> inbox_;
  LogIndex applied_;
  std::optional<raft::BeginSnapshot> receiving_;
  std::string received_;
};

}  // namespace clusterkit::fuzz

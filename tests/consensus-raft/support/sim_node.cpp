#include "support/sim_node.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <utility>

namespace clusterkit::raft::test {
namespace {

// The state machine's snapshot: one line per command.
std::string serialize(const std::map<LogIndex, std::string>& applied) {
  std::string text;
  for (const auto& [index, command] : applied) text += std::to_string(index.value) + " " + command + "\n";
  return text;
}

std::map<LogIndex, std::string> deserialize(const std::string& text) {
  std::map<LogIndex, std::string> applied;
  std::istringstream lines(text);
  std::uint64_t index = 0;
  std::string command;
  while (lines >> index && lines.ignore(1) && std::getline(lines, command)) applied[at(index)] = command;
  return applied;
}

}  // namespace

void SimNode::start(MonotonicTime now, std::uint64_t seed, Boot boot, LogIndex highWater) {
  ++life_;
  inbox_.clear();
  refused_.clear();
  pending_.clear();
  applied_.clear();
  receiving_.reset();
  draining_ = false;
  const DiskImage& image = disk_.durable();
  InitialState state;
  state.cluster = theCluster;
  state.self = id_;
  state.hard = image.hard;
  state.snapshot = image.snapshot;
  for (const auto& [index, e] : image.log) state.entries.push_back(e);
  state.repairing = boot == Boot::Repairing;
  state.highWater = highWater;
  if (boot == Boot::NewCluster) state.bootstrap = member(id_);
  appliedIndex_ = image.snapshot.index;
  raft_ = std::make_unique<Raft>(options_, std::move(state), seed);
  feed(now, Tick{now});
}

void SimNode::crash(Prng& prng) {
  disk_.powerLoss(prng);
  raft_.reset();
  ++life_;
}

void SimNode::feed(MonotonicTime now, Event event) {
  if (!isUp()) return;
  now_ = std::max(now_, now);
  if (!std::holds_alternative<Tick>(event)) inbox_.push_back(Tick{now_});
  inbox_.push_back(std::move(event));
  drain();
}

MonotonicTime SimNode::nextDeadline() const {
  return isUp() ? std::max(raft_->nextDeadline(), now_ + 1ms) : MonotonicTime::max();
}

void SimNode::drain() {
  if (std::exchange(draining_, true)) return;
  while (!inbox_.empty() && isUp()) {
    const Event event = std::move(inbox_.front());
    inbox_.pop_front();
    const LogIndex commitBefore = raft_->status().commitIndex;
    Ready ready = raft_->step(event);
    check(commitBefore);
    carryOut(std::move(ready));
  }
  draining_ = false;
}

std::function<void()> SimNode::later(Event event) {
  return [this, life = life_, event = std::move(event)] {
    if (life == life_ && isUp()) {
      inbox_.push_back(event);
      drain();
    }
  };
}

void SimNode::carryOut(Ready ready) {
  persist(ready);
  for (const Message& m : ready.messages) {
    around_.checker->sends(m, disk_.durable());
    around_.send(m);
  }
  for (const SnapshotStep& step : ready.snapshotSteps) perform(step);
  for (const SnapshotRead& read : ready.snapshotReads) readSnapshot(read);
  if (ready.restore) restore(*ready.restore);
  if (ready.takeSnapshot) writeSnapshot(*ready.takeSnapshot);
  pending_.insert(pending_.end(), ready.committed.begin(), ready.committed.end());
  applyPending();
  for (const Outcome& o : ready.outcomes) record(o);
  alarms_.insert(alarms_.end(), ready.alarms.begin(), ready.alarms.end());
}

void SimNode::persist(const Ready& ready) {
  if (!ready.batch) return;
  const auto kept = std::make_shared<const Ready>(ready);
  if (disk_.full) {
    refused_.push_back(kept);
    inbox_.push_back(StoreFull{});
    return;
  }
  submitBatch(kept);
}

void SimNode::freeDisk(MonotonicTime now) {
  disk_.full = false;
  for (const auto& batch : std::exchange(refused_, {})) submitBatch(batch);
  feed(now, StoreWritable{});
}

void SimNode::submitBatch(const std::shared_ptr<const Ready>& ready) {
  disk_.submit(
      now_, [ready](DiskImage& image) { image.persist(*ready); }, later(Durable{ready->batch}));
}

void SimNode::perform(const SnapshotStep& step) {
  if (const auto* begin = std::get_if<BeginSnapshot>(&step)) {
    receiving_ = begin->meta;
    received_.clear();
  } else if (const auto* write = std::get_if<WriteSnapshot>(&step)) {
    ASSERT_EQ(write->offset, received_.size()) << "a snapshot has gaps";
    received_ += write->bytes.view();
    disk_.submit(
        now_, [](DiskImage&) {}, later(SnapshotChunkWritten{write->index, received_.size()}));
  } else if (std::get_if<CommitSnapshot>(&step) != nullptr) {
    ASSERT_TRUE(receiving_.has_value());
    disk_.submit(
        now_, [meta = *receiving_, bytes = received_](DiskImage& image) { image.install(meta, bytes); },
        later(SnapshotStored{receiving_->index}));
  } else {
    receiving_.reset();
    received_.clear();
  }
}

void SimNode::readSnapshot(const SnapshotRead& read) {
  const DiskImage& image = disk_.durable();
  SnapshotMeta meta = image.snapshot;
  meta.totalSize = image.snapshotBytes.size();
  const std::uint64_t offset = meta.index == read.index ? read.offset : 0;
  SnapshotBytesRead answer{read.to, meta, offset, bytes(image.snapshotBytes.substr(offset, read.maxBytes))};
  disk_.submit(
      now_, [](DiskImage&) {}, later(std::move(answer)));
}

void SimNode::writeSnapshot(SnapshotMeta meta) {
  EXPECT_EQ(meta.index, appliedIndex_)
      << "a snapshot of an index that the state machine has not, or has passed";
  if (!snapshotsSucceed) {
    inbox_.push_back(SnapshotNotWritten{});
    return;
  }
  ++snapshotsTaken_;
  const std::string content = serialize(applied_);
  meta.totalSize = content.size();
  meta.checksum = std::hash<std::string>{}(content);
  disk_.submit(
      now_, [meta, content](DiskImage& image) { image.install(meta, content); },
      later(SnapshotWritten{meta}));
}

void SimNode::restore(const SnapshotMeta& meta) {
  ++restores_;
  pending_.clear();
  EXPECT_EQ(disk_.durable().snapshot.index, meta.index) << "restore of a snapshot that is not the newest";
  applied_ = deserialize(disk_.durable().snapshotBytes);
  appliedIndex_ = meta.index;
  inbox_.push_back(SnapshotRestored{meta.index});
}

void SimNode::resumeApply(MonotonicTime now) {
  applyPaused = false;
  applyPending();
  feed(now, Tick{now});
}

void SimNode::applyPending() {
  if (applyPaused || pending_.empty()) return;
  for (const Entry& e : pending_) {
    EXPECT_EQ(e.index, next(appliedIndex_)) << "applied with a gap or twice";
    around_.checker->applies(id_, e);
    if (e.isCommand()) applied_[e.index] = std::string(e.command());
    appliedIndex_ = e.index;
  }
  pending_.clear();
  inbox_.push_back(Applied{appliedIndex_});
}

std::vector<std::string> SimNode::commands() const {
  std::vector<std::string> list;
  for (const auto& [index, command] : applied_) list.push_back(command);
  return list;
}

void SimNode::record(const Outcome& outcome) {
  EXPECT_EQ(outcomes_.count(outcome.handle), 0u) << "a call ended twice";
  outcomes_[outcome.handle] = outcome;
  if (outcome.code != OutcomeCode::Ok) return;
  if (const auto write = writes_.find(outcome.handle); write != writes_.end()) {
    around_.checker->acknowledges(outcome.index, write->second);
  }
  if (const auto read = reads_.find(outcome.handle); read != reads_.end()) {
    around_.checker->reads(read->second, outcome.index);
    EXPECT_GE(appliedIndex_, outcome.index) << "a read point ahead of the state";
  }
}

std::optional<Outcome> SimNode::outcome(Handle handle) const {
  const auto found = outcomes_.find(handle);
  return found == outcomes_.end() ? std::nullopt : std::optional<Outcome>(found->second);
}

void SimNode::check(LogIndex commitBefore) {
  if (raft_->role() != Role::Leader) return;
  around_.checker->leads(id_, *raft_);
  if (raft_->status().commitIndex > commitBefore) around_.checker->commits(*raft_, around_.disks());
}

}  // namespace clusterkit::raft::test

#include "support/sim_node.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <utility>

namespace clusterkit::raft::test {
namespace {

struct State {
  std::map<LogIndex, std::string> applied;
  std::map<std::string, std::string> values;
};

void execute(std::map<std::string, std::string>& values, const std::string& command) {
  std::istringstream words(command);
  std::string verb, key, value;
  words >> verb >> key >> value;
  if (verb == "set") values[key] = value;
  if (verb == "delete") values.erase(key);
  if (verb == "add") values[key] = std::to_string(std::stoll("0" + values[key]) + std::stoll(value));
}

// The state machine's snapshot: one line per command, then one per key. The commands are for the checks; the
// values are what a real state machine would keep.
std::string serialize(const State& state) {
  std::string text;
  for (const auto& [index, command] : state.applied)
    text += std::to_string(index.value) + " " + command + "\n";
  text += "values\n";
  for (const auto& [key, value] : state.values) text += key + " " + value + "\n";
  return text;
}

State deserialize(const std::string& text) {
  State state;
  std::istringstream lines(text);
  std::string line, rest;
  while (std::getline(lines, line) && line != "values") {
    const auto blank = line.find(' ');
    state.applied[at(std::stoull(line))] = line.substr(blank + 1);
  }
  while (lines >> line >> rest) state.values[line] = rest;
  return state;
}

std::uint64_t checksumOf(const std::string& content) { return std::hash<std::string>{}(content); }

}  // namespace

void SimNode::start(MonotonicTime now, std::uint64_t seed, Boot boot, LogIndex highWater) {
  ++life_;
  inbox_.clear();
  pending_.clear();
  applied_.clear();
  values_.clear();
  receiving_.reset();
  draining_ = paused_ = false;
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
  refused_.clear();
  raft_.reset();
  ++life_;
}

void SimNode::feed(MonotonicTime now, Event event) {
  if (!isUp()) return;
  now_ = std::max(now_, now);
  inbox_.push_back(Tick{onOwnClock(now_)});
  if (!std::holds_alternative<Tick>(event)) inbox_.push_back(std::move(event));
  drain();
}

MonotonicTime SimNode::onOwnClock(MonotonicTime now) const {
  return now + Duration(now.time_since_epoch().count() / 1'000'000 * clockDrift);
}

// In the cluster's time, at most a little too early: a timer that fires too early is set again.
MonotonicTime SimNode::nextDeadline() const {
  if (!isUp() || paused_) return MonotonicTime::max();
  const MonotonicTime due = raft_->nextDeadline();
  const Duration ahead(due.time_since_epoch().count() / (1'000'000 + clockDrift) * clockDrift);
  return std::max(due - ahead, now_ + 1ms);
}

// The first thing that a process sees when it runs again is how late it is.
void SimNode::resume(MonotonicTime now) {
  if (!std::exchange(paused_, false) || !isUp()) return;
  now_ = std::max(now_, now);
  inbox_.push_front(Tick{onOwnClock(now_)});
  drain();
}

void SimNode::drain() {
  if (paused_ || std::exchange(draining_, true)) return;
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
  if (!std::exchange(disk_.full, false)) return;
  for (const auto& batch : std::exchange(refused_, {})) submitBatch(batch);
  feed(now, StoreWritable{});
}

void SimNode::submitBatch(const std::shared_ptr<const Ready>& ready) {
  disk_.submit(
      now_, [ready](DiskImage& image) { image.persist(*ready); }, later(Durable{ready->batch}));
}

bool SimNode::refuses(ReceptionId reception) {
  if (!snapshotStepToRefuse || (*snapshotStepToRefuse)-- > 0) return false;
  snapshotStepToRefuse.reset();
  receiving_.reset();
  inbox_.push_back(SnapshotStoreFailed{reception});
  return true;
}

void SimNode::perform(const SnapshotStep& step) {
  if (const auto* begin = std::get_if<BeginSnapshot>(&step)) {
    if (refuses(begin->reception)) return;
    receiving_ = *begin;
    received_.clear();
  } else if (const auto* write = std::get_if<WriteSnapshot>(&step)) {
    if (!receiving_ || refuses(write->reception)) return;  // its beginning has failed, and was told
    ASSERT_EQ(write->reception, receiving_->reception);
    ASSERT_EQ(write->offset, received_.size()) << "a snapshot has gaps";
    received_ += write->bytes.view();
    disk_.submit(
        now_, [](DiskImage&) {}, later(SnapshotChunkWritten{write->reception, received_.size()}));
  } else if (const auto* commit = std::get_if<CommitSnapshot>(&step)) {
    if (!receiving_ || refuses(commit->reception)) return;
    commitSnapshot(commit->reception);
  } else {
    receiving_.reset();
    received_.clear();
  }
}

// The store's last look: bytes that are not what the sender has promised never become a snapshot.
void SimNode::commitSnapshot(ReceptionId reception) {
  ASSERT_EQ(reception, receiving_->reception);
  const SnapshotMeta meta = std::exchange(receiving_, std::nullopt)->meta;
  if (received_.size() != meta.totalSize || checksumOf(received_) != meta.checksum) {
    inbox_.push_back(SnapshotStoreFailed{reception, SnapshotFault::Content});
    return;
  }
  disk_.submit(
      now_, [meta, bytes = received_](DiskImage& image) { image.install(meta, bytes); },
      later(SnapshotStored{reception}));
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
  const std::string content = serialize({applied_, values_});
  meta.totalSize = content.size();
  meta.checksum = checksumOf(content);
  disk_.submit(
      now_, [meta, content](DiskImage& image) { image.install(meta, content); },
      later(SnapshotWritten{meta}));
}

void SimNode::restore(const SnapshotMeta& meta) {
  ++restores_;
  pending_.clear();
  EXPECT_EQ(disk_.durable().snapshot.index, meta.index) << "restore of a snapshot that is not the newest";
  State state = deserialize(disk_.durable().snapshotBytes);
  applied_ = std::move(state.applied);
  values_ = std::move(state.values);
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
    if (e.isCommand()) {
      applied_[e.index] = std::string(e.command());
      execute(values_, applied_[e.index]);
    }
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

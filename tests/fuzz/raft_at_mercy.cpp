#include "fuzz/raft_at_mercy.hpp"

#include <utility>

#include "codec.hpp"
#include "fuzz/require.hpp"
#include "invariant.hpp"

namespace clusterkit::fuzz {

using namespace raft;
using raft::test::DiskImage;

RaftAtMercy::RaftAtMercy(InitialState initial, Options options)
    : options_(options), cluster_(initial.cluster), self_(initial.self) {
  DiskImage& image = disk_.durable();
  image.hard = initial.hard;
  image.snapshot = initial.snapshot;
  for (const Entry& entry : initial.entries) image.log[entry.index] = entry;
  start(std::move(initial), 1);
}

void RaftAtMercy::start(InitialState initial, std::uint64_t seed) {
  ++life_;
  inbox_.clear();
  receiving_.reset();
  applied_ = initial.snapshot.index;
  raft_ = std::make_unique<Raft>(options_, std::move(initial), seed);
  feed(Tick{now_});
}

void RaftAtMercy::restart(std::uint64_t seed) {
  Prng prng(seed);
  disk_.powerLoss(prng);
  const DiskImage& image = disk_.durable();
  InitialState initial;
  initial.cluster = cluster_;
  initial.self = self_;
  initial.hard = image.hard;
  initial.snapshot = image.snapshot;
  for (const auto& [index, entry] : image.log) initial.entries.push_back(entry);
  start(std::move(initial), seed);
}

void RaftAtMercy::feed(Event event) {
  if (!isUp()) return;
  inbox_.push_back(Tick{now_});
  inbox_.push_back(std::move(event));
  drain();
}

void RaftAtMercy::drain() {
  while (!inbox_.empty() && isUp()) {
    const Event event = std::move(inbox_.front());
    inbox_.pop_front();
    const Status before = raft_->status();
    Ready ready;
    try {
      ready = raft_->step(event);
    } catch (const InvariantBroken&) {
      raft_.reset();
      return;
    }
    checkStatus(before);
    carryOut(ready);
  }
}

void RaftAtMercy::checkStatus(const Status& before) const {
  const Status after = raft_->status();
  require(after.term >= before.term, "a term never falls");
  require(after.commitIndex >= before.commitIndex, "what is committed stays committed");
  require(after.term != before.term || !before.votedFor || after.votedFor == before.votedFor,
          "a term has one vote");
  require(after.role != Role::Leader || after.votedFor == self_, "a leader has its own vote");
  const Configuration& present = raft_->configuration();
  require(present.members.empty() || present.isWellFormed(), "the configuration in force makes sense");
  require(raft_->nextDeadline() >= MonotonicTime{}, "a deadline is a time");
}

void RaftAtMercy::carryOut(const Ready& ready) {
  if (ready.batch) submit([ready](DiskImage& image) { image.persist(ready); }, Durable{ready.batch});
  for (const Message& message : ready.messages) checkMessage(message);
  for (const SnapshotStep& step : ready.snapshotSteps) take(step);
  for (const SnapshotRead& read : ready.snapshotReads) readSnapshot(read);
  if (ready.restore) {
    applied_ = ready.restore->index;
    inbox_.push_back(SnapshotRestored{ready.restore->index});
  }
  if (ready.takeSnapshot) takeSnapshot(*ready.takeSnapshot);
  applyEntries(ready.committed);
}

// A promise is made of what is on the disk, and a message is what its reader will read.
void RaftAtMercy::checkMessage(const Message& message) const {
  const DiskImage& disk = disk_.durable();
  require(message.from == self_ && message.to != self_ && message.to, "a message goes to somebody else");
  const std::string bytes = wire::encodeMessage(message);
  const auto read = wire::decodeMessage(bytes);
  require(read && wire::encodeMessage(*read) == bytes, "a message that is sent can be read");
  if (const auto* vote = std::get_if<VoteReply>(&message.body); vote != nullptr && vote->granted)
    require(disk.hard.term == message.term && disk.hard.votedFor == message.to, "a vote is on disk first");
  if (const auto* accepted = std::get_if<AppendAccepted>(&message.body))
    require(accepted->match <= disk.lastIndex(), "nothing is acknowledged before it is on disk");
}

void RaftAtMercy::take(const SnapshotStep& step) {
  if (const auto* begin = std::get_if<BeginSnapshot>(&step)) {
    receiving_ = *begin;
    received_.clear();
  } else if (const auto* write = std::get_if<WriteSnapshot>(&step)) {
    require(receiving_ && receiving_->reception == write->reception, "a chunk belongs to what is received");
    require(write->offset == received_.size(), "a snapshot has no gaps");
    received_ += write->bytes.view();
    submit([](DiskImage&) {}, SnapshotChunkWritten{write->reception, received_.size()});
  } else if (const auto* commit = std::get_if<CommitSnapshot>(&step)) {
    require(receiving_ && receiving_->reception == commit->reception, "what is committed was received");
    const SnapshotMeta meta = std::exchange(receiving_, std::nullopt)->meta;
    if (received_.size() != meta.totalSize)
      return inbox_.push_back(SnapshotStoreFailed{commit->reception, SnapshotFault::Content});
    submit([meta, bytes = received_](DiskImage& image) { image.install(meta, bytes); },
           SnapshotStored{commit->reception});
  } else {
    receiving_.reset();
  }
}

void RaftAtMercy::readSnapshot(const SnapshotRead& read) {
  const DiskImage& image = disk_.durable();
  require(image.snapshot.index >= read.index, "only a snapshot that is there is read");
  const std::uint64_t offset = image.snapshot.index == read.index ? read.offset : 0;
  require(offset <= image.snapshotBytes.size(), "a snapshot is read within its bytes");
  SnapshotMeta meta = image.snapshot;
  meta.totalSize = image.snapshotBytes.size();
  submit([](DiskImage&) {},
         SnapshotBytesRead{read.to, meta, offset, Bytes(image.snapshotBytes.substr(offset, read.maxBytes))});
}

void RaftAtMercy::takeSnapshot(SnapshotMeta meta) {
  require(meta.index == applied_, "a snapshot is of what the state machine has reached");
  const std::string content(16, 's');
  meta.totalSize = content.size();
  submit([meta, content](DiskImage& image) { image.install(meta, content); }, SnapshotWritten{meta});
}

void RaftAtMercy::applyEntries(const std::vector<Entry>& entries) {
  for (const Entry& entry : entries) {
    require(entry.index == next(applied_), "committed entries come one after another");
    require(disk_.durable().holds(entry.index, entry.term), "what is applied is on disk");
    applied_ = entry.index;
  }
  if (!entries.empty()) inbox_.push_back(Applied{applied_});
}

void RaftAtMercy::submit(std::function<void(DiskImage&)> change, Event done) {
  disk_.submit(now_, std::move(change), [this, life = life_, event = std::move(done)] {
    if (life != life_ || !isUp()) return;
    inbox_.push_back(event);
    drain();
  });
}

}  // namespace clusterkit::fuzz

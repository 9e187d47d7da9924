// Linearizable reads by read index (6.4): no log entry, no lease. Each round has an id of its own and is
// confirmed only by answers to heartbeats that carried it or a later one (etcd#20418).
#include <algorithm>
#include <tuple>
#include <utility>

#include "planted.hpp"
#include "quorum.hpp"
#include "raft.hpp"

namespace clusterkit::raft {
namespace {

constexpr int kPatienceDivisor = 5;  // of a heartbeat's time, before all are asked

}  // namespace

std::size_t Raft::pendingReads() const {
  std::size_t count = forwarded_.asked.size() + forwarded_.waiting.size() + confirmedReads_.size();
  if (const LeaderState* leader = leading()) {
    count += leader->waitingReads.size();
    for (const ReadRound& round : leader->rounds) count += round.readers.size();
  }
  return count;
}

void Raft::on(const Barrier& event) {
  if (removed_ || pendingReads() >= options_.maxPendingReads) {
    finish(event.handle, removed_ ? OutcomeCode::Unavailable : OutcomeCode::Refused);
    return;
  }
  askLater({event.handle, MemberId{}, RequestId{}, now_ + options_.readTimeout});
}

void Raft::askLater(ReadRound::Reader reader) {
  if (LeaderState* leader = leading()) {
    leader->waitingReads.push_back(reader);
    startReadRound();
  } else {
    forwarded_.waiting.push_back(reader);
    forwardReads();
  }
}

// Before an entry of this term has committed, the leader does not know what is committed (etcd#7331).
void Raft::startReadRound() {
  LeaderState& leader = *leading();
  if (leader.waitingReads.empty()) return;
  if (commit_ < leader.firstIndexOfTerm && !planted(Defect::ReadBeforeOwnTermCommits)) return;
  if (leader.rounds.size() >= kMaxReadRounds) return;
  // A round costs every follower a message and an answer: what comes while one is quick shares the next.
  if (!leader.rounds.empty() && now_ < leader.nextRound) return;
  leader.nextRound = now_ + options_.readRoundSpacing;
  leader.lastRound = RoundId{leader.lastRound.value + 1};
  leader.rounds.push_back({leader.lastRound, commit_, std::exchange(leader.waitingReads, {}),
                           now_ + options_.heartbeatInterval / kPatienceDivisor});
  askQuickest();
  confirmReadRounds();
}

MonotonicTime LeaderState::askAllAt() const {
  auto first = MonotonicTime::max();
  for (const ReadRound& round : rounds) first = std::min(first, round.askAllAt);
  return first;
}

// A majority is enough, so only as many are asked as it takes, those first who have answered the newest
// round, and of several, as after a heartbeat, those who did it sooner: an answer that is not needed costs
// its sender and us as much as one that is. The others are asked when it stays away, and with the next
// heartbeat.
void Raft::askQuickest() {
  std::vector<std::pair<MemberId, Progress*>> byAnswer;
  for (auto& [member, progress] : leading()->progress)
    if (configuration().isVoter(member)) byAnswer.emplace_back(member, &progress);
  std::stable_sort(byAnswer.begin(), byAnswer.end(), [](const auto& one, const auto& other) {
    const Progress &a = *one.second, &b = *other.second;
    return std::tuple(b.ackedRound, a.ackedAt, b.lastContact) <
           std::tuple(a.ackedRound, b.ackedAt, a.lastContact);
  });
  std::size_t asked = 0;
  const auto isAsked = [&](MemberId id) {
    const auto end = byAnswer.begin() + static_cast<std::ptrdiff_t>(asked);
    return id == self_ ||
           std::any_of(byAnswer.begin(), end, [&](const auto& item) { return item.first == id; });
  };
  while (asked < byAnswer.size() && !hasQuorum(configuration(), isAsked)) {
    sendHeartbeat(byAnswer[asked].first, *byAnswer[asked].second);
    ++asked;
  }
}

void Raft::askEverybody() {
  LeaderState& leader = *leading();
  if (leader.rounds.empty() || now_ < leader.askAllAt()) return;
  for (ReadRound& round : leader.rounds) round.askAllAt = MonotonicTime::max();
  sendHeartbeats();
}

void Raft::confirmReadRounds() {
  LeaderState& leader = *leading();
  const auto confirmed = [&](RoundId round) {
    return hasQuorum(configuration(), [&](MemberId id) {
      const Progress* progress = progressOf(id);
      return id == self_ || planted(Defect::ReadWithoutARound) ||
             (progress != nullptr && progress->ackedRound >= round);
    });
  };
  while (!leader.rounds.empty() && confirmed(leader.rounds.front().round)) {
    const ReadRound round = std::move(leader.rounds.front());
    leader.rounds.pop_front();
    for (const auto& reader : round.readers) readConfirmed(reader, round.index);
    startReadRound();
  }
}

void Raft::readConfirmed(const ReadRound::Reader& reader, LogIndex index) {
  if (reader.member) {
    // It waits until it has applied so much: with the answer it hears what is committed.
    if (Progress* progress = follower(reader.member)) replicateTo(reader.member, *progress, Hint::AllNews);
    send(reader.member, ReadIndexReply{reader.request, true, index});
  } else if ((applied_ >= index && !restoring_) || planted(Defect::ReadBeforeApply)) {
    finish(reader.handle, OutcomeCode::Ok, index);
  } else {
    confirmedReads_.emplace(index, ConfirmedRead{reader.handle, reader.deadline});
  }
}

void Raft::readFailed(const ReadRound::Reader& reader, OutcomeCode code) {
  if (reader.member) {
    send(reader.member, ReadIndexReply{reader.request, false, {}});
  } else {
    finish(reader.handle, code);
  }
}

void Raft::failLeaderReads() {
  LeaderState& leader = *leading();
  for (const ReadRound& round : leader.rounds) {
    for (const auto& reader : round.readers) readFailed(reader, OutcomeCode::Unavailable);
  }
  for (const auto& reader : leader.waitingReads) readFailed(reader, OutcomeCode::Unavailable);
  leader.rounds.clear();
  leader.waitingReads.clear();
}

// A follower asks its leader, again when the answer stays away or the leader has changed. An answer to any of
// the requests is good for all reads that came in before the first of them.
void Raft::forwardReads() {
  if (isLeader() || !leader_) return;
  if (forwarded_.asked.empty()) {
    if (forwarded_.waiting.empty()) return;
    forwarded_.asked = std::exchange(forwarded_.waiting, {});
    forwarded_.lastId = RequestId{forwarded_.lastId.value + 1};
  } else if (forwarded_.askedOf == leader_ && now_ - forwarded_.askedAt < 2 * options_.heartbeatInterval) {
    return;
  }
  forwarded_.askedOf = leader_;
  forwarded_.askedAt = now_;
  sendWhenDurable(leader_, ReadIndexRequest{forwarded_.lastId});  // it carries our term
}

void Raft::on(MemberId from, const ReadIndexRequest& request, const Message&) {
  if (!isLeader() || pendingReads() >= options_.maxPendingReads) {
    sendWhenDurable(from, ReadIndexReply{request.id, false, {}});
    return;
  }
  askLater({Handle{}, from, request.id, now_ + options_.readTimeout});
}

void Raft::on(MemberId, const ReadIndexReply& reply, const Message&) {
  const bool mine = reply.id == forwarded_.lastId || planted(Defect::AnyAnswerForAnyRead);
  if (!mine || forwarded_.asked.empty() || !reply.confirmed) return;
  for (const auto& reader : std::exchange(forwarded_.asked, {})) readConfirmed(reader, reply.index);
  forwardReads();
}

void Raft::tickReads() {
  if (leading() != nullptr) askEverybody();  // a round may outlive its readers
  if (pendingReads() == 0) return;
  const auto expire = [this](std::vector<ReadRound::Reader>& readers) {
    std::erase_if(readers, [this](const ReadRound::Reader& reader) {
      if (now_ < reader.deadline) return false;
      readFailed(reader, OutcomeCode::Timeout);
      return true;
    });
  };
  expire(forwarded_.asked);
  expire(forwarded_.waiting);
  if (LeaderState* leader = leading()) {
    expire(leader->waitingReads);
    startReadRound();
    for (ReadRound& round : leader->rounds) expire(round.readers);
  }
  std::erase_if(confirmedReads_, [this](const auto& item) {
    if (now_ < item.second.deadline) return false;
    finish(item.second.handle, OutcomeCode::Timeout);
    return true;
  });
  forwardReads();
}

}  // namespace clusterkit::raft

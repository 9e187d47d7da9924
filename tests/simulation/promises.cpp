#include "simulation/promises.hpp"

#include <utility>

namespace clusterkit::sim {
namespace {

// The busiest second of sixty seeds had 7,000.
constexpr std::size_t kMessagesMax = 100'000;
constexpr std::size_t kEventsMax = 200'000;

std::string text(std::uint64_t n) { return std::to_string(n); }

// Empty when the disk keeps what the message says.
std::string unkept(const raft::Message& message, const Disk& disk) {
  const ck_hard_state& hard = disk.durable.hard;
  const std::uint64_t term = message.term.value, end = disk.durable.shape.end().index;
  const auto votedFor = [&](MemberId candidate) {
    return hard.term > term || (hard.term == term && hard.voted_for == candidate.value);
  };
  // Whoever hears of a term enters it, but for these two.
  const bool onlyAsks = std::holds_alternative<raft::PreVoteRequest>(message.body) ||
                        std::holds_alternative<raft::RemovedNotice>(message.body);
  if (hard.term < term && !onlyAsks) return "its term";
  if (const auto* reply = std::get_if<raft::VoteReply>(&message.body)) {
    if (reply->granted && !votedFor(message.to)) return "a vote for " + text(message.to.value);
  } else if (std::holds_alternative<raft::VoteRequest>(message.body)) {
    if (!votedFor(message.from)) return "its candidacy";
  } else if (const auto* accepted = std::get_if<raft::AppendAccepted>(&message.body)) {
    if (accepted->match.value > end) return "entries up to " + text(accepted->match.value);
  } else if (const auto* stored = std::get_if<raft::SnapshotReply>(&message.body)) {
    if (stored->match.value > end) return "entries up to " + text(stored->match.value);
  }
  return {};
}

}  // namespace

void PromisesAreDurable::sent(const raft::Message& message, const Disk& disk, Verdict& verdict) {
  if (!disk.isWhole()) return;
  const std::string what = unkept(message, disk);
  if (!what.empty())
    verdict.broken("PromisesAreDurable", "member " + text(message.from.value) + " in term " +
                                             text(message.term.value) + " told of " + what +
                                             ", which is not on its disk");
}

void AcknowledgementsAreTrue::sent(const raft::Message& message, const Disk& disk, const Disk& leader,
                                   Verdict& verdict) {
  const auto* accepted = std::get_if<raft::AppendAccepted>(&message.body);
  if (accepted == nullptr || leader.submittedTerm != message.term.value) return;
  const std::uint64_t index = accepted->match.value;
  const auto there = leader.submitted.termAt(index), here = disk.submitted.termAt(index);
  if (there && here && *there != *here)
    verdict.broken("AcknowledgementsAreTrue", "member " + text(message.from.value) + " acknowledged " +
                                                  text(index) + ", where it has term " + text(*here) +
                                                  " and the leader has term " + text(*there));
}

void MessagesDoNotMultiply::sent(MonotonicTime now, Verdict& verdict) {
  if (now >= secondEnds_) {
    secondEnds_ = now + std::chrono::seconds(1);
    inThisSecond_ = 0;
  }
  if (++inThisSecond_ > kMessagesMax)
    verdict.broken("MessagesDoNotMultiply", "more than " + text(kMessagesMax) + " within a second");
}

void NobodySpins::event(MonotonicTime now, Verdict& verdict) {
  if (now != std::exchange(instant_, now)) atThisInstant_ = 0;
  if (++atThisInstant_ > kEventsMax)
    verdict.broken("NobodySpins", "more than " + text(kEventsMax) + " events at one instant");
}

}  // namespace clusterkit::sim

#include "support/safety_checker.hpp"

#include <gtest/gtest.h>

#include "quorum.hpp"

namespace clusterkit::raft::test {
namespace {

bool isEqual(const Entry& a, const Entry& b) {
  if (a.term != b.term || a.payload.index() != b.payload.index()) return false;
  if (a.isCommand()) return a.command() == b.command();
  return !a.isConfiguration() || *a.configuration() == *b.configuration();
}

}  // namespace

void SafetyChecker::leads(MemberId member, const Raft& raft) {
  const auto [known, isNew] = leaders_.emplace(raft.term(), member);
  EXPECT_EQ(known->second, member) << "OneLeaderPerTerm: term " << raft.term().value;
  if (!isNew) return;
  for (const auto& [index, entry] : committed_) {
    if (index <= raft.log().baseIndex()) continue;
    EXPECT_TRUE(raft.log().matches(index, entry.term))
        << "LeaderCompleteness: member " << member.value << " leads term " << raft.term().value << " without "
        << index.value << ":" << entry.term.value;
  }
}

void SafetyChecker::commits(const Raft& raft, const Disks& disks) {
  const LogIndex index = raft.status().commitIndex;
  const auto term = raft.log().termAt(index);
  ASSERT_TRUE(term.has_value());
  EXPECT_TRUE(hasQuorum(raft.configuration(),
                        [&](MemberId id) {
                          const auto disk = disks.find(id);
                          return disk != disks.end() && disk->second->holds(index, *term);
                        }))
      << "CommittedIsDurableOnAQuorum: " << index.value << ":" << term->value;
}

void SafetyChecker::applies(MemberId member, const Entry& entry) {
  const auto [known, isNew] = committed_.emplace(entry.index, entry);
  EXPECT_TRUE(isNew || isEqual(known->second, entry))
      << "StateMachineSafety: member " << member.value << " applies another entry at " << entry.index.value;
}

void SafetyChecker::sends(const Message& message, const DiskImage& disk) {
  const auto* vote = std::get_if<VoteReply>(&message.body);
  const auto* request = std::get_if<VoteRequest>(&message.body);
  const auto* accepted = std::get_if<AppendAccepted>(&message.body);
  // Whoever hears of a term enters it, but for these two.
  const bool onlyAsks = std::holds_alternative<PreVoteRequest>(message.body) ||
                        std::holds_alternative<RemovedNotice>(message.body);
  if (!onlyAsks) {
    EXPECT_GE(disk.hard.term, message.term) << "PromisesAreDurable: member " << message.from.value;
  }
  if (accepted != nullptr) {
    EXPECT_GE(disk.lastIndex(), accepted->match) << "PromisesAreDurable: member " << message.from.value;
  }
  const bool isVote = request != nullptr || (vote != nullptr && vote->granted);
  if (!isVote) return;
  const MemberId candidate = request != nullptr ? message.from : message.to;
  const auto known = votes_.emplace(std::make_pair(message.from, message.term), candidate).first;
  EXPECT_EQ(known->second, candidate)
      << "OneVotePerTerm: member " << message.from.value << ", term " << message.term.value;
}

void SafetyChecker::acknowledges(LogIndex index, const std::string& command) {
  acknowledgedWrites_[index] = command;
  acknowledged_ = std::max(acknowledged_, index);
  const auto found = committed_.find(index);
  ASSERT_TRUE(found != committed_.end()) << "acknowledged before it was applied anywhere: " << index.value;
  EXPECT_EQ(found->second.command(), command) << "acknowledged at another's index";
}

void SafetyChecker::reads(LogIndex atLeast, LogIndex got) {
  EXPECT_GE(got, atLeast) << "LinearizableReads: a write acknowledged before the read is not in it";
}

void SafetyChecker::survives(const std::map<LogIndex, std::string>& applied) const {
  for (const auto& [index, command] : acknowledgedWrites_) {
    const auto found = applied.find(index);
    ASSERT_TRUE(found != applied.end()) << "AcknowledgedWritesSurvive: " << index.value << " is lost";
    EXPECT_EQ(found->second, command) << "AcknowledgedWritesSurvive: " << index.value;
  }
}

}  // namespace clusterkit::raft::test

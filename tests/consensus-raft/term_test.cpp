// What the term of a message does, whatever its kind and whoever gets it: scenarios 2 and 3.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "support/every_message.hpp"
#include "support/solo_node.hpp"

namespace clusterkit::raft::test {
namespace {

const Configuration abc = configurationOf({A, B, C});

// Its receiver takes the term over. A question about a vote and a notice of removal only mention theirs.
bool bringsItsTerm(const MessageBody& body) {
  return !std::holds_alternative<PreVoteRequest>(body) && !std::holds_alternative<RemovedNotice>(body);
}

std::vector<MessageBody> everyBodyThatBringsItsTerm() {
  std::vector<MessageBody> list = everyBody();
  std::erase_if(list, [](const MessageBody& body) { return !bringsItsTerm(body); });
  list.push_back(AppendRequest{at(5), term(2), {}, at(1)});   // a probe that agrees, and
  list.push_back(AppendRequest{at(99), term(3), {}, at(1)});  // one that does not
  return list;
}

std::string nameOf(Role role) {
  return std::vector<std::string>{"follower", "pre-candidate", "candidate", "leader"}.at(
      static_cast<std::size_t>(role));
}

constexpr Role everyRole[] = {Role::Follower, Role::PreCandidate, Role::Candidate, Role::Leader};

// A in this role and term, its log ending in 5:2, everything on disk. A follower has voted for B, its leader.
std::unique_ptr<SoloNode> nodeAs(Role role, std::uint64_t inTerm) {
  const bool raisesItsTerm = role == Role::Candidate || role == Role::Leader;
  const HardState hard{term(raisesItsTerm ? inTerm - 1 : inTerm), raisesItsTerm ? MemberId{} : B, {}};
  auto node = std::make_unique<SoloNode>(stateOf(A, abc, {1, 1, 1, 2}, hard), SoloNode::Disk::Held);
  switch (role) {
    case Role::Leader: node->lead({B}); break;
    case Role::Follower: node->receive(B, term(inTerm), Heartbeat{}); break;
    default:
      node->timeOut();
      if (role == Role::Candidate) node->receive(B, term(inTerm - 1), PreVoteReply{term(inTerm), true});
      node->persist();
  }
  EXPECT_EQ(node->status().role, role);
  EXPECT_EQ(node->status().term, term(inTerm));
  node->forget();
  return node;
}

// With a client that waits for a read point, so that it has a question for the next leader.
std::unique_ptr<SoloNode> readingNodeAs(Role role, std::uint64_t inTerm) {
  auto node = nodeAs(role, inTerm);
  node->step(Barrier{Handle{1}});
  node->forget();
  return node;
}

bool anySentThatBringsATerm(const SoloNode& node) {
  return std::any_of(node.sent().begin(), node.sent().end(),
                     [](const Message& m) { return bringsItsTerm(m.body); });
}

// What A's vote must be after this message of C in term 5.
MemberId voteAfter(const MessageBody& body, Role role) {
  if (std::holds_alternative<TimeoutNow>(body)) return A;  // it campaigns
  const bool hasTheBetterLog = role == Role::Leader;       // by its empty entry
  return std::holds_alternative<VoteRequest>(body) && !hasTheBetterLog ? C : MemberId{};
}

bool wantsAnAnswer(const MessageBody& body) {
  return std::holds_alternative<VoteRequest>(body) || std::holds_alternative<AppendRequest>(body) ||
         std::holds_alternative<Heartbeat>(body) || std::holds_alternative<TimeoutNow>(body) ||
         std::holds_alternative<ReadIndexRequest>(body);
}

TEST(Term, S002_NewerTermOfAnyMessageIsDurableBeforeAnythingOfItLeavesAndClearsTheVote) {
  for (Role role : everyRole) {
    for (const MessageBody& body : everyBodyThatBringsItsTerm()) {
      SCOPED_TRACE(nameOf(role) + ", kind " + std::to_string(body.index()));
      const auto node = readingNodeAs(role, 3);
      node->receive(C, term(5), body);
      const bool campaigns = std::holds_alternative<TimeoutNow>(body);
      ASSERT_TRUE(node->last().hardState.has_value()) << "nothing was written";
      EXPECT_EQ(node->last().sync, SyncNeed::Now);
      EXPECT_EQ(node->last().hardState->term, term(campaigns ? 6 : 5));
      EXPECT_EQ(node->last().hardState->votedFor, voteAfter(body, role));
      EXPECT_EQ(node->status().term, node->last().hardState->term);
      EXPECT_EQ(node->status().role, campaigns ? Role::Candidate : Role::Follower);
      EXPECT_TRUE(node->sent().empty()) << "something left before the term was durable";
      node->persist();
      EXPECT_TRUE(anySentThatBringsATerm(*node) || !wantsAnAnswer(body)) << "and then it must";
      for (const Message& m : node->sent()) EXPECT_EQ(m.term, node->status().term);
    }
  }
}

// The disk is slow, and the sender goes on talking.
TEST(Term, S002_NoSecondMessageMakesATermLeaveThatIsNotDurable) {
  for (const MessageBody& first : everyBodyThatBringsItsTerm()) {
    for (const MessageBody& second : everyBody()) {
      if (std::holds_alternative<RemovedNotice>(second)) continue;
      SCOPED_TRACE("kind " + std::to_string(first.index()) + ", then kind " + std::to_string(second.index()));
      const auto node = readingNodeAs(Role::Follower, 3);
      node->receive(C, term(5), first);
      node->receive(C, term(5), second);
      node->wait(50ms);
      EXPECT_TRUE(node->sent().empty());
      node->timeOut();  // it may ask for pre-votes: nobody takes a term from these
      EXPECT_FALSE(anySentThatBringsATerm(*node));
    }
  }
}

// The row's "requests": whoever sends one acts on a term that is over, and must learn it.
bool isOfAnOldLeaderOrCandidate(const MessageBody& body) {
  return std::holds_alternative<VoteRequest>(body) || std::holds_alternative<AppendRequest>(body) ||
         std::holds_alternative<Heartbeat>(body) || std::holds_alternative<SnapshotChunk>(body) ||
         std::holds_alternative<TimeoutNow>(body);
}

void expectOldTermChangesNothing(SoloNode& node, const MessageBody& body) {
  const Status before = node.status();
  const MonotonicTime deadline = node.raft().nextDeadline();
  const std::uint64_t batches = node.batches();
  node.receive(C, term(4), body);
  const Status after = node.status();
  EXPECT_EQ(after.role, before.role);
  EXPECT_EQ(after.term, before.term);
  EXPECT_EQ(after.leader, before.leader);
  EXPECT_EQ(after.votedFor, before.votedFor);
  EXPECT_EQ(after.lastIndex, before.lastIndex) << "an old leader changed the log";
  EXPECT_EQ(after.lastTerm, before.lastTerm);
  EXPECT_EQ(after.commitIndex, before.commitIndex);
  EXPECT_EQ(after.contactAt, before.contactAt) << "it counts as heard";
  EXPECT_EQ(node.raft().nextDeadline(), deadline) << "it moved the timer";
  EXPECT_EQ(node.batches(), batches);
  EXPECT_TRUE(node.last().snapshotSteps.empty());
}

TEST(Term, S003_OlderTermOfAnyMessageChangesNothingInAnyRole) {
  for (Role role : everyRole) {
    for (const MessageBody& body : everyBodyThatBringsItsTerm()) {
      SCOPED_TRACE(nameOf(role) + ", kind " + std::to_string(body.index()));
      const auto node = nodeAs(role, 5);
      expectOldTermChangesNothing(*node, body);
      EXPECT_EQ(node->sent().size(), isOfAnOldLeaderOrCandidate(body) ? 1u : 0u);
      for (const Message& m : node->sent()) EXPECT_EQ(m.term, term(5));
      for (const VoteReply& vote : node->all<VoteReply>(C)) EXPECT_FALSE(vote.granted);
    }
  }
}

}  // namespace
}  // namespace clusterkit::raft::test

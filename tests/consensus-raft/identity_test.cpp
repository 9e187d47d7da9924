// Who belongs to the cluster: scenarios 81, 84 to 87 and 114.
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>

#include "support/sim_cluster.hpp"
#include "support/solo_node.hpp"

namespace clusterkit::raft::test {
namespace {

constexpr Duration timeout = 300ms;  // the election timeout of testOptions()
constexpr ClusterId otherCluster{0xD2};

std::vector<MessageBody> everyKind() {
  SnapshotMeta meta{at(60), term(3), shared(configurationOf({A, B, C})), at(1), 1, 1};
  return {PreVoteRequest{at(90), term(9)},
          PreVoteReply{term(9), true},
          VoteRequest{at(90), term(9)},
          VoteReply{true},
          AppendRequest{at(1), term(1), entries(2, {9}), at(2)},
          AppendAccepted{at(1)},
          AppendRejected{at(1), at(0), term(0), at(0)},
          Heartbeat{at(1), RoundId{}},
          HeartbeatReply{RoundId{}, at(1)},
          SnapshotChunk{meta, 0, bytes("x")},
          SnapshotReply{at(60), term(3), SnapshotProgress::UpToDate, 0, at(60)},
          TimeoutNow{},
          ReadIndexRequest{RequestId{1}},
          ReadIndexReply{RequestId{1}, true, at(1)},
          RemovedNotice{at(99)}};
}

TEST(Identity, S081_RemovedNodeThatComesBackAfterCompactionIsToldAndNotTakenBack) {
  Options options = testOptions();
  options.snapshotEntries = 5;
  SimCluster cluster(81, {A, B, C, D}, options);
  cluster.elect(A);
  cluster.expectConverged();
  cluster.crash(D);
  ASSERT_EQ(cluster.await(cluster.change(A, RemoveMember{D})), OutcomeCode::Ok);
  const LogIndex removal = cluster.node(A).status().configurationIndex;
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(cluster.commitSomething());
  cluster.expectConverged();
  for (MemberId id : {A, B, C}) cluster.crash(id);
  for (MemberId id : {A, B, C}) cluster.restart(id);
  cluster.awaitLeader();
  ASSERT_GT(cluster.node(A).status().firstIndex, removal) << "the entry is gone, the tombstone is not";
  const Term before = cluster.highestTerm();
  cluster.restart(D);
  ASSERT_TRUE(cluster.runUntil([&] { return cluster.node(D).status().role == Role::Removed; }));
  EXPECT_EQ(cluster.node(D).alarms().back(), Alarm::RemovedFromCluster);
  EXPECT_EQ(cluster.highestTerm(), before);
  EXPECT_EQ(cluster.await(cluster.change(cluster.leader(), AddLearner{member(D)})), OutcomeCode::Conflict);
  EXPECT_FALSE(cluster.node(cluster.leader()).raft().configuration().contains(D));
}

// The cluster id is the caller's: three nodes that each begin a cluster make three ids, and never one cluster
// of three.
TEST(Identity, S084_BootstrapNeedsAnEmptyStoreAndTheLocalMember) {
  InitialState used = stateOf(A, configurationOf({A}), {});
  used.bootstrap = member(A);
  EXPECT_THROW(Raft(testOptions(), used, 1), std::invalid_argument) << "twice";
  InitialState foreign;
  foreign.cluster = theCluster;
  foreign.self = A;
  foreign.bootstrap = member(B);
  EXPECT_THROW(Raft(testOptions(), foreign, 1), std::invalid_argument) << "another's";
  InitialState nameless = foreign;
  nameless.bootstrap = member(A);
  nameless.cluster = ClusterId{};
  EXPECT_THROW(Raft(testOptions(), nameless, 1), std::invalid_argument) << "no id";
}

TEST(Identity, S084_NodesThatAllBegunAClusterNeverMerge) {
  std::vector<std::unique_ptr<SoloNode>> nodes;
  for (std::uint64_t i = 1; i <= 3; ++i) {
    InitialState state;
    state.cluster = ClusterId{i};
    state.self = MemberId{i};
    state.bootstrap = member(MemberId{i});
    nodes.push_back(std::make_unique<SoloNode>(std::move(state)));
    nodes.back()->timeOut();
    ASSERT_EQ(nodes.back()->status().role, Role::Leader);
  }
  const Status before = nodes[0]->status();
  for (std::uint64_t i = 2; i <= 3; ++i) {
    for (const MessageBody& body : everyKind()) {
      nodes[0]->step(Receive{MemberId{i}, Message{ClusterId{i}, MemberId{i}, A, term(9), at(9), body}});
    }
  }
  EXPECT_EQ(nodes[0]->status().term, before.term);
  EXPECT_EQ(nodes[0]->status().role, Role::Leader);
  EXPECT_EQ(nodes[0]->raft().configuration(), configurationOf({A}));
  EXPECT_EQ(nodes[0]->status().counters.otherCluster, 2 * everyKind().size());
  EXPECT_TRUE(nodes[0]->sent().empty());
}

TEST(Identity, S085_MessagesOfAnotherClusterAreDroppedAndCounted) {
  SoloNode node(stateOf(A, configurationOf({A, B, C}), {}, {term(3), {}, {}}));
  for (const MessageBody& body : everyKind()) {
    node.step(Receive{B, Message{otherCluster, B, A, term(9), at(9), body}});
  }
  EXPECT_EQ(node.status().counters.otherCluster, everyKind().size());
  EXPECT_EQ(node.status().term, term(3));
  EXPECT_EQ(node.status().role, Role::Follower);
  EXPECT_EQ(node.status().lastIndex, at(1));
  EXPECT_EQ(node.batches(), 0u);
  EXPECT_TRUE(node.sent().empty());
}

TEST(Identity, S114_MessagesFromNobodyInTheConfigurationAreDroppedAndCounted) {
  SoloNode node(stateOf(A, configurationOf({A, B, C}), {1, 1}, {term(3), {}, {}}));
  for (const MessageBody& body : everyKind()) node.receive(D, term(9), body, at(1));
  EXPECT_EQ(node.status().counters.unknownMember, everyKind().size());
  EXPECT_EQ(node.status().term, term(3));
  EXPECT_EQ(node.status().role, Role::Follower);
  EXPECT_EQ(node.status().lastIndex, at(3));
  EXPECT_EQ(node.batches(), 0u);
  EXPECT_TRUE(node.sent().empty()) << "it was answered";
}

// A member that we do not know may have been added by a change that we have missed. So whoever shows a newer
// configuration than ours is heard like a member and has a member's power; here a liar cannot be told from
// it. That no stranger gets this far is the transport's part, which hands on messages of its peers only
// (PeersContract.S114_...).
TEST(Identity, S114_WhoShowsANewerConfigurationIsHeardLikeAMember) {
  const auto hear = [](const MessageBody& body) {
    auto node = std::make_unique<SoloNode>(stateOf(A, configurationOf({A, B, C}), {1, 1}, {term(3), {}, {}}));
    node->receive(D, term(9), body, at(99));
    EXPECT_EQ(node->status().counters.unknownMember, 0u) << "kind " << body.index();
    EXPECT_TRUE(node->all<AppendRequest>().empty() && node->all<SnapshotChunk>().empty())
        << "kind " << body.index() << " was answered with state";
    return node;
  };
  for (const MessageBody& body : everyKind()) hear(body);
  EXPECT_EQ(hear(Heartbeat{})->status().leader, D) << "it may be the new leader";
  EXPECT_EQ(hear(Heartbeat{})->status().term, term(9));
  EXPECT_EQ(hear(AppendRequest{at(1), term(1), entries(2, {9}), at(2)})->raft().log().lastTerm(), term(9));
  EXPECT_EQ(hear(VoteRequest{at(90), term(9)})->status().votedFor, D) << "or will be";
  EXPECT_EQ(hear(RemovedNotice{at(99)})->status().role, Role::Removed) << "or know that we are out";
}

// That the old address is refused is the transport's part: it takes the members from MembersChange.
TEST(Identity, S086_AddressOfAMemberChangesWithoutANewId) {
  SimCluster cluster(86, {A, B, C});
  const MemberId leader = cluster.awaitLeader();
  cluster.expectConverged();
  const MemberId moved = cluster.followers().front();
  Member there = member(moved);
  there.endpoint = "elsewhere:7000";
  there.publicKey = "another key";
  EXPECT_EQ(cluster.await(cluster.change(leader, UpdatePeer{there})), OutcomeCode::Ok);
  ASSERT_TRUE(cluster.commitSomething());
  cluster.expectConverged();
  for (MemberId id : cluster.members()) {
    const Member* known = cluster.node(id).raft().configuration().find(moved);
    ASSERT_NE(known, nullptr);
    EXPECT_EQ(known->endpoint, "elsewhere:7000");
    EXPECT_EQ(known->publicKey, "another key");
    EXPECT_EQ(known->kind, MemberKind::Voter);
  }
  EXPECT_EQ(cluster.await(cluster.change(leader, UpdatePeer{member(MemberId{77})})), OutcomeCode::Conflict);
}

TEST(Identity, S086_NewAddressIsReportedWhenItIsAppended) {
  SoloNode node(stateOf(A, configurationOf({A, B, C}), {}, {term(2), {}, {}}));
  Configuration moved = configurationOf({A, B, C});
  moved.members[2].endpoint = "elsewhere:7000";
  node.receive(B, term(2), AppendRequest{at(1), term(1), {Entry{at(2), term(2), shared(moved)}}, at(1)});
  ASSERT_TRUE(node.last().membersChange.has_value());
  EXPECT_EQ(node.last().membersChange->configuration->find(C)->endpoint, "elsewhere:7000");
  EXPECT_EQ(node.last().membersChange->index, at(2));
}

// A member id is the incarnation: it is never used twice. A removed id stays a tombstone, so a node that
// comes again has a new one, and what the old one has sent counts for nothing.
TEST(Identity, S087_RemovedIdIsNeverUsedAgainAndItsOldMessagesCountForNothing) {
  SimCluster cluster(87, {A, B, C, D});
  cluster.elect(A);
  cluster.expectConverged();
  const Term before = cluster.highestTerm();
  ASSERT_EQ(cluster.await(cluster.change(A, RemoveMember{D})), OutcomeCode::Ok);
  EXPECT_EQ(cluster.await(cluster.change(A, AddLearner{member(D)})), OutcomeCode::Conflict);
  cluster.join(E);  // the same machine under a new id
  EXPECT_EQ(cluster.promote(E), OutcomeCode::Ok);
  const std::uint64_t counted = cluster.node(A).status().counters.removedMember;
  for (const MessageBody& body : everyKind()) {
    cluster.step(A, Receive{D, Message{theCluster, D, A, next(before), at(99), body}});
  }
  EXPECT_EQ(cluster.node(A).status().counters.removedMember, counted + everyKind().size());
  EXPECT_EQ(cluster.leader(), A);
  EXPECT_EQ(cluster.highestTerm(), before);
  cluster.runFor(10 * timeout);
  ASSERT_TRUE(cluster.commitSomething());
  cluster.expectConverged();
}

}  // namespace
}  // namespace clusterkit::raft::test

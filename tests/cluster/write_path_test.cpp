// Writes on their way to the leader and back: what is lost, doubled, late or out of order on the way, and who
// restarts meanwhile.
#include "cluster/write_path.hpp"

#include <gmock/gmock.h>

#include "cluster/command_codec.hpp"
#include "cluster/scripted_cluster.hpp"

namespace clusterkit::test {
namespace {

using namespace std::chrono_literals;
using Fate = WriteResult::Fate;

class Writes : public testing::Test {
 protected:
  void SetUp() override {
    for (const std::uint64_t member : {1, 2, 3}) cluster_.start(member);
    cluster_.found();
  }

  static SetValue put(const std::string& value) { return SetValue{"k", value, {}}; }
  Fate fateOf(const ScriptedCluster::Fate& fate) {
    if (!cluster_.runUntil([&] { return fate->has_value(); })) ADD_FAILURE() << "never answered";
    return fate->has_value() ? (*fate)->fate : Fate::Unknown;
  }
  // How often a write of this value stands in the log.
  std::size_t timesLogged(const std::string& value) const {
    std::size_t times = 0;
    for (const std::string& bytes : cluster_.log()) {
      const Command command = std::get<Command>(decodeCommand(bytes));
      const auto* set = std::get_if<SetValue>(&command.body);
      times += set != nullptr && set->bytes == value ? 1 : 0;
    }
    return times;
  }
  // What node 1 has proposed is lost with its office: node 3 leads, and commits. The token of what is lost.
  ck_token loseWithTheOffice() {
    auto& waiting = cluster_.node(1).consensus.object->waiting;
    EXPECT_EQ(waiting.size(), 1U);
    const ck_token token = waiting.empty() ? 0 : waiting.front().token;
    waiting.clear();
    cluster_.lead(3, 2);
    cluster_.commits = true;
    EXPECT_EQ(fateOf(cluster_.propose(3, put("of the new epoch"))), Fate::Applied);
    return token;
  }
  // The last message that carries this text.
  CarriedMessage carried(const std::string& text) const {
    for (auto message = cluster_.carried.rbegin(); message != cluster_.carried.rend(); ++message)
      if (message->bytes.find(text) != std::string::npos) return *message;
    ADD_FAILURE() << "nothing was sent with " << text;
    return {};
  }
  std::string valueAt(std::uint64_t member) {
    const StoredValue* value = cluster_.node(member).coordinator.current().findValue("k");
    return value != nullptr ? *value->bytes : "(absent)";
  }

  ScriptedCluster cluster_;
};

TEST_F(Writes, AFollowersWriteIsAnsweredOnceItIsAppliedThere) {
  const auto fate = cluster_.propose(2, put("one"));
  EXPECT_EQ(fateOf(fate), Fate::Applied);
  EXPECT_EQ(valueAt(2), "one");
  EXPECT_EQ(timesLogged("one"), 1U);
}

TEST_F(Writes, AMessageThatComesTwiceIsAppliedOnce) {
  cluster_.faults = [](const CarriedMessage&) { return 3; };
  EXPECT_EQ(fateOf(cluster_.propose(2, put("one"))), Fate::Applied);
  EXPECT_EQ(fateOf(cluster_.propose(2, put("two"))), Fate::Applied);
  cluster_.deliver(carried("one"));
  cluster_.runFor(100ms);
  EXPECT_EQ(timesLogged("one"), 1U);
  EXPECT_EQ(timesLogged("two"), 1U);
  EXPECT_EQ(valueAt(3), "two");
}

TEST_F(Writes, MessagesThatOvertakeEachOtherAllArrive) {
  std::vector<CarriedMessage> held;
  cluster_.faults = [&](const CarriedMessage& message) {
    held.push_back(message);
    return 0;
  };
  const auto first = cluster_.propose(2, put("first"));
  const auto second = cluster_.propose(2, put("second"));
  cluster_.runFor(5ms);
  ASSERT_EQ(held.size(), 2U);
  cluster_.deliver(held[1]);
  cluster_.runFor(5ms);
  cluster_.deliver(held[0]);
  EXPECT_EQ(fateOf(second), Fate::Applied);
  EXPECT_EQ(fateOf(first), Fate::Applied);
}

TEST_F(Writes, ARestartedNodeIsHeardWhateverItsClockSays) {
  EXPECT_EQ(fateOf(cluster_.propose(2, put("before"))), Fate::Applied);
  cluster_.start(2, 2).loop.shiftWall(-24h);
  cluster_.lead(1, 1, 2);
  const auto fate = cluster_.propose(2, put("after"));
  EXPECT_EQ(fateOf(fate), Fate::Applied);
  EXPECT_EQ(valueAt(1), "after");
}

TEST_F(Writes, WhatAnEarlierRunSentIsNotAppliedAgainByALateRepetition) {
  EXPECT_EQ(fateOf(cluster_.propose(2, put("old"))), Fate::Applied);
  const CarriedMessage old = carried("old");
  cluster_.start(2, 2);
  cluster_.lead(1, 1, 2);
  EXPECT_EQ(fateOf(cluster_.propose(2, put("new"))), Fate::Applied);
  cluster_.deliver(old);
  cluster_.runFor(100ms);
  EXPECT_EQ(timesLogged("old"), 1U);
  EXPECT_EQ(valueAt(1), "new");
}

TEST_F(Writes, WhatAnEarlierRunLeftInTheLogAnswersNobodyNow) {
  cluster_.commits = false;
  cluster_.propose(2, put("old"));
  cluster_.runFor(5ms);
  cluster_.start(2, 2);
  cluster_.lead(1, 1, 2);
  const auto fate = cluster_.propose(2, put("new"));
  cluster_.faults = [](const CarriedMessage&) { return 0; };  // the new command does not arrive
  cluster_.commits = true;
  cluster_.runFor(100ms);
  EXPECT_EQ(valueAt(2), "old");
  EXPECT_FALSE(fate->has_value()) << "it was the answer to another life's command";
}

// Found by the simulation (seed 100801): the new run sent its write again, and it was applied twice.
TEST_F(Writes, ARefusalOfAnEarlierRunsWriteSaysNothingAboutThisOnes) {
  cluster_.commits = false;
  cluster_.propose(2, put("old"));
  cluster_.runFor(5ms);
  auto& consensus = *cluster_.node(1).consensus.object;
  ASSERT_EQ(consensus.waiting.size(), 1U);
  cluster_.faults = [](const CarriedMessage& message) { return message.to == MemberId(2) ? 0 : 1; };
  consensus.host.fail(consensus.waiting.front().token, CK_NOT_LEADER, "deposed");
  consensus.waiting.clear();
  cluster_.runFor(5ms);
  const CarriedMessage late = carried("deposed");
  cluster_.faults = [](const CarriedMessage&) { return 1; };

  cluster_.start(2, 2);
  cluster_.lead(1, 1, 2);
  const auto fate = cluster_.propose(2, put("new"));
  cluster_.runFor(5ms);
  cluster_.deliver(late);
  cluster_.runFor(500ms);
  cluster_.commitAll();
  EXPECT_EQ(fateOf(fate), Fate::Applied);
  EXPECT_EQ(timesLogged("new"), 1U);
}

TEST_F(Writes, ALateRepetitionFindsItsTermOfOfficeGone) {
  EXPECT_EQ(fateOf(cluster_.propose(2, put("old"))), Fate::Applied);
  const CarriedMessage old = carried("old");
  cluster_.lead(3, 2);
  cluster_.lead(1, 3);
  EXPECT_EQ(fateOf(cluster_.propose(3, put("new"))), Fate::Applied);
  cluster_.deliver(old);
  cluster_.runFor(100ms);
  EXPECT_EQ(timesLogged("old"), 1U);
  EXPECT_EQ(valueAt(2), "new");
}

TEST_F(Writes, ARestartedLeaderDoesNotRefuseWhatItsFormerRunTook) {
  cluster_.commits = false;
  const auto fate = cluster_.propose(2, put("once"));
  cluster_.runFor(5ms);
  const CarriedMessage sent = carried("once");
  ASSERT_EQ(cluster_.node(1).consensus.object->waiting.size(), 1U);
  cluster_.start(1, 2);
  cluster_.lead(0, 1, 1);  // what it hears of first is the epoch that it led in
  cluster_.deliver(sent);  // the transport repeats across the reconnect
  cluster_.runFor(100ms);
  ASSERT_FALSE(fate->has_value());
  cluster_.lead(3, 2);
  EXPECT_EQ(fateOf(fate), Fate::Unknown);
  EXPECT_TRUE(cluster_.node(3).consensus.object->waiting.empty()) << "it was sent a second time";
}

TEST_F(Writes, ADefiniteRefusalIsTriedAgainAtTheNewLeader) {
  cluster_.commits = false;
  // Node 1 has handed over to 3; 2 learns of it while its write is on the way.
  std::vector<CarriedMessage> held;
  cluster_.faults = [&](const CarriedMessage& message) {
    held.push_back(message);
    return 0;
  };
  const auto fate = cluster_.propose(2, put("moved"));
  cluster_.runFor(5ms);
  ASSERT_EQ(held.size(), 1U);
  cluster_.faults = [](const CarriedMessage&) { return 1; };
  cluster_.lead(3, 2);
  cluster_.deliver(held[0]);
  cluster_.commits = true;
  EXPECT_EQ(fateOf(fate), Fate::Applied);
  EXPECT_EQ(timesLogged("moved"), 1U);
}

TEST_F(Writes, AWriteThatMayBeInTheOldLeadersLogIsNotSentAgain) {
  cluster_.commits = false;
  const auto lost = cluster_.propose(2, put("lost"));
  const auto kept = cluster_.propose(2, put("kept"));
  cluster_.runFor(5ms);
  auto& old = *cluster_.node(1).consensus.object;
  ASSERT_EQ(old.waiting.size(), 2U);
  old.waiting.pop_front();  // the new leader's log has only the second
  cluster_.lead(3, 2);
  cluster_.commitAll();
  EXPECT_EQ(fateOf(kept), Fate::Applied);
  EXPECT_EQ(fateOf(lost), Fate::Unknown) << "the new leader has committed nothing of its own";
  EXPECT_EQ(timesLogged("kept"), 1U);
  EXPECT_EQ(timesLogged("lost"), 0U);
}

// What the new leader commits in its own epoch stands behind everything that the old one may have left.
TEST_F(Writes, AWriteThatWentDownWithTheOldLeaderIsSentAgainOnceTheNewOneCommits) {
  cluster_.commits = false;
  const auto lost = cluster_.propose(2, put("lost"));
  const auto kept = cluster_.propose(2, put("kept"));
  cluster_.runFor(5ms);
  cluster_.node(1).consensus.object->waiting.pop_front();
  cluster_.lead(3, 2);
  cluster_.commitAll();
  cluster_.runFor(100ms);
  EXPECT_FALSE(lost->has_value());
  cluster_.commits = true;
  EXPECT_EQ(fateOf(cluster_.propose(3, put("of the new epoch"))), Fate::Applied);
  EXPECT_EQ(fateOf(lost), Fate::Applied);
  EXPECT_EQ(fateOf(kept), Fate::Applied);
  EXPECT_EQ(timesLogged("kept"), 1U);
  EXPECT_EQ(timesLogged("lost"), 1U);
}

TEST_F(Writes, WhatADeposedLeaderProposedItselfGoesToTheNewOneWhenItIsLost) {
  cluster_.commits = false;
  const auto fate = cluster_.propose(1, put("own"));
  cluster_.runFor(5ms);
  const ck_token token = loseWithTheOffice();
  EXPECT_FALSE(fate->has_value()) << "its own consensus has not yet said what became of it";
  cluster_.node(1).consensus.object->host.fail(token, CK_UNKNOWN, "leadership was lost");
  EXPECT_EQ(fateOf(fate), Fate::Applied);
  EXPECT_EQ(timesLogged("own"), 1U);
}

TEST_F(Writes, S103_ARetryAtTheNewLeaderIsAppliedOnceAndGetsTheFirstResult) {
  cluster_.commits = false;
  const Idempotency key{"req-1", {}};
  const auto first = cluster_.propose(1, put("once"), key);
  cluster_.runFor(5ms);
  cluster_.commits = true;
  cluster_.lead(3, 2);  // it is in the log, but the leader that would answer is gone
  cluster_.runFor(5ms);
  const LogIndex applied = cluster_.node(3).coordinator.current().appliedIndex;
  EXPECT_EQ(fateOf(cluster_.propose(3, put("later"))), Fate::Applied);
  for (const std::uint64_t member : {3, 2, 1}) {
    const auto retried = cluster_.propose(member, put("once"), key);
    ASSERT_EQ(fateOf(retried), Fate::Applied);
    EXPECT_TRUE((*retried)->outcome.applied());
    EXPECT_EQ((*retried)->outcome.index, applied) << "the first result";
  }
  EXPECT_EQ(valueAt(2), "later");
}

TEST_F(Writes, S108_TwoNodesThatTakeEachOtherForTheLeaderDoNotPassAWriteBackAndForth) {
  cluster_.lead(1, 2);
  cluster_.lead(2, 3, 1);  // says 1
  cluster_.lead(1, 3, 2);  // says 2
  const std::size_t before = cluster_.carried.size();
  const auto fate = cluster_.propose(1, put("hop"));
  ASSERT_TRUE(cluster_.runUntil([&] { return fate->has_value(); }, 2s));
  ASSERT_EQ((*fate)->fate, Fate::NotDone);
  EXPECT_EQ((*fate)->reason, Status::NotLeader);
  EXPECT_EQ(timesLogged("hop"), 0U);
  for (std::size_t i = before; i < cluster_.carried.size(); ++i) {
    const CarriedMessage& message = cluster_.carried[i];
    const bool forwarded = message.bytes.find("hop") != std::string::npos;
    EXPECT_TRUE(!forwarded || message.from == MemberId(1)) << "passed on a second time";
  }
  EXPECT_LE(cluster_.carried.size() - before, 200U) << "one attempt and one refusal per 25 ms, for 1.5 s";
}

TEST_F(Writes, S109_WithoutALeaderAWriteIsDefinitelyNotDone) {
  for (const std::uint64_t member : {1, 2, 3}) cluster_.lead(0, 2, member);
  const auto fate = cluster_.propose(2, put("nobody"));
  ASSERT_EQ(fateOf(fate), Fate::NotDone);
  EXPECT_EQ((*fate)->reason, Status::NotLeader);
  EXPECT_EQ((*fate)->text, "no leader is known");
  cluster_.lead(1, 3);
  cluster_.runFor(1s);
  EXPECT_EQ(timesLogged("nobody"), 0U) << "what was refused for good is never done later";
}

TEST_F(Writes, AWriteWaitsForALeaderThatIsElectedSoon) {
  for (const std::uint64_t member : {1, 2, 3}) cluster_.lead(0, 2, member);
  const auto fate = cluster_.propose(2, put("patient"));
  cluster_.runFor(1s);
  cluster_.lead(3, 3);
  EXPECT_EQ(fateOf(fate), Fate::Applied);
}

TEST_F(Writes, S110_AForwardedWriteWhoseAnswerIsLostIsUnknownNeverDefinite) {
  cluster_.faults = [](const CarriedMessage& message) { return message.to == MemberId(2) ? 0 : 1; };
  cluster_.commits = false;
  const auto fate = cluster_.propose(2, put("taken"), {}, 3s);
  cluster_.runFor(100ms);
  auto& consensus = *cluster_.node(1).consensus.object;
  ASSERT_EQ(consensus.waiting.size(), 1U);
  // The leader refuses it, definitely; that answer is lost.
  consensus.host.fail(consensus.waiting.front().token, CK_NOT_LEADER, "deposed");
  consensus.waiting.clear();
  EXPECT_EQ(fateOf(fate), Fate::Unknown);
  EXPECT_EQ((*fate)->reason, Status::Timeout);
}

TEST_F(Writes, ALeaderThatIsWellAndTakesNoMoreIsNotOneThatCannotBeReached) {
  cluster_.commits = false;
  const auto fate = cluster_.propose(2, put("too much"));
  auto& consensus = *cluster_.node(1).consensus.object;
  ASSERT_TRUE(cluster_.runUntil(
      [&] {
        for (const auto& proposal : std::exchange(consensus.waiting, {}))
          consensus.host.fail(proposal.token, CK_AGAIN, "");
        return fate->has_value();
      },
      2s));
  EXPECT_EQ((*fate)->fate, Fate::NotDone);
  EXPECT_EQ((*fate)->reason, Status::Again);
  EXPECT_EQ((*fate)->text, "too many writes are under way");
}

// Whatever a consensus ends a proposal with that is no refusal by its contract.
TEST_F(Writes, AFailureThatIsNoRefusalIsUnknownAndNeverTriedAgain) {
  cluster_.commits = false;
  for (const ck_status status : {CK_TIMEOUT, CK_IO, CK_CORRUPT, CK_INTERNAL, CK_FATAL}) {
    const auto fate = cluster_.propose(1, put("doubtful"));
    cluster_.runFor(5ms);
    auto& consensus = *cluster_.node(1).consensus.object;
    ASSERT_EQ(consensus.waiting.size(), 1U);
    consensus.host.fail(consensus.waiting.front().token, status, "something");
    consensus.waiting.clear();
    EXPECT_EQ(fateOf(fate), Fate::Unknown) << status;
    EXPECT_TRUE(consensus.waiting.empty()) << "tried again";
  }
}

TEST_F(Writes, WhatALeaderDecidesAsSuchIsNotForItsSuccessorToCarryOut) {
  cluster_.commits = false;
  ScriptedNode& leader = cluster_.node(1);
  std::optional<WriteResult> result;
  leader.coordinator.propose(
      put("decided"), {}, leader.loop.now() + 10s, [&](WriteResult r) { result = std::move(r); },
      Route::HereOnly);
  cluster_.runFor(5ms);
  const ck_token token = loseWithTheOffice();
  leader.consensus.object->host.fail(token, CK_UNKNOWN, "leadership was lost");
  ASSERT_TRUE(cluster_.runUntil([&] { return result.has_value(); }));
  EXPECT_EQ(result->fate, Fate::NotDone);
  EXPECT_EQ(result->reason, Status::NotLeader);
  EXPECT_EQ(timesLogged("decided"), 0U);
}

// As a node of an older version sees it: the others understand the entry.
TEST_F(Writes, S115_ANodeThatCannotApplyAnEntryStopsBeforeItAndTheOthersGoOn) {
  ASSERT_EQ(fateOf(cluster_.propose(1, put("one"))), Fate::Applied);
  ScriptedNode& older = cluster_.node(3);
  const LogIndex reached = older.coordinator.current().appliedIndex;
  older.mayBreak = true;
  const Committed unknown{LogIndex(reached.value + 1), Epoch(1), "of a later version"};
  EXPECT_FALSE(older.coordinator.commit({&unknown, 1}));
  EXPECT_THAT(older.brokenBy, testing::HasSubstr("index " + std::to_string(reached.value + 1)));

  EXPECT_EQ(fateOf(cluster_.propose(2, put("two"))), Fate::Applied);
  EXPECT_EQ(fateOf(cluster_.propose(1, put("three"))), Fate::Applied);
  EXPECT_EQ(valueAt(1), "three");
  EXPECT_EQ(valueAt(2), "three");
  EXPECT_EQ(valueAt(3), "one") << "it went on behind the entry";
  EXPECT_EQ(older.coordinator.current().appliedIndex, reached);
}

TEST_F(Writes, AStoppedNodeAnswersEverythingAndTakesNothing) {
  cluster_.commits = false;
  const auto underWay = cluster_.propose(2, put("under way"));
  cluster_.runFor(5ms);
  for (const std::uint64_t member : {1, 2}) cluster_.node(member).coordinator.stop();
  EXPECT_EQ(fateOf(underWay), Fate::Unknown);
  const auto later = cluster_.propose(2, put("later"));
  EXPECT_EQ(fateOf(later), Fate::NotDone);
  EXPECT_EQ((*later)->text, "the node is stopping");
  const auto forwarded = cluster_.propose(3, put("forwarded"), {}, 3s);
  EXPECT_EQ(fateOf(forwarded), Fate::NotDone) << "definitely refused by a leader that stops";
}

}  // namespace
}  // namespace clusterkit::test

// Values, and requests that must be applied once.
#include "cluster/services.hpp"
#include "state_fixture.hpp"

namespace clusterkit {
namespace {

class Values : public StateFixture {
 protected:
  void SetUp() override { create(); }
  std::string get(std::string_view key) const {
    const StoredValue* value = state().findValue(key);
    return value ? *value->bytes : "(absent)";
  }
};

TEST_F(Values, AVersionIsTheIndexOfTheWriteAndRises) {
  const Outcome first = run(SetValue{"a", "1", {}});
  EXPECT_EQ(first.version, index_);
  EXPECT_EQ(first.index, LogIndex(index_));
  const Outcome second = run(SetValue{"a", "2", {}});
  EXPECT_GT(second.version, first.version);
  EXPECT_EQ(state().findValue("a")->version, second.version);
  EXPECT_EQ(get("a"), "2");
  EXPECT_EQ(eventsOf<ValueChange>()[0].version, second.version);
}

TEST_F(Values, CompareAndSetRefusesWithThePresentVersion) {
  const std::uint64_t version = run(SetValue{"a", "1", 0}).version;
  const Outcome again = run(SetValue{"a", "2", 0});
  EXPECT_EQ(again.code, OutcomeCode::VersionConflict);
  EXPECT_EQ(again.version, version);
  EXPECT_TRUE(events_.empty());
  EXPECT_TRUE(run(SetValue{"a", "2", version}).applied());
  EXPECT_EQ(run(DeleteValue{"a", version}).code, OutcomeCode::VersionConflict);
  EXPECT_EQ(run(SetValue{"b", "2", 99}).version, 0u);
}

TEST_F(Values, DeleteRemovesAndTellsAndDoesNotFindTwice) {
  run(SetValue{"a", "1", {}});
  ASSERT_TRUE(run(DeleteValue{"a", {}}).applied());
  EXPECT_EQ(eventsOf<ValueChange>()[0].kind, ValueChange::Kind::Deleted);
  EXPECT_EQ(state().findValue("a"), nullptr);
  EXPECT_EQ(run(DeleteValue{"a", {}}).code, OutcomeCode::NotFound);
  EXPECT_EQ(state().values.weight(), 0u);
}

TEST_F(Values, LimitsAreExact) {
  EXPECT_TRUE(run(SetValue{std::string(512, 'k'), "", {}}).applied());
  EXPECT_EQ(run(SetValue{std::string(513, 'k'), "", {}}).code, OutcomeCode::InvalidArgument);
  EXPECT_EQ(run(SetValue{"", "", {}}).code, OutcomeCode::InvalidArgument);
  EXPECT_EQ(run(SetValue{"\xc0\x80", "", {}}).code, OutcomeCode::InvalidArgument);
  EXPECT_TRUE(run(SetValue{"k\xc3\xa4se", std::string("\0\xff", 2), {}}).applied()) << "values are any bytes";
  EXPECT_TRUE(run(SetValue{"big", std::string(kMaxValueBytes, 'v'), {}}).applied());
  EXPECT_EQ(run(SetValue{"big", std::string(kMaxValueBytes + 1, 'v'), {}}).code, OutcomeCode::ValueTooLarge);
  EXPECT_EQ(get("big").size(), kMaxValueBytes);
}

TEST_F(Values, ListingByPrefixIsOrdered) {
  for (const char* key : {"b/2", "a", "b/10", "b/1", "c"}) run(SetValue{key, "x", {}});
  std::vector<std::string> found;
  for (auto at = state().values.from("b/"); at && at->key.starts_with("b/"); ++at) found.push_back(at->key);
  EXPECT_EQ(found, (std::vector<std::string>{"b/1", "b/10", "b/2"}));
}

class SmallLimits : public StateFixture {
 protected:
  void SetUp() override {
    ClusterFacts facts = clusterFacts(1, 1);
    facts.valueQuotaBytes = 2 * kValueOverheadBytes + 20;
    facts.idempotencyRetain = 3;
    facts.eventsRetain = 5;
    create(facts);
  }
};

TEST_F(SmallLimits, TheQuotaCountsKeysValuesAndKeeping) {
  ASSERT_TRUE(run(SetValue{"a", "123456789", {}}).applied());
  ASSERT_TRUE(run(SetValue{"b", "123456789", {}}).applied());
  EXPECT_EQ(state().values.weight(), state().facts->valueQuotaBytes);
  EXPECT_EQ(run(SetValue{"b", "1234567890", {}}).code, OutcomeCode::QuotaExceeded);
  EXPECT_EQ(run(SetValue{"c", "", {}}).code, OutcomeCode::QuotaExceeded);
  EXPECT_TRUE(run(SetValue{"b", "987654321", {}}).applied()) << "a value may be replaced when all is full";
  EXPECT_TRUE(run(DeleteValue{"a", {}}).applied());
  EXPECT_TRUE(run(SetValue{"c", "", {}}).applied());
}

TEST_F(SmallLimits, OnlyTheNewestEventsAreKeptWithoutAHoleInTheirNumbers) {
  for (int i = 0; i < 20; ++i) run(SetValue{"a", std::to_string(i % 10), {}});
  EXPECT_EQ(state().events.size(), 5u);
  EXPECT_EQ(state().oldestEvent().value + 5, state().nextEvent.value);
  for (auto seq = state().oldestEvent(); seq < state().nextEvent; seq = EventSeq(seq.value + 1)) {
    ASSERT_NE(state().findEvent(seq), nullptr);
    EXPECT_EQ(state().findEvent(seq)->seq, seq);
  }
  EXPECT_EQ(state().findEvent(EventSeq(1)), nullptr);
}

TEST_F(SmallLimits, S103_ARepeatedRequestIsAppliedOnceAndGetsTheFirstResult) {
  const Outcome first = run(SetValue{"a", "1", {}}, Idempotency{"req-1", {}});
  run(SetValue{"a", "2", {}});
  term_ = Epoch(2);  // a new leader
  const Outcome again = run(SetValue{"a", "1", {}}, Idempotency{"req-1", {}});
  EXPECT_EQ(again, first);
  EXPECT_EQ(*state().findValue("a")->bytes, "2");
  EXPECT_TRUE(events_.empty());
}

TEST_F(SmallLimits, S103_ARefusalIsRememberedToo) {
  const Outcome first = run(SetValue{"a", "1", 77}, Idempotency{"req-1", {}});
  EXPECT_EQ(first.code, OutcomeCode::VersionConflict);
  run(SetValue{"a", "2", {}});
  EXPECT_EQ(run(SetValue{"a", "1", 77}, Idempotency{"req-1", {}}), first);
}

TEST_F(SmallLimits, S104_ARepeatedRequestIsKnownAfterASnapshot) {
  const Outcome first = run(SetValue{"a", "1", {}}, Idempotency{"req-1", {}});
  auto restored = readSnapshot(writeSnapshot(state()));
  ASSERT_TRUE(std::holds_alternative<ClusterState>(restored));
  builder_ = StateBuilder(std::get<ClusterState>(std::move(restored)));
  EXPECT_EQ(run(SetValue{"a", "1", {}}, Idempotency{"req-1", {}}), first);
  EXPECT_TRUE(events_.empty());
}

TEST_F(SmallLimits, S105_AKeyUsedForAnotherRequestIsRefused) {
  run(SetValue{"a", "1", {}}, Idempotency{"req-1", {}});
  EXPECT_EQ(run(SetValue{"a", "2", {}}, Idempotency{"req-1", {}}).code, OutcomeCode::IdempotencyConflict);
  EXPECT_EQ(run(DeleteValue{"a", {}}, Idempotency{"req-1", {}}).code, OutcomeCode::IdempotencyConflict);
  EXPECT_EQ(*state().findValue("a")->bytes, "1");
}

// What the leader makes of a request differs from time to time; the request is the same.
TEST_F(SmallLimits, ARequestThatTheLeaderTurnsIntoACommandIsKnownByWhatWasAsked) {
  const Idempotency asked{"req-1", {}, "rebalance"};
  EXPECT_EQ(outcomeOfRepeated(state(), asked), std::nullopt);
  const Outcome first = run(SetValue{"a", "planned then", {}}, asked);
  ASSERT_TRUE(first.applied());
  EXPECT_EQ(outcomeOfRepeated(state(), asked), first);
  EXPECT_EQ(run(SetValue{"a", "planned now", {}}, asked), first);
  EXPECT_EQ(*state().findValue("a")->bytes, "planned then");
  const Idempotency other{"req-1", {}, "remove node-2"};
  EXPECT_EQ(outcomeOfRepeated(state(), other)->code, OutcomeCode::IdempotencyConflict);
  EXPECT_EQ(run(SetValue{"a", "x", {}}, other).code, OutcomeCode::IdempotencyConflict);
  EXPECT_EQ(run(SetValue{"a", "planned then", {}}, Idempotency{"req-1", {}}).code,
            OutcomeCode::IdempotencyConflict);
}

TEST_F(SmallLimits, S106_AForgottenRequestIsRefusedNotAppliedAgain) {
  run(SetValue{"a", "0", {}}, Idempotency{"req-0", {}});
  for (int i = 1; i <= 3; ++i)
    run(SetValue{"a", std::to_string(i), {}}, Idempotency{"req-" + std::to_string(i), {}});
  EXPECT_EQ(state().idempotency.size(), 3u);
  const Outcome late = run(SetValue{"a", "0", {}}, Idempotency{"req-0", {}});
  EXPECT_EQ(late.code, OutcomeCode::IdempotencyExpired);
  EXPECT_EQ(*state().findValue("a")->bytes, "3");
}

TEST_F(SmallLimits, S106_WhenEvenTheFingerprintIsGoneTheKnownIndexTells) {
  const LogIndex known = state().appliedIndex;
  const Idempotency request{"first", known};
  run(SetValue{"a", "0", {}}, request);
  for (int i = 0; i < 60; ++i) run(SetValue{"a", "1", {}}, Idempotency{"req-" + std::to_string(i), {}});
  EXPECT_EQ(state().retiredKeys.size(), 30u);
  EXPECT_EQ(state().retiredOrder.size(), 30u);
  EXPECT_EQ(run(SetValue{"a", "0", {}}, request).code, OutcomeCode::IdempotencyExpired);
  EXPECT_TRUE(run(SetValue{"a", "5", {}}, Idempotency{"new", state().appliedIndex}).applied());
}

// Three results and thirty fingerprints are kept here. The limit of the promise: what is older is new again,
// unless the client says what it had seen when it first asked.
TEST_F(SmallLimits, S106_BeyondElevenTimesWhatIsRetainedOnlyAClientThatSaysWhatItKnewIsRefused) {
  const Idempotency silent{"silent", {}}, telling{"telling", state().appliedIndex};
  ASSERT_TRUE(run(SetValue{"a", "first", {}}, silent).applied());
  ASSERT_TRUE(run(SetValue{"b", "first", {}}, telling).applied());
  auto othersAsk = [&, asked = 0](int times) mutable {
    for (; times > 0; --times) {
      const Idempotency other{"other-" + std::to_string(++asked), {}};
      ASSERT_TRUE(run(SetValue{"a", "then", {}}, other).applied());
      ASSERT_TRUE(run(SetValue{"b", "then", {}}).applied());
    }
  };
  othersAsk(31);
  EXPECT_EQ(run(SetValue{"a", "first", {}}, silent).code, OutcomeCode::IdempotencyExpired);
  EXPECT_EQ(run(SetValue{"b", "first", {}}, telling).code, OutcomeCode::IdempotencyExpired);
  othersAsk(2);
  EXPECT_EQ(run(SetValue{"b", "first", {}}, telling).code, OutcomeCode::IdempotencyExpired);
  EXPECT_EQ(*state().findValue("b")->bytes, "then");
  EXPECT_TRUE(run(SetValue{"a", "first", {}}, silent).applied()) << "nothing is known of it any more";
  EXPECT_EQ(*state().findValue("a")->bytes, "first");
}

TEST_F(SmallLimits, AnIdempotencyKeyHasALimit) {
  EXPECT_EQ(run(SetValue{"a", "1", {}}, Idempotency{std::string(256, 'k'), {}}).code,
            OutcomeCode::InvalidArgument);
  EXPECT_EQ(run(SetValue{"a", "1", {}}, Idempotency{"", {}}).code, OutcomeCode::InvalidArgument);
  EXPECT_EQ(state().findValue("a"), nullptr);
}

class Services : public StateFixture {
 protected:
  void SetUp() override { create(); }
  static NodeSpec withService(int number, std::uint32_t port) {
    NodeSpec spec = nodeSpec(number);
    spec.services.push_back({"kv", "", "", port, {"fast"}, {{"rack", "7"}}});
    return spec;
  }
};

TEST_F(Services, InstancesFollowTheirNode) {
  ASSERT_TRUE(run(AddNode{withService(2, 9000), {}}).applied());
  EXPECT_EQ(eventTypes(), (std::vector<std::string>{"node_join", "service_change"}));
  ASSERT_EQ(findInstances(state(), {"kv", "fast"}).size(), 1u);
  EXPECT_EQ(findInstances(state(), {"kv", "fast"})[0].node, "node-2");
  EXPECT_TRUE(findInstances(state(), {"k", ""}).empty());
  ASSERT_TRUE(run(UpdateNode{withService(2, 9001)}).applied());
  EXPECT_EQ(eventsOf<ServiceChange>()[0].kind, ServiceChange::Kind::Updated);
  ASSERT_TRUE(run(status(2, NodeStatus::Down)).applied());
  EXPECT_EQ(eventsOf<ServiceChange>()[0].kind, ServiceChange::Kind::Failing);
  EXPECT_TRUE(findInstances(state(), {"kv", "", ServiceQuery::Want::PassingOnly}).empty());
  EXPECT_EQ(listServices(state())[0].instances, 1u);
  EXPECT_EQ(listServices(state())[0].passing, 0u);
  ASSERT_TRUE(run(RejoinNode{withService(2, 9001), {}}).applied());
  EXPECT_EQ(eventsOf<ServiceChange>()[0].kind, ServiceChange::Kind::Passing);
  ASSERT_TRUE(run(RemoveNode{MemberId(2)}).applied());
  EXPECT_EQ(eventsOf<ServiceChange>()[0].kind, ServiceChange::Kind::Deregistered);
  EXPECT_TRUE(state().services.empty());
}

TEST_F(Services, OneIdOfAServiceIsOnOneNode) {
  NodeSpec second = withService(2, 1);
  second.services[0].id = "a";
  ASSERT_TRUE(run(AddNode{second, {}}).applied());
  NodeSpec third = withService(3, 1);
  third.services[0].id = "a";
  EXPECT_EQ(run(AddNode{third, {}}).code, OutcomeCode::InvalidArgument);
}

}  // namespace
}  // namespace clusterkit

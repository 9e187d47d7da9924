#include "cluster/recent_states.hpp"

#include "state_fixture.hpp"

namespace clusterkit {
namespace {

class Recent : public StateFixture {
 protected:
  void SetUp() override { create(); }
  RecentStates recent_;
};

TEST_F(Recent, AnIndexGivesTheHashOfItsState) {
  run(SetValue{"a", "1", {}});
  recent_.add(state());
  const LogIndex index = state().appliedIndex;
  const std::uint64_t hash = stateHash(state());
  addActive(2);
  assign({{PartitionId(0), owners({2, 1})}});
  recent_.add(state());
  EXPECT_EQ(recent_.hashAt(index), hash);
  EXPECT_EQ(recent_.hashAt(state().appliedIndex), stateHash(state()));
  EXPECT_NE(recent_.hashAt(index), recent_.hashAt(state().appliedIndex));
  EXPECT_EQ(recent_.hashAt(LogIndex(12345)), std::nullopt);
}

TEST_F(Recent, OnlyTheLastStatesAreKnown) {
  const LogIndex first = state().appliedIndex;
  recent_.add(state());
  for (std::size_t i = 0; i < RecentStates::kKept; ++i) {
    run(SetValue{"a", std::to_string(i), {}});
    recent_.add(state());
  }
  EXPECT_EQ(recent_.hashAt(first), std::nullopt);
  EXPECT_TRUE(recent_.hashAt(LogIndex(first.value + 1)));
  recent_.clear();
  EXPECT_EQ(recent_.hashAt(state().appliedIndex), std::nullopt);
}

TEST_F(Recent, AnOldStatesValuesAreNotKeptAlive) {
  run(SetValue{"big", std::string(kMaxValueBytes, 'v'), {}});
  const std::weak_ptr<const std::string> bytes = state().findValue("big")->bytes;
  recent_.add(state());
  run(DeleteValue{"big", {}});
  recent_.add(state());
  EXPECT_TRUE(bytes.expired());
}

TEST(RecentMaps, ManyLargePartitionMapsAreBoundedTogether) {
  RecentStates recent;
  for (std::uint64_t i = 1; i <= 10; ++i) {
    ClusterState state;
    state.appliedIndex = LogIndex(i);
    state.partitions = std::make_shared<const PartitionMap>(65'536);
    recent.add(state);
  }
  EXPECT_TRUE(recent.hashAt(LogIndex(10)));
  EXPECT_TRUE(recent.hashAt(LogIndex(9)));
  EXPECT_EQ(recent.hashAt(LogIndex(8)), std::nullopt);
}

}  // namespace
}  // namespace clusterkit

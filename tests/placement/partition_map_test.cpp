#include "placement/partition_map.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace clusterkit {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const MemberId kA{11}, kB{22}, kC{33};

TEST(PartitionMap, StartsWithPartitionsThatNobodyOwns) {
  const PartitionMap map(4);
  EXPECT_EQ(map.partitionCount(), 4u);
  EXPECT_EQ(map.epoch(), Epoch(0));
  EXPECT_THAT(map.ownersOf(PartitionId(3)), IsEmpty());
  EXPECT_EQ(map.primaryOf(PartitionId(3)), MemberId());
  EXPECT_THAT(map.replicasOf(PartitionId(3)), IsEmpty());
}

TEST(PartitionMap, LookupGivesPartitionEpochAndOwnersOfTheKey) {
  const OwnerChange change{PartitionId(11), {kB, kA}};  // "foo" is in partition 11 of 16
  const PartitionMap map = PartitionMap(16).withOwners({&change, 1});
  const auto found = map.lookup("foo");
  EXPECT_EQ(found.partition, PartitionId(11));
  EXPECT_EQ(found.epoch, Epoch(1));
  EXPECT_THAT(found.owners, ElementsAre(kB, kA));
  EXPECT_EQ(map.primaryOf(found.partition), kB);
  EXPECT_THAT(map.replicasOf(found.partition), ElementsAre(kA));
  EXPECT_TRUE(map.owns(kA, found.partition));
  EXPECT_FALSE(map.owns(kC, found.partition));
}

TEST(PartitionMap, EpochsRiseOnlyWhereOwnersOrTheirOrderChange) {
  const PartitionMap first = PartitionMap(3).withOwners(
      std::vector<OwnerChange>{{PartitionId(0), {kA, kB}}, {PartitionId(1), {kB}}});
  EXPECT_EQ(first.epoch(), Epoch(1));

  const PartitionMap second = first.withOwners(
      std::vector<OwnerChange>{{PartitionId(0), {kB, kA}}, {PartitionId(1), {kB}}, {PartitionId(2), {kC}}});
  EXPECT_EQ(second.epoch(), Epoch(2));
  EXPECT_EQ(second.epochOf(PartitionId(0)), Epoch(2));
  EXPECT_EQ(second.epochOf(PartitionId(1)), Epoch(1)) << "named, but not changed";
  EXPECT_EQ(second.epochOf(PartitionId(2)), Epoch(1));
  EXPECT_THAT(first.ownersOf(PartitionId(0)), ElementsAre(kA, kB)) << "the old map stays as it was";

  const OwnerChange same{PartitionId(2), {kC}};
  EXPECT_EQ(second.withOwners({&same, 1}), second);
}

TEST(PartitionMap, IsTheSameAfterAStoredRoundTrip) {
  const std::vector<PartitionMap::Entry> entries{{{kA, kB}, Epoch(7)}, {{}, Epoch(0)}, {{kC}, Epoch(2)}};
  const PartitionMap map(entries, Epoch(9));
  std::vector<PartitionMap::Entry> again;
  for (std::uint32_t p = 0; p < map.partitionCount(); ++p) {
    again.push_back({map.assignment()[p], map.epochOf(PartitionId(p))});
  }
  EXPECT_EQ(PartitionMap(again, map.epoch()), map);
  EXPECT_EQ(map.epoch(), Epoch(9));
}

TEST(PartitionMap, RefusesOwnersThatMakeNoSense) {
  const PartitionMap map(2);
  const auto changes = [](PartitionId partition, Owners owners) {
    return std::vector<OwnerChange>{{partition, std::move(owners)}};
  };
  EXPECT_THROW(map.withOwners(changes(PartitionId(2), {kA})), std::invalid_argument);
  EXPECT_THROW(map.withOwners(changes(PartitionId(0), {kA, kA})), std::invalid_argument);
  EXPECT_THROW(map.withOwners(changes(PartitionId(0), {MemberId(0)})), std::invalid_argument);
  EXPECT_THROW(map.withOwners(std::vector<OwnerChange>{{PartitionId(0), {kA}}, {PartitionId(0), {kB}}}),
               std::invalid_argument);
  const std::vector<PartitionMap::Entry> twice{{{kA, kA}, Epoch(1)}};
  EXPECT_THROW(PartitionMap(twice, Epoch(1)), std::invalid_argument);
}

}  // namespace
}  // namespace clusterkit

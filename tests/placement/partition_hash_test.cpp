#include "placement/partition_hash.hpp"

#include <gtest/gtest.h>

namespace clusterkit {
namespace {

struct Published {
  std::string_view key;
  std::uint32_t hash, of16, of64;
};

// Published in semantics.md: clients in other languages compute the same numbers.
constexpr Published kVectors[] = {
    {"user:123", 2430271536, 0, 48},    {"user:1", 3182550288, 0, 16}, {"order:100", 3739334958, 14, 46},
    {"product:abc", 2034088786, 2, 18}, {"foo", 2898073819, 11, 27},   {"", 3558706393, 9, 25},
};

TEST(PartitionHash, GivesThePublishedVectors) {
  for (const Published& v : kVectors) {
    EXPECT_EQ(partitionHash(v.key), v.hash) << v.key;
    EXPECT_EQ(partitionOfKey(v.key, 16), PartitionId(v.of16)) << v.key;
    EXPECT_EQ(partitionOfKey(v.key, 64), PartitionId(v.of64)) << v.key;
  }
}

TEST(PartitionHash, TakesAnyBytesAndAnyLength) {
  EXPECT_EQ(partitionHash(std::string_view("\0", 1)), 0x93b885adu);  // MD5 of one zero byte: 93b885ad...
  EXPECT_EQ(partitionHash(std::string(1'000'000, 'a')),
            0x7707d6aeu);  // RFC 1321's million letters: 7707d6ae...
}

TEST(PartitionId, ReadsWhatItPrintsAndNothingElse) {
  EXPECT_EQ(toString(PartitionId(0)), "partition-0");
  EXPECT_EQ(parsePartitionId("partition-0"), PartitionId(0));
  EXPECT_EQ(parsePartitionId("partition-4095"), PartitionId(4095));
  for (const char* wrong :
       {"", "partition-", "partition", "7", "partition-07", "partition-+7", "partition--1", "partition-7 ",
        " partition-7", "Partition-7", "partition-4294967296", "partition-7x"}) {
    EXPECT_EQ(parsePartitionId(wrong), std::nullopt) << wrong;
  }
}

}  // namespace
}  // namespace clusterkit

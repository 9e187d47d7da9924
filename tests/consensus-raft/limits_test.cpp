// Limits in bytes and of single commands, one leader at a time: scenarios 35 and 36. Whole clusters at their
// limits: repair_test.cpp.
#include <gtest/gtest.h>

#include "support/solo_node.hpp"

namespace clusterkit::raft::test {
namespace {

const Configuration abc = configurationOf({A, B, C});

// Of all entries that were sent to this member.
std::uint64_t bytesSentTo(const SoloNode& node, MemberId member) {
  std::uint64_t sum = 0;
  for (const AppendRequest& request : node.all<AppendRequest>(member)) {
    for (const Entry& e : request.entries) sum += sizeOf(e);
  }
  return sum;
}

std::vector<Bytes> commandsOf(std::size_t count, std::size_t size) {
  return std::vector<Bytes>(count, bytes(std::string(size, 'x')));
}

TEST(Limits, S035_InOneBatchOnlyTheCommandThatIsTooLargeIsRefused) {
  Options options = testOptions();
  options.maxEntryBytes = 100;
  SoloNode node(stateOf(A, abc, {}), SoloNode::Disk::Instant, options);
  node.lead({B});
  const LogIndex before = node.status().lastIndex;
  node.step(Propose{{bytes(std::string(101, 'x')), bytes(std::string(100, 'y'))}, Handle{1}});
  EXPECT_EQ(node.outcome(Handle{1}), OutcomeCode::TooLarge);
  EXPECT_EQ(node.outcome(Handle{2}), std::nullopt) << "no majority has it yet";
  EXPECT_EQ(node.status().lastIndex, next(before)) << "the refused one is in the log";
  node.receive(B, node.status().term, AppendAccepted{next(before)});
  EXPECT_EQ(node.outcome(Handle{2}), OutcomeCode::Ok);
  ASSERT_FALSE(node.applied().empty());
  EXPECT_EQ(node.applied().back().command(), std::string(100, 'y'));
  EXPECT_EQ(node.outcomes().size(), 2u);
}

// A batch has no limit of its own: it leaves in as many appends as it needs.
TEST(Limits, S035_ABatchOverTheSizeOfAnAppendIsSentInSeveral) {
  Options options = testOptions();
  options.maxAppendBytes = 500;
  SoloNode node(stateOf(A, abc, {}), SoloNode::Disk::Instant, options);
  node.lead({B});
  node.receive(B, node.status().term, AppendAccepted{node.status().lastIndex});
  node.forget();
  node.step(Propose{commandsOf(20, 100), Handle{1}});
  EXPECT_GT(node.all<AppendRequest>(B).size(), 4u);
  for (const AppendRequest& request : node.all<AppendRequest>(B)) {
    std::uint64_t size = 0;
    for (const Entry& e : request.entries) size += sizeOf(e);
    EXPECT_LE(size, options.maxAppendBytes);
  }
  node.receive(B, node.status().term, AppendAccepted{node.status().lastIndex});
  for (std::uint64_t i = 1; i <= 20; ++i) EXPECT_EQ(node.outcome(Handle{i}), OutcomeCode::Ok) << i;
}

// Messages are plenty: it is the bytes that close the window.
Options windowOfTwoThousandBytes() {
  Options options = testOptions();
  options.maxInflightMessages = 64;
  options.maxInflightBytes = 2000;
  options.maxAppendBytes = 500;
  return options;
}

void expectWindowHolds(std::size_t commandSize, std::size_t perBatch) {
  SCOPED_TRACE(std::to_string(perBatch) + " commands of " + std::to_string(commandSize) + " bytes at a time");
  const Options options = windowOfTwoThousandBytes();
  SoloNode node(stateOf(A, abc, {}), SoloNode::Disk::Instant, options);
  node.lead({B});
  const LogIndex noOp = node.status().lastIndex;
  node.receive(B, node.status().term, AppendAccepted{noOp});
  node.forget();
  std::uint64_t handle = 1;
  for (int i = 0; i < 100; ++i, handle += perBatch) {
    node.step(Propose{commandsOf(perBatch, commandSize), Handle{handle}});
    EXPECT_LE(bytesSentTo(node, B), options.maxInflightBytes + options.maxAppendBytes);
  }
  EXPECT_GE(bytesSentTo(node, B), options.maxInflightBytes) << "and the window is used";
  EXPECT_LT(node.all<AppendRequest>(B).size(), options.maxInflightMessages);
  EXPECT_EQ(node.raft().progressOf(B)->inflight.bytes(), bytesSentTo(node, B));

  // What it acknowledges makes room for as much, and no more.
  const AppendRequest first = node.all<AppendRequest>(B).front();
  std::uint64_t acknowledged = 0;
  for (const Entry& e : first.entries) acknowledged += sizeOf(e);
  const std::uint64_t before = bytesSentTo(node, B);
  node.receive(B, node.status().term, AppendAccepted{first.entries.back().index});
  EXPECT_GT(bytesSentTo(node, B), before);
  EXPECT_LE(bytesSentTo(node, B) - acknowledged, options.maxInflightBytes + options.maxAppendBytes);
}

TEST(Limits, S036_BytesUnderWayToASilentFollowerAreBounded) {
  expectWindowHolds(100, 1);
  expectWindowHolds(100, 7);
  expectWindowHolds(400, 3);
}

// All of it is committed, and the log still holds it: only a snapshot makes room.
TEST(Limits, S036_AFullLogRefusesUntilASnapshotHasCutIt) {
  Options options = testOptions();
  options.maxLogBytes = 2000;
  options.snapshotBytes = 1000;
  SoloNode node(stateOf(A, configurationOf({A}), {}), SoloNode::Disk::Instant, options);
  node.timeOut();
  ASSERT_EQ(node.status().role, Role::Leader);
  std::uint64_t handle = 0;
  const auto propose = [&] {
    node.step(Propose{commandsOf(1, 100), Handle{++handle}});
    return node.outcome(Handle{handle});
  };
  while (propose() == OutcomeCode::Ok) ASSERT_LT(handle, 100u) << "the log grows without an end";
  EXPECT_EQ(node.outcome(Handle{handle}), OutcomeCode::Refused);
  EXPECT_EQ(node.status().uncommittedBytes, 0u) << "it is not that which is full";
  EXPECT_GE(node.status().logBytes, options.maxLogBytes);
  EXPECT_LT(node.status().logBytes, options.maxLogBytes + 200);
  EXPECT_EQ(propose(), OutcomeCode::Refused) << "and nothing changes by itself";

  ASSERT_TRUE(node.snapshotAsked().has_value());
  node.step(SnapshotWritten{*node.snapshotAsked()});
  EXPECT_LT(node.status().logBytes, options.maxLogBytes);
  EXPECT_EQ(propose(), OutcomeCode::Ok);
  EXPECT_EQ(node.applied().back().index, node.status().lastIndex);
}

}  // namespace
}  // namespace clusterkit::raft::test

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime_fakes.hpp"

namespace clusterkit {
namespace {

using namespace std::chrono_literals;
using test::FakeNode;
using ::testing::ElementsAre;

// A running node whose fakes the tests drive by hand.
struct StorePortOfNode : ::testing::Test {
  StorePortOfNode() {
    node.startAll();
    node.settle();
    fake = node.store.object;
    raft = node.consensus.object;
  }
  ~StorePortOfNode() override {
    bool over = false;
    node.stack->stop(1s, [&](StopReport) { over = true; });
    node.scheduler.runUntil([&] { return over; }, 10s);
  }

  CallHandler note(std::string what) {
    return [this, what](CallOutcome outcome) {
      ended.push_back(what + " " + std::string(name(outcome.status)));
    };
  }
  ck_status submit(std::uint64_t seq, std::vector<std::uint64_t> indexes = {1}) {
    std::vector<ck_log_entry> entries;
    for (const std::uint64_t index : indexes) entries.push_back({index, 1, 0, 0, span("entry")});
    ck_store_batch batch{};
    batch.size = sizeof batch;
    batch.entries = entries.data();
    batch.entry_count = entries.size();
    return raft->store->submit(raft->storeSelf, &batch, seq);
  }

  static SnapshotMeta at(std::uint64_t index) {
    SnapshotMeta meta;
    meta.index = LogIndex(index);
    return meta;
  }

  FakeNode node;
  test::FakeStore* fake;
  test::FakeConsensus* raft;
  std::vector<std::string> ended;
};

TEST_F(StorePortOfNode, TwoClientsShareOneSequenceAndEachHearsItsOwnNumbers) {
  EXPECT_EQ(submit(1), CK_OK);
  node.stack->store().putMeta("core.a", "1", note("a"));
  EXPECT_EQ(submit(2), CK_OK);
  EXPECT_EQ(submit(3), CK_OK);
  node.stack->store().putMeta("core.b", "2", note("b"));
  EXPECT_THAT(node.store.seqs, ElementsAre(1, 2, 3, 4, 5));

  fake->durable(3);
  node.settle();
  EXPECT_THAT(node.consensus.durable, ElementsAre(2));
  EXPECT_THAT(ended, ElementsAre("a ok"));
  fake->durable(5);
  node.settle();
  EXPECT_THAT(node.consensus.durable, ElementsAre(2, 3));
  EXPECT_THAT(ended, ElementsAre("a ok", "b ok"));
}

TEST_F(StorePortOfNode, ReportsOfDurabilityAddUpWhileTheLoopIsBusy) {
  for (std::uint64_t seq = 1; seq <= 4; ++seq) ASSERT_EQ(submit(seq), CK_OK);
  for (std::uint64_t seq = 1; seq <= 4; ++seq) fake->durable(seq);
  EXPECT_TRUE(node.consensus.durable.empty()) << "never inside the upcall";
  node.settle();
  EXPECT_THAT(node.consensus.durable, ElementsAre(4));
}

TEST_F(StorePortOfNode, DurabilityNeverGoesBackAndNeverBeyondWhatWasSubmitted) {
  ASSERT_EQ(submit(1), CK_OK);
  fake->durable(9);
  node.settle();
  EXPECT_THAT(node.consensus.durable, ElementsAre(1));
  EXPECT_EQ(node.stack->faults(), 1U);
  fake->durable(0);
  node.settle();
  EXPECT_THAT(node.consensus.durable, ElementsAre(1));
}

TEST_F(StorePortOfNode, AFailedSyncIsFinalForEverybodyAndEndsTheNodeWithItsExitCode) {
  ASSERT_EQ(submit(1), CK_OK);
  ASSERT_EQ(submit(2), CK_OK);
  node.stack->store().putMeta("core.a", "1", note("a"));
  fake->failSync(1);
  fake->durable(3);
  node.settle();
  EXPECT_THAT(node.consensus.durable, ElementsAre(1, 1));
  EXPECT_EQ(node.consensus.storeFailures, 1);
  EXPECT_THAT(ended, ElementsAre("a unknown"));
  EXPECT_EQ(submit(3), CK_UNAVAILABLE);
  ASSERT_EQ(node.fatals.size(), 1U);
  EXPECT_EQ(node.fatals[0].second, PluginExit::StoreFailed);
  EXPECT_THAT(node.fatals[0].first, ::testing::HasSubstr("store fake failed: sync failed"));
}

TEST_F(StorePortOfNode, WhatABusyStoreRefusesIsTriedAgainWhenThereIsRoom) {
  node.store.submit = CK_AGAIN;
  EXPECT_EQ(submit(1), CK_AGAIN);
  node.stack->store().putMeta("core.a", "1", note("a"));
  node.stack->store().putMeta("core.b", "1", note("b"));
  node.settle();
  EXPECT_TRUE(ended.empty());
  node.store.submit = CK_OK;
  fake->writable();
  node.settle();
  EXPECT_EQ(node.consensus.storeWritable, 1);
  EXPECT_EQ(submit(1), CK_OK) << "a refused batch has used no number";
  fake->durable(3);
  node.settle();
  EXPECT_THAT(ended, ElementsAre("a ok", "b ok"));
}

TEST_F(StorePortOfNode, AFullDiskIsTheAnswerAtOnce) {
  node.store.submit = CK_NO_SPACE;
  node.stack->store().putMeta("core.a", "1", note("a"));
  EXPECT_TRUE(ended.empty()) << "never inside the call";
  node.settle();
  EXPECT_THAT(ended, ElementsAre("a no_space"));
}

TEST_F(StorePortOfNode, NamedValuesAreWrittenReadAndErased) {
  std::vector<std::string> read;
  const auto note_value = [&](Result<std::optional<std::string>> value) {
    read.push_back(!value ? "error" : value.value() ? *value.value() : "none");
  };
  StorePort& store = node.stack->store();
  store.putMeta("core.a", "", note("put"));
  store.getMeta("core.a", note_value);
  store.eraseMeta("core.a", note("erase"));
  store.getMeta("core.a", note_value);
  fake->durable(2);
  node.settle();
  EXPECT_THAT(read, ElementsAre("", "none"));
  EXPECT_THAT(ended, ElementsAre("put ok", "erase ok"));
}

TEST_F(StorePortOfNode, NamesAndValuesHaveLimits) {
  StorePort& store = node.stack->store();
  store.putMeta("", "x", note("no name"));
  store.putMeta(std::string(256, 'n'), "x", note("long name"));
  store.putMeta(std::string("a\0b", 3), "x", note("zero in name"));
  store.putMeta("core.big", std::string(64 * 1024 + 1, 'x'), note("long value"));
  node.settle();
  EXPECT_THAT(ended, ElementsAre("no name invalid", "long name invalid", "zero in name invalid",
                                 "long value invalid"));
  EXPECT_TRUE(node.store.seqs.empty());
}

TEST_F(StorePortOfNode, ASnapshotIsWrittenInPiecesAndReadBackWhole) {
  std::string state(3 * snapshotPiece + 17, 's');
  state[snapshotPiece] = 't';
  node.stack->store().createSnapshot(at(40), piecesOf(state), note("write"));
  node.settle();
  EXPECT_THAT(ended, ElementsAre("write ok"));
  EXPECT_EQ(fake->chunks, 4);

  std::optional<Result<Snapshot>> read;
  node.stack->store().readSnapshot([&](Result<Snapshot> snapshot) { read.emplace(std::move(snapshot)); });
  node.settle();
  ASSERT_TRUE(read && read->ok());
  EXPECT_EQ(read->value().bytes, state);
  EXPECT_EQ(read->value().meta.index, LogIndex(40));
  EXPECT_EQ(fake->openReaders, 0) << "the handle is closed";
}

TEST_F(StorePortOfNode, OnlyOneSnapshotOfTheCoreIsWrittenAtATime) {
  node.stack->store().createSnapshot(at(1), piecesOf("a"), note("first"));
  node.stack->store().createSnapshot(at(2), piecesOf("b"), note("second"));
  node.settle();
  EXPECT_THAT(ended, ElementsAre("second conflict", "first ok"));
  node.stack->store().createSnapshot(at(3), piecesOf("c"), note("third"));
  node.settle();
  EXPECT_THAT(ended.back(), "third ok");
}

TEST_F(StorePortOfNode, ASnapshotOfTheConsensusAbortsTheCoresWhichIsTold) {
  node.stack->store().createSnapshot(at(1), piecesOf(std::string(2 * snapshotPiece, 'a')), note("core's"));
  ck_snap_meta meta{};
  meta.size = sizeof meta;
  meta.index = 50;
  std::uint64_t handle = 0;
  ASSERT_EQ(raft->store->snap_create(raft->storeSelf, &meta, &handle), CK_OK);
  node.settle();
  EXPECT_THAT(ended, ElementsAre("core's stale"));
  EXPECT_EQ(fake->aborts, 1);
}

TEST_F(StorePortOfNode, AnAbsentSnapshotIsNotFound) {
  std::optional<Status> status;
  node.stack->store().readSnapshot([&](Result<Snapshot> snapshot) { status = snapshot.failure().status; });
  node.settle();
  EXPECT_EQ(status, Status::NotFound);
}

TEST_F(StorePortOfNode, TheProxyRefusesBrokenBatches) {
  EXPECT_EQ(submit(2), CK_INVALID) << "seq must rise by one";
  EXPECT_EQ(submit(1, {4, 6}), CK_INVALID) << "a gap between entries";
  EXPECT_EQ(submit(1, {0}), CK_INVALID) << "index 0";
  EXPECT_EQ(raft->store->submit(raft->storeSelf, nullptr, 1), CK_INVALID);
  ck_store_batch batch{};
  batch.size = 8;
  EXPECT_EQ(raft->store->submit(raft->storeSelf, &batch, 1), CK_INVALID) << "a struct that is too short";
  batch.size = sizeof batch;
  batch.entry_count = 1;
  EXPECT_EQ(raft->store->submit(raft->storeSelf, &batch, 1), CK_INVALID) << "entries are null";
  ck_log_entry entry{1, 1, 0, 0, {nullptr, 5}};
  batch.entries = &entry;
  EXPECT_EQ(raft->store->submit(raft->storeSelf, &batch, 1), CK_INVALID) << "bytes are null";
  const ck_named_value value{"", span("x")};
  batch.entry_count = 0;
  batch.meta = &value;
  batch.meta_count = 1;
  EXPECT_EQ(raft->store->submit(raft->storeSelf, &batch, 1), CK_INVALID) << "an empty name";
  EXPECT_EQ(node.stack->faults(), 8U);
  EXPECT_TRUE(node.store.seqs.empty()) << "nothing of this has reached the store";
  EXPECT_EQ(submit(1), CK_OK);
}

TEST_F(StorePortOfNode, TheProxyRefusesCallsFromAnotherThreadOfControl) {
  SimulatedLoop another(node.scheduler);
  ck_status status = CK_OK;
  another.post([&] { status = submit(1); });
  node.settle();
  EXPECT_EQ(status, CK_INVALID);
  EXPECT_TRUE(node.log.has("store called outside of the loop"));
}

struct Heard {
  ck_status status = -1;
  std::string text;
};
void hear(void* arg, const ck_result* result) noexcept {
  *static_cast<Heard*>(arg) = {result->status, result->error.msg};
  Buffer(result->payload_take).reset();
}

TEST_F(StorePortOfNode, TokensOfTheConsensusComeBackThroughExpect) {
  Heard heard;
  const ck_token token = raft->upcalls->expect(raft->cx, hear, &heard);
  raft->store->read(raft->storeSelf, 13, 14, 100, token);
  EXPECT_EQ(heard.status, -1) << "never inside the call";
  node.settle();
  EXPECT_EQ(heard.status, CK_CORRUPT);
  EXPECT_EQ(heard.text, "nothing there");
}

TEST_F(StorePortOfNode, ATokenServesOneCallOnly) {
  Heard heard;
  const ck_token token = raft->upcalls->expect(raft->cx, hear, &heard);
  raft->store->meta_get(raft->storeSelf, "x", token);
  raft->store->meta_get(raft->storeSelf, "x", token);
  raft->store->meta_get(raft->storeSelf, "x", 4711);
  EXPECT_EQ(node.stack->faults(), 2U);
  node.settle();
  EXPECT_EQ(heard.status, CK_NOT_FOUND);
}

TEST_F(StorePortOfNode, OpenAndStopAreTheHostsAlone) {
  Heard opened, stopped, badRange;
  raft->store->open(raft->storeSelf, raft->upcalls->expect(raft->cx, hear, &opened));
  raft->store->stop(raft->storeSelf, raft->upcalls->expect(raft->cx, hear, &stopped));
  raft->store->read(raft->storeSelf, 5, 5, 1, raft->upcalls->expect(raft->cx, hear, &badRange));
  node.settle();
  EXPECT_EQ(opened.status, CK_CONFLICT);
  EXPECT_EQ(stopped.status, CK_DENIED);
  EXPECT_EQ(badRange.status, CK_INVALID);
}

TEST_F(StorePortOfNode, WhatIsNotYetDurableAtTheStopIsPossiblyDone) {
  node.stack->store().putMeta("core.a", "1", note("a"));
  node.store.submit = CK_AGAIN;
  node.stack->store().putMeta("core.b", "1", note("b"));
  bool over = false;
  node.stack->stop(1s, [&](StopReport) { over = true; });
  node.scheduler.runUntil([&] { return over; }, 10s);
  EXPECT_THAT(ended, ElementsAre("a unknown", "b cancelled"));
}

TEST_F(StorePortOfNode, TheLastReportBeforeTheStopStillCounts) {
  node.store.answersStop = false;
  node.stack->store().putMeta("core.a", "1", note("a"));
  node.stack->stop(1s, [](StopReport) {});
  ASSERT_TRUE(node.scheduler.runUntil([&] { return fake->stopToken.has_value(); }, 1s));
  fake->host.complete(*fake->stopToken, CK_OK);
  fake->durable(1);
  node.settle();
  EXPECT_THAT(ended, ElementsAre("a ok"));
}

}  // namespace
}  // namespace clusterkit

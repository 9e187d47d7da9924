// Power is lost, or one file operation fails, at any change of the folder: scenarios 48, 49, 50, 54 and 55.
#include <gmock/gmock.h>

#include <atomic>
#include <random>

#include "store_model.hpp"
#include "volatile_disk.hpp"

namespace clusterkit::sqlite {
namespace {

namespace fs = std::filesystem;
using contract::BatchOf;
using contract::Entry;
using contract::StoreUnderTest;
using contract::TempFolder;

const StoreUnderTest::Options busy{{"checkpoint_pages", "50"}, {"high_water_sync", "1ms"}};

fs::path freshFolder(const TempFolder& parent, const std::string& name) {
  fs::create_directory(parent.path() / name);
  return parent.path() / name;
}

// A store at work on the model's life, and what it has promised so far.
class Work {
 public:
  Work(StoreUnderTest& store, const Model& model) : store_(store), model_(model) {
    stepOfSeq_ = {model.step()};
  }

  // One step of the model, now and then a snapshot and a compaction. False when the store has failed.
  bool step() {
    if (store_.submit(model_.next()) != CK_OK) return false;
    stepOfSeq_.push_back(model_.step());
    if (model_.step() % 3 == 0 && !store_.allDurable()) return false;
    return model_.step() % 20 != 0 || snapshot();
  }
  // What was reported durable when the store said so for `seq`.
  std::uint64_t stepOf(std::uint64_t seq) const { return stepOfSeq_.at(seq); }
  std::uint64_t snapshotTold() const { return snapshotTold_; }
  std::uint64_t snapshotsRefused() const { return snapshotsRefused_; }

 private:
  bool snapshot() {
    const std::optional<Entry> e = model_.settled();
    if (!e || !store_.allDurable()) return !e;
    const ck_status status = store_.snapshot(e->index, e->term, stateAt(*e));
    if (status == CK_OK) snapshotTold_ = e->index;
    if (status == CK_IO) ++snapshotsRefused_;
    if (status != CK_OK || e->index <= 15) return true;
    if (store_.submit(BatchOf().compactTo(e->index - 15)) != CK_OK) return false;
    stepOfSeq_.push_back(model_.step());
    return true;
  }

  StoreUnderTest& store_;
  Model model_;
  std::vector<std::uint64_t> stepOfSeq_;
  std::atomic<std::uint64_t> snapshotTold_{0};
  std::uint64_t snapshotsRefused_ = 0;
};

// The store of this folder is whole, and holds the model's life up to `told` at least.
void expectWhole(const fs::path& folder, Model& model, std::uint64_t told, std::uint64_t snapshotTold) {
  StoreUnderTest store("sqlite", folder);
  const auto opened = store.open();
  ASSERT_EQ(opened.status, CK_OK) << opened.error;
  EXPECT_FALSE(opened.repairing()) << "nothing that was acknowledged is missing";
  EXPECT_GE(opened.image.snapshot.index, snapshotTold) << "a snapshot that was reported durable is gone";
  expectPrefix(store, opened, model, told);
  EXPECT_EQ(store.stop(), CK_OK);
}

TEST(PowerLoss, S048_AStoreThatIsBeingMadeIsThenAbsentOrComplete) {
  TempFolder folder(contract::memoryFolder());
  std::uint64_t change = 1;
  for (bool reached = true; reached; ++change) {
    for (std::uint64_t seed = 1; reached && seed <= 5; ++seed) {
      SCOPED_TRACE("change " + std::to_string(change) + ", seed " + std::to_string(seed));
      const fs::path data = freshFolder(folder, "data"), image = folder.path() / "image";
      {
        VolatileDisk disk(data);
        StoreUnderTest store("sqlite", data);
        disk.losePowerAt(change, image, seed);
        ASSERT_EQ(store.open().status, CK_OK);
        ASSERT_EQ(store.stop(), CK_OK);
        reached = disk.hasLostPower();
      }
      if (reached) {
        StoreUnderTest store("sqlite", image);
        const auto opened = store.open();
        ASSERT_EQ(opened.status, CK_OK) << opened.error;
        EXPECT_FALSE(opened.repairing());
        EXPECT_EQ(opened.image.last_index, 0u);
        EXPECT_EQ(opened.image.hard.term, 0u);
        ASSERT_EQ(store.submit(BatchOf().hard(1, 1, 0).entry(1, 1, "x")), CK_OK);
        EXPECT_TRUE(store.allDurable());
      }
      fs::remove_all(data);
      fs::remove_all(image);
    }
  }
  EXPECT_GT(change, 15u) << "an open makes more changes than that";
}

// One life through two hundred of them: the next round works on what the last one left. What a snapshot holds
// and the index that it stands for stay one (scenario 50).
TEST(PowerLoss, S049_S050_TwoHundredOfThemLoseNothingThatWasDurable) {
  TempFolder folder(contract::memoryFolder());
  Model model;
  std::mt19937_64 random(49);
  fs::path data = freshFolder(folder, "0");
  std::uint64_t snapshots = 0;
  for (int round = 1; round <= 200; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    const fs::path image = folder.path() / std::to_string(round);
    std::uint64_t toldSeq = 0, toldSnapshot = 0, toldStep = 0;
    {
      VolatileDisk disk(data);
      StoreUnderTest store("sqlite", data, busy);
      Work work(store, model);
      disk.losePowerAt(1 + random() % 400, image, random(), [&] {
        toldSeq = store.durable();
        toldSnapshot = work.snapshotTold();
      });
      ASSERT_EQ(store.open().status, CK_OK);
      for (int i = 0; i < 1000 && !disk.hasLostPower(); ++i) ASSERT_TRUE(work.step());
      ASSERT_TRUE(disk.hasLostPower()) << "the disk sees no changes";
      toldStep = work.stepOf(toldSeq);
      ASSERT_EQ(store.stop(), CK_OK);
    }
    expectWhole(image, model, toldStep, toldSnapshot);
    if (HasFailure()) return;
    snapshots += toldSnapshot != 0 ? 1 : 0;
    fs::remove_all(data);
    data = image;
  }
  EXPECT_GT(model.step(), 3000u);
  EXPECT_GT(snapshots, 20u);
}

// One life of a store in which one change fails: how it ended, and what it had promised by then.
struct Life {
  enum class End { done, refusedOpen, failed } end = End::done;
  std::uint64_t told = 0, snapshotTold = 0, snapshotsRefused = 0;
};
constexpr int stepsOfALife = 45;

Life liveWith(StoreUnderTest& store) {
  Work work(store, Model());
  Life life;
  if (store.open().status != CK_OK) {
    life.end = Life::End::refusedOpen;
    return life;
  }
  bool going = true;
  for (int i = 0; i < stepsOfALife && going; ++i) going = work.step();
  if (!going || !store.allDurable()) {
    life.end = Life::End::failed;
    EXPECT_TRUE(store.host().runUntil([&] { return store.host().fatals() > 0; }));
    EXPECT_EQ(store.durableErrors().size(), 1u);
    EXPECT_EQ(store.submit(BatchOf().meta("after", "x")), CK_FATAL);
  }
  const std::uint64_t durable = store.durable();
  life.told = work.stepOf(durable);
  life.snapshotTold = work.snapshotTold();
  life.snapshotsRefused = work.snapshotsRefused();
  EXPECT_EQ(store.stop(), CK_OK);
  EXPECT_EQ(store.durable(), durable) << "something became durable after the failure";
  return life;
}

// Each change fails once, and then power is lost as well: what was reported durable is there, and after a
// failure of the log nothing is reported any more, although every later change would succeed.
TEST(PowerLoss, S054_S055_AFailureOfAnyOneChangeIsReportedOrHarmless) {
  TempFolder folder(contract::memoryFolder());
  std::uint64_t change = 1, refusedOpens = 0, failed = 0, refusedSnapshots = 0;
  for (bool reached = true; reached; ++change) {
    SCOPED_TRACE("change " + std::to_string(change));
    const fs::path data = freshFolder(folder, "data"), image = folder.path() / "image";
    Life life;
    {
      VolatileDisk disk(data);
      StoreUnderTest store("sqlite", data, busy);
      disk.failAt(change);
      life = liveWith(store);
      reached = disk.changes() >= change;
      disk.losePowerNow(image, change);
    }
    refusedOpens += life.end == Life::End::refusedOpen ? 1 : 0;
    failed += life.end == Life::End::failed ? 1 : 0;
    refusedSnapshots += life.end == Life::End::done ? life.snapshotsRefused : 0;
    Model model;
    expectWhole(image, model, life.told, life.snapshotTold);
    if (life.end == Life::End::done) {
      EXPECT_EQ(model.step(), std::uint64_t{stepsOfALife});
    }
    if (HasFailure()) return;
    fs::remove_all(data);
    fs::remove_all(image);
  }
  EXPECT_GT(refusedOpens, 5u);
  EXPECT_GT(failed, 200u);
  EXPECT_GT(refusedSnapshots, 5u) << "a snapshot that fails does not end the store";
}

}  // namespace
}  // namespace clusterkit::sqlite

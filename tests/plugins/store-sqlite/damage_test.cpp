// One changed byte anywhere: whole, repairing or refused, but never a crash and never wrong bytes.
#include <gmock/gmock.h>

#include <fstream>
#include <random>

#include "contract/store/store_under_test.hpp"

namespace clusterkit::sqlite {
namespace {

using contract::BatchOf;
using contract::Entry;
using contract::StoreUnderTest;
using contract::TempFolder;

class Damage : public testing::Test {
 protected:
  static constexpr std::uint64_t firstIndex = 41, lastIndex = 120;

  // A folder as a kill leaves it: half in the database, half in the WAL.
  void SetUp() override {
    StoreUnderTest store("sqlite", made.path(), {{"checkpoint_pages", "100000"}});
    ASSERT_EQ(store.open().status, CK_OK);
    for (std::uint64_t i = 1; i <= 60; ++i) ASSERT_EQ(store.submit(BatchOf().entry(entryAt(i))), CK_OK);
    ASSERT_EQ(
        store.submit(BatchOf().hard(4, 2, 50).meta("name", "value").meta("other", std::string(300, 'o'))),
        CK_OK);
    ASSERT_EQ(store.snapshot(20, 1, "snapshot twenty"), CK_OK);
    ASSERT_EQ(store.snapshot(40, 1, "snapshot forty"), CK_OK);
    ASSERT_EQ(store.submit(BatchOf().compactTo(40)), CK_OK);
    ASSERT_EQ(store.stop(), CK_OK);

    StoreUnderTest again("sqlite", made.path(), {{"checkpoint_pages", "100000"}});
    ASSERT_EQ(again.open().status, CK_OK);
    for (std::uint64_t i = 61; i <= lastIndex; ++i) {
      ASSERT_EQ(again.submit(BatchOf().entry(entryAt(i))), CK_OK);
      if (i % 6 == 0) {
        ASSERT_TRUE(again.allDurable());
      }
    }
    ASSERT_EQ(again.submit(BatchOf().hard(5, 3, 100)), CK_OK);
    ASSERT_EQ(again.submit(BatchOf().hard(6, 1, 110)), CK_OK);
    ASSERT_TRUE(again.allDurable());
    std::filesystem::copy(made.path(), master.path(), std::filesystem::copy_options::recursive);
    std::filesystem::remove(master.path() / "store" / "lock");
  }

  static Entry entryAt(std::uint64_t i) {
    return {i, 1, "entry " + std::to_string(i) + std::string(i % 90, '.')};
  }

  enum class Outcome { whole, repairing, refused };

  // Opens a copy whose byte was changed and checks that nothing in it is wrong.
  Outcome openWith(const std::string& file, std::uint64_t offset, unsigned char mask) {
    TempFolder copy(contract::memoryFolder());
    std::filesystem::copy(master.path(), copy.path(), std::filesystem::copy_options::recursive);
    flip(copy.path() / "store" / file, offset, mask);
    StoreUnderTest store("sqlite", copy.path());
    const auto opened = store.open();
    if (opened.status != CK_OK) {
      EXPECT_THAT(opened.status, testing::AnyOf(CK_CORRUPT, CK_INVALID, CK_IO)) << opened.error;
      EXPECT_NE(opened.error, "");
      return Outcome::refused;
    }
    const ck_store_image& image = opened.image;
    EXPECT_EQ(image.hard.term, 6u);
    EXPECT_EQ(image.hard.voted_for, 1u);
    EXPECT_EQ(store.meta("name"), "value");
    EXPECT_EQ(store.meta("other"), std::string(300, 'o'));
    EXPECT_LE(image.last_index, lastIndex);
    for (std::uint64_t next = image.first_index; next != 0 && next <= image.last_index;) {
      const auto read = store.read(next, image.last_index + 1);
      EXPECT_EQ(read.status, CK_OK);
      if (read.status != CK_OK) break;
      for (const Entry& e : read.entries) EXPECT_EQ(e, entryAt(next++));
    }
    if (image.snapshot.index == 40) {
      EXPECT_EQ(store.snapshotBytes(), "snapshot forty");
    }
    if (image.snapshot.index == 20) {
      EXPECT_EQ(store.snapshotBytes(), "snapshot twenty");
    }
    if (opened.repairing()) {
      EXPECT_GT(image.high_water_index, image.last_index);
      return Outcome::repairing;
    }
    EXPECT_EQ(image.first_index, firstIndex);
    EXPECT_EQ(image.last_index, lastIndex);
    EXPECT_EQ(image.snapshot.index, 40u);
    return Outcome::whole;
  }

  static void flip(const std::filesystem::path& path, std::uint64_t offset, unsigned char mask) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    ASSERT_TRUE(file) << path;
    file.seekg(static_cast<std::streamoff>(offset));
    const int byte = file.get();
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(static_cast<char>(static_cast<unsigned char>(byte) ^ mask));
  }

  // Without the zeros that the WAL has grown by in advance.
  std::uint64_t usedBytes(const std::string& file) const {
    std::ifstream in(master.path() / "store" / file, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    return bytes.find_last_not_of('\0') + 1;
  }

  std::vector<std::uint64_t> randomPlaces(const std::string& file, int count, std::uint64_t seed) const {
    std::mt19937_64 random(seed);
    const std::uint64_t size = usedBytes(file);
    std::vector<std::uint64_t> all;
    for (int i = 0; i < count; ++i) all.push_back(random() % size);
    return all;
  }
  static std::vector<std::uint64_t> places(std::uint64_t from, std::uint64_t to, std::uint64_t step = 1) {
    std::vector<std::uint64_t> all;
    for (; from < to; from += step) all.push_back(from);
    return all;
  }

  // One bit at each place in turn, in a copy of its own; how often each outcome came.
  std::map<Outcome, std::size_t> sweep(const std::string& file, const std::vector<std::uint64_t>& offsets) {
    std::mt19937_64 random(offsets.size());
    std::map<Outcome, std::size_t> outcomes;
    for (const std::uint64_t offset : offsets) {
      const auto mask = static_cast<unsigned char>(1u << (random() % 8));
      SCOPED_TRACE(file + " offset " + std::to_string(offset) + " mask " + std::to_string(mask));
      ++outcomes[openWith(file, offset, mask)];
      if (HasFailure()) break;
    }
    return outcomes;
  }

  std::vector<std::string> snapshotFiles() const {
    std::vector<std::string> names;
    for (const auto& f : std::filesystem::directory_iterator(master.path() / "store" / "snapshots"))
      names.push_back("snapshots/" + f.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }

  TempFolder made{contract::memoryFolder()}, master{contract::memoryFolder()};
};

TEST_F(Damage, UntouchedCopyIsWhole) {
  EXPECT_EQ(openWith("high-water", 300, 1), Outcome::whole);
}  // unused bytes

// Its header, the head of each frame (sqlite.org/fileformat2.html, 4.1), and the pages in short steps: the
// checksum runs over all of a page eight bytes at a time, so the places in it differ by nothing else.
TEST_F(Damage, EveryByteOfTheWalsHeadsAndItsPagesInShortStepsAreCovered) {
  constexpr std::uint64_t header = 32, head = 24, frame = head + 4096;
  constexpr std::uint64_t step = 61;  // a prime, so that each of the eight has its turn
  const std::uint64_t size = usedBytes("store.db-wal");
  std::vector<std::uint64_t> offsets = places(0, header);
  for (std::uint64_t at = header; at < size; at += frame) {
    const std::uint64_t end = std::min(at + frame, size);
    for (const std::uint64_t place : places(at, std::min(at + head, end))) offsets.push_back(place);
    for (const std::uint64_t place : places(at + head + at % step, end, step)) offsets.push_back(place);
  }
  const auto outcomes = sweep("store.db-wal", offsets);
  EXPECT_EQ(outcomes.at(Outcome::repairing), offsets.size()) << "the WAL has no bytes without meaning";
}

TEST_F(Damage, TheWalsZerosForLaterAreNotMissed) {
  const auto size = std::filesystem::file_size(master.path() / "store" / "store.db-wal");
  ASSERT_GT(size, usedBytes("store.db-wal") + 1000);
  EXPECT_EQ(openWith("store.db-wal", size - 100, 0x10), Outcome::whole);
}

TEST_F(Damage, ByteInTheMiddleOfTheWalIsNotTakenForATornTail) {
  const auto size = usedBytes("store.db-wal");
  EXPECT_EQ(openWith("store.db-wal", size / 2, 0x10), Outcome::repairing);
  EXPECT_EQ(openWith("store.db-wal", size - 100, 0x10), Outcome::repairing);
  EXPECT_EQ(openWith("store.db-wal", 40, 0x10), Outcome::repairing);
}

TEST_F(Damage, DatabaseIsNeverBelievedBlindly) {
  const auto outcomes = sweep("store.db", randomPlaces("store.db", 120, 2));
  EXPECT_GT(outcomes.count(Outcome::whole), 0u);  // free space in its pages
  EXPECT_GT(outcomes.count(Outcome::repairing) + outcomes.count(Outcome::refused), 0u);
}

TEST_F(Damage, EveryByteOfTheDatabaseHeaderIsHarmlessOrRefused) {
  for (std::uint64_t offset = 0; offset < 100; ++offset) {
    SCOPED_TRACE("offset " + std::to_string(offset));
    openWith("store.db", offset, 0x04);
  }
}

TEST_F(Damage, TheHighWaterMarkSurvivesDamageToAnyOfItsBytes) {
  const auto size = std::filesystem::file_size(master.path() / "store" / "high-water");
  const auto outcomes = sweep("high-water", places(0, size));
  EXPECT_EQ(outcomes.at(Outcome::whole), size) << "the other copy says it too";
}

TEST_F(Damage, SnapshotsAreCheckedAtOpen) {
  const auto files = snapshotFiles();
  ASSERT_EQ(files.size(), 2u);
  for (std::uint64_t offset = 0; offset < 14; ++offset) {
    EXPECT_EQ(openWith(files[1], offset, 1), Outcome::repairing);  // of 40: the log was cut below it
    EXPECT_EQ(openWith(files[0], offset, 1), Outcome::whole);      // of 20: only a reserve
  }
}

TEST_F(Damage, RandomGarbageOverWholeBlocksIsFoundToo) {
  std::mt19937_64 random(9);
  for (const char* file : {"store.db", "store.db-wal"}) {
    const std::uint64_t size = usedBytes(file);
    for (int i = 0; i < 12; ++i) {
      TempFolder copy(contract::memoryFolder());
      std::filesystem::copy(master.path(), copy.path(), std::filesystem::copy_options::recursive);
      const std::uint64_t offset = random() % (size / 4096) * 4096;
      for (std::uint64_t b = 0; b < 512; ++b)
        flip(copy.path() / "store" / file, offset + b, static_cast<unsigned char>(random()));
      StoreUnderTest store("sqlite", copy.path());
      const auto opened = store.open();
      if (opened.status != CK_OK || opened.image.first_index == 0) continue;
      for (const Entry& e : store.read(opened.image.first_index, opened.image.last_index + 1).entries)
        EXPECT_EQ(e, entryAt(e.index));
    }
  }
}

}  // namespace
}  // namespace clusterkit::sqlite

#include "high_water.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "contract/store/store_under_test.hpp"

namespace clusterkit::sqlite {
namespace {

class HighWaterFile : public testing::Test {
 protected:
  static Mark markOf(std::uint64_t step) { return {step, step * 10, 3, {4, 5, 6}, 7}; }
  void flip(std::uint64_t offset) {
    File file(path, File::Mode::readWrite);
    std::string byte = file.read(offset, 1);
    byte[0] = static_cast<char>(byte[0] ^ 1);
    file.write(offset, byte);
  }
  contract::TempFolder folder;
  std::filesystem::path path = folder.path() / "high-water";
};

TEST_F(HighWaterFile, ReturnsTheLastMark) {
  {
    HighWater file;
    EXPECT_FALSE(file.open(path).existed);
    file.create(path, Mark{});
    for (std::uint64_t step = 1; step <= 5; ++step) file.write(markOf(step));
  }
  HighWater file;
  const auto found = file.open(path);
  ASSERT_TRUE(found.mark);
  EXPECT_TRUE(found.existed);
  EXPECT_FALSE(found.damaged);
  EXPECT_EQ(found.mark->step, 5u);
  EXPECT_EQ(found.mark->index, 50u);
  EXPECT_EQ(found.mark->hard.voted_for, 5u);
  EXPECT_EQ(found.mark->metaSum, 7u);
}

TEST_F(HighWaterFile, FallsBackToTheOtherSlotWhenOneIsDamaged) {
  {
    HighWater file;
    file.create(path, Mark{});
    file.write(markOf(1));  // slot 0
    file.write(markOf(2));  // slot 1
  }
  flip(512 + 20);
  HighWater file;
  const auto found = file.open(path);
  ASSERT_TRUE(found.mark);
  EXPECT_TRUE(found.damaged);
  EXPECT_EQ(found.mark->step, 1u);
  file.write(markOf(3));  // replaces the damaged one
  HighWater again;
  EXPECT_EQ(again.open(path).mark->step, 3u);
  EXPECT_FALSE(again.open(path).damaged);
}

TEST_F(HighWaterFile, EveryChangedByteOfARecordIsFound) {
  {
    HighWater file;
    file.create(path, markOf(9));
  }
  for (std::uint64_t byte = 0; byte < 80; ++byte) {
    flip(byte);
    flip(512 + byte);
    HighWater file;
    EXPECT_FALSE(file.open(path).mark) << byte;
    flip(byte);
    flip(512 + byte);
  }
  HighWater file;
  EXPECT_TRUE(file.open(path).mark);
}

TEST_F(HighWaterFile, CutFileHasNoMark) {
  {
    HighWater file;
    file.create(path, markOf(9));
  }
  std::filesystem::resize_file(path, 40);
  HighWater file;
  const auto found = file.open(path);
  EXPECT_TRUE(found.existed);
  EXPECT_TRUE(found.damaged);
  EXPECT_FALSE(found.mark);
}

}  // namespace
}  // namespace clusterkit::sqlite

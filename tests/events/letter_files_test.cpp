// What of the dead letters is durable: fsync is this program's own, and writes down what it was given.
#include "events/letter_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>

#include "host/simulated_loop.hpp"
#include "host/workers.hpp"
#include "support/temp_dir.hpp"

namespace {

std::vector<std::filesystem::path>& synced() {
  static std::vector<std::filesystem::path> paths;
  return paths;
}

}  // namespace

extern "C" int fsync(int fd) {
  synced().push_back(std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd)));
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

namespace clusterkit {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class LetterFilesTest : public ::testing::Test {
 protected:
  Status keep(LetterFiles& files) {
    Status status = Status::Unknown;
    synced().clear();
    files.keep({"audit", nullptr, std::make_shared<const std::string>("{}"), 1, "no", {}},
               [&](SinkAnswer kept) { status = kept.status; });
    scheduler_.runFor(std::chrono::seconds(0));
    return status;
  }

  test::TempDir folder_;
  std::filesystem::path letters_ = folder_.path() / "dead-letters";
  Scheduler scheduler_{1};
  SimulatedLoop loop_{scheduler_};
  LoopWorkers workers_{loop_};
};

TEST_F(LetterFilesTest, TheFirstLetterMakesTheNamesOfFileAndFolderDurable) {
  LetterFiles files(loop_, workers_, letters_);
  EXPECT_EQ(keep(files), Status::Ok);
  EXPECT_THAT(synced(), UnorderedElementsAre(letters_, folder_.path()));
  EXPECT_EQ(keep(files), Status::Ok);
  EXPECT_THAT(synced(), IsEmpty());
}

// It was killed after the letter and before the folder was synced: nobody knows, so the next run does it.
TEST_F(LetterFilesTest, AFileThatAKilledRunHasBegunIsMadeDurableByTheNext) {
  std::filesystem::create_directories(letters_);
  std::ofstream(letters_ / "audit.jsonl") << "{}\n";
  LetterFiles files(loop_, workers_, letters_);
  EXPECT_EQ(keep(files), Status::Ok);
  EXPECT_THAT(synced(), UnorderedElementsAre(letters_, folder_.path()));
}

}  // namespace
}  // namespace clusterkit

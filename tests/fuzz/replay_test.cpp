// Every file of the corpus once: what the fuzzer has found stays found.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "fuzz/targets.hpp"
#include "support/temp_dir.hpp"

#define FUZZ_TARGETS(X) \
  X(command)            \
  X(config_ini)         \
  X(config_xml)         \
  X(elf_notes)          \
  X(hook_section)       \
  X(http_request)       \
  X(node_answer)        \
  X(peer_message)       \
  X(raft_core) X(raft_message) X(script_event) X(script_output) X(snapshot) X(webhook_answer) X(wire_frame)

#define DECLARE(name) int fuzz_##name(const std::uint8_t* data, std::size_t size);
extern "C" {
FUZZ_TARGETS(DECLARE)
}

namespace clusterkit::fuzz {
namespace {

namespace fs = std::filesystem;

const fs::path kCorpus = fs::path(CLUSTERKIT_FUZZ_DIR) / "corpus";
constexpr std::uintmax_t kMostBytes =
    200 * 1024;  // of one target: the corpus is read by people and cloned by all
constexpr std::size_t kMostFiles = 60;

class Corpus : public testing::TestWithParam<Target> {};

TEST_P(Corpus, IsTakenWithoutACrashOrABrokenPromise) {
  std::size_t files = 0;
  std::uintmax_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(kCorpus / GetParam().name)) {
    SCOPED_TRACE(entry.path());
    ++files;
    bytes += entry.file_size();
    EXPECT_NO_THROW(run(GetParam(), test::readFile(entry.path())));
  }
  EXPECT_GT(files, 0u);
  EXPECT_LE(files, kMostFiles) << "scripts/fuzz --keep makes it small again";
  EXPECT_LE(bytes, kMostBytes) << "scripts/fuzz --keep makes it small again";
}

TEST_P(Corpus, NothingAtAllIsAnInputToo) { EXPECT_NO_THROW(run(GetParam(), "")); }

INSTANTIATE_TEST_SUITE_P(Targets, Corpus, testing::ValuesIn(targets()),
                         [](const auto& target) { return target.param.name; });

TEST(CorpusFolders, EachBelongsToATarget) {
  std::set<std::string> folders, names;
  for (const auto& entry : fs::directory_iterator(kCorpus)) folders.insert(entry.path().filename());
  for (const Target& target : targets()) names.insert(target.name);
  EXPECT_EQ(folders, names);
}

}  // namespace

#define ENTRY(name) {#name, &::fuzz_##name},
const std::vector<Target>& targets() {
  static const std::vector<Target> all{FUZZ_TARGETS(ENTRY)};
  return all;
}

}  // namespace clusterkit::fuzz

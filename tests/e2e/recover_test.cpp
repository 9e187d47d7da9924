// `clusterkit recover`: a cluster that lost its majority goes on with one survivor, and those left behind are
// fenced.
#include <Poco/JSON/Parser.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>

#include "e2e/faulty_disk.hpp"
#include "e2e/test_cluster.hpp"

namespace clusterkit::test {
namespace {

namespace fs = std::filesystem;
using Poco::JSON::Object;
using testing::HasSubstr;

Finished recover(const TestNode& node, std::vector<std::string> words = {}) {
  words.insert(words.begin(), {cliPath(), "--json", "recover", node.dataDir().string()});
  return runToEnd(words, 20s);
}

Object::Ptr factsIn(const Finished& done) {
  if (!done.output.starts_with("{")) throw std::runtime_error("no facts: " + done.output);
  return Poco::JSON::Parser().parse(done.output.substr(0, done.output.find('\n'))).extract<Object::Ptr>();
}

std::map<std::string, std::string> filesOf(const TestNode& node) {
  std::map<std::string, std::string> all;
  for (const auto& file : fs::recursive_directory_iterator(node.dataDir()))
    if (file.is_regular_file()) all[file.path().string()] = readFile(file.path());
  return all;
}

// All but the lock, which names who holds it.
bool sameStore(const fs::path& a, const fs::path& b) {
  for (const char* file : {"store.db", "store.db-wal", "high-water"})
    if (readFile(a / file) != readFile(b / file)) return false;
  return true;
}

std::string problemOf(const TestNode& node) {
  return node.json("/v1/status")->optValue<std::string>("problem", "");
}

std::uint64_t generationOf(const TestNode& node) {
  const auto cluster = node.json("/v1/status")->getObject("cluster");
  return cluster.isNull() ? 0 : cluster->getValue<std::uint64_t>("generation");
}

// Three nodes with 20 values; node-1 and node-2 are killed, node-3 is stopped.
class Recover : public testing::Test {
 protected:
  void SetUp() override {
    cluster_.startThree();
    for (int i = 0; i < 20; ++i) ASSERT_EQ(lost(1).put(key(i), "v" + std::to_string(i)).status, 200);
    ASSERT_TRUE(eventually([&] { return survivor().get("/v1/kv/k-19?consistency=local").status == 200; }));
    lost(1).kill9();
    lost(2).kill9();
    survivor().kill9();
  }
  static std::string key(int i) { return "k-" + std::to_string(i); }
  TestNode& lost(std::size_t number) { return cluster_.node(number); }
  TestNode& survivor() { return cluster_.node(3); }
  void recoverAndStart() {
    const Finished done = recover(survivor(), {"--as-sole-voter"});
    ASSERT_EQ(done.exitCode, 0) << done.output;
    EXPECT_EQ(factsIn(done)->getValue<std::string>("recovery"), "done");
    survivor().start();
    ASSERT_TRUE(eventually([&] { return survivor().ready(); }, 20s));
  }
  void expectAllValues(const TestNode& node) {
    for (int i = 0; i < 20; ++i) EXPECT_EQ(node.value(key(i)), "v" + std::to_string(i)) << key(i);
  }

  TestCluster cluster_;
};

TEST_F(Recover, S083_TheSurvivorLeadsAloneWithEverythingAndWipedNodesJoinIt) {
  recoverAndStart();
  EXPECT_EQ(survivor().leader(), "node-3");
  EXPECT_TRUE(eventually([&] { return generationOf(survivor()) == 2; }));
  expectAllValues(survivor());
  EXPECT_EQ(survivor().put("after", "recovery").status, 200);
  EXPECT_TRUE(eventually([&] { return cluster_.balanced(1, 3); }, 20s)) << "it owns every partition";

  for (std::size_t number : {1u, 2u}) {
    lost(number).loseData();
    lost(number).set("cluster.seeds", survivor().address());
    lost(number).start();
  }
  ASSERT_TRUE(eventually([&] { return cluster_.allActive(3) && cluster_.balanced(3); }, 30s));
  EXPECT_EQ(generationOf(lost(1)), 2u);
  EXPECT_EQ(lost(1).value("after"), "recovery");
  expectAllValues(lost(2));
  EXPECT_TRUE(eventually([&] { return survivor().json("/v1/status")->getArray("voters")->size() == 3; }));
  // The recovered cluster survives its survivor.
  survivor().kill9();
  EXPECT_TRUE(eventually([&] { return lost(1).put("and", "on").status == 200; }, 20s));
}

// Together they are a majority of the cluster that they knew.
TEST_F(Recover, NodesOnTheirOldFoldersAreFencedAndSayWhatToDo) {
  recoverAndStart();
  ASSERT_EQ(survivor().put("k-0", "new").status, 200);
  lost(1).start();
  lost(2).start();
  for (std::size_t number : {1u, 2u}) {
    TestNode& old = lost(number);
    ASSERT_TRUE(eventually([&] { return !problemOf(old).empty(); }, 20s)) << old.id();
    EXPECT_THAT(problemOf(old), HasSubstr("empty its data folder"));
    EXPECT_THAT(old.log(), HasSubstr("superseded cluster="));
    const HttpAnswer ready = old.get("/ready");
    EXPECT_EQ(ready.status, 503);
    EXPECT_THAT(ready.body, HasSubstr("generation 2 goes on since a recovery"));
    const HttpAnswer refused = old.put("k-0", "old");
    EXPECT_EQ(refused.status, 503) << refused.body;
    EXPECT_THAT(refused.body, HasSubstr("not_applied"));
    EXPECT_NE(old.get("/v1/kv/k-0").status, 200) << "a linearizable read of a history that has ended";
  }
  EXPECT_EQ(survivor().value("k-0"), "new");
  EXPECT_EQ(survivor().leader(), "node-3");
  EXPECT_EQ(survivor().json("/nodes")->getArray("nodes")->size(), 1u);

  // They stay fenced when they find nobody to ask.
  survivor().kill9();
  for (std::size_t number : {1u, 2u}) EXPECT_EQ(lost(number).stop(), 0);
  lost(1).start();
  lost(2).start();
  ASSERT_TRUE(eventually([&] { return !problemOf(lost(1)).empty() && !problemOf(lost(2)).empty(); }, 20s));
  EXPECT_EQ(lost(1).leader(), "");
  const Finished refused = recover(lost(1), {"--as-sole-voter"});
  EXPECT_EQ(refused.exitCode, 1);
}

TEST_F(Recover, AFolderLeftBehindIsTheWayBackFromARecoveryOfTheWrongNode) {
  recoverAndStart();
  ASSERT_EQ(survivor().put("k-0", "of the wrong one").status, 200);
  lost(1).start();
  ASSERT_TRUE(eventually([&] { return !problemOf(lost(1)).empty(); }, 20s));
  EXPECT_EQ(lost(1).stop(), 0);
  EXPECT_EQ(survivor().stop(), 0);

  const Finished done = recover(lost(1), {"--as-sole-voter"});
  ASSERT_EQ(done.exitCode, 0) << done.output;
  EXPECT_EQ(factsIn(done)->getValue<int>("new_generation"), 3);
  lost(1).start();
  ASSERT_TRUE(eventually([&] { return lost(1).ready(); }, 20s));
  EXPECT_EQ(problemOf(lost(1)), "");
  EXPECT_TRUE(eventually([&] { return generationOf(lost(1)) == 3u; }));
  expectAllValues(lost(1));
  // And the wrong one joins as anybody else does.
  survivor().loseData();
  survivor().set("cluster.seeds", lost(1).address());
  survivor().start();
  EXPECT_TRUE(eventually([&] { return cluster_.allActive(2); }, 20s));
}

TEST_F(Recover, WithoutConfirmationItOnlySaysWhatItWouldDo) {
  const auto before = filesOf(survivor());
  const Finished shown = recover(survivor());
  EXPECT_EQ(shown.exitCode, 1);
  EXPECT_THAT(shown.output, HasSubstr("nothing was changed"));
  const auto facts = factsIn(shown);
  EXPECT_EQ(facts->getValue<std::string>("node"), "node-3");
  EXPECT_EQ(facts->getValue<int>("generation"), 1);
  EXPECT_EQ(facts->getValue<int>("new_generation"), 2);
  EXPECT_GE(facts->getValue<int>("last_index"), 20);
  EXPECT_EQ(facts->getValue<int>("lost_entries"), 0);
  EXPECT_EQ(facts->getValue<int>("values"), 20);
  EXPECT_EQ(facts->getValue<std::string>("dropped_nodes"),
            "node-1 at " + lost(1).address() + ", node-2 at " + lost(2).address());
  EXPECT_EQ(filesOf(survivor()), before);
}

TEST_F(Recover, ARunningNodeIsRefused) {
  survivor().start();
  ASSERT_TRUE(eventually([&] { return survivor().get("/health").status == 200; }));
  const Finished refused = recover(survivor(), {"--as-sole-voter"});
  EXPECT_EQ(refused.exitCode, 1);
  EXPECT_THAT(refused.output, HasSubstr("stop its node first"));
  EXPECT_THAT(refused.output, testing::Not(HasSubstr("TMPDIR"))) << "that would not help";
}

TEST_F(Recover, RepeatedItChangesNothingAndTheBackupIsTheStoreFromBefore) {
  const auto before = readFile(survivor().dataDir() / "store" / "store.db");
  const Finished done = recover(survivor(), {"--as-sole-voter"});
  ASSERT_EQ(done.exitCode, 0) << done.output;
  const fs::path backup = factsIn(done)->getValue<std::string>("backup");
  EXPECT_EQ(backup.filename(), "store.before-generation-2");
  EXPECT_EQ(readFile(backup / "store.db"), before);
  const auto after = filesOf(survivor());
  const Finished again = recover(survivor(), {"--as-sole-voter"});
  EXPECT_EQ(again.exitCode, 0) << again.output;
  EXPECT_THAT(factsIn(again)->getValue<std::string>("recovery"), HasSubstr("not needed"));
  EXPECT_EQ(filesOf(survivor()), after);

  // With the backup in its place nothing has happened.
  fs::remove_all(survivor().dataDir() / "store");
  fs::rename(backup, survivor().dataDir() / "store");
  EXPECT_EQ(factsIn(recover(survivor()))->getValue<int>("generation"), 1);
}

// Killed at any moment it leaves the old store or the new one; what it says when it is repeated tells which.
TEST_F(Recover, InterruptedAtAnyMomentItCanBeRepeated) {
  const fs::path original = cluster_.folder() / "original";
  fs::copy(survivor().dataDir(), original, fs::copy_options::recursive);
  for (const auto moment : {5ms, 20ms, 40ms, 60ms, 80ms, 100ms, 140ms, 200ms}) {
    fs::remove_all(survivor().dataDir());
    fs::copy(original, survivor().dataDir(), fs::copy_options::recursive);
    {
      Process interrupted({{cliPath(), "recover", survivor().dataDir().string(), "--as-sole-voter"},
                           cluster_.folder() / "interrupted.log",
                           {}});
      interrupted.waitExit(moment);
      interrupted.kill9();
    }
    const Finished again = recover(survivor(), {"--as-sole-voter"});
    ASSERT_EQ(again.exitCode, 0) << again.output;
    EXPECT_EQ(factsIn(recover(survivor()))->getValue<int>("generation"), 2) << moment.count();
  }
  survivor().start();
  ASSERT_TRUE(eventually([&] { return survivor().ready(); }, 20s));
  expectAllValues(survivor());
}

// Without luck: at every call that changes the folder, so also at all of them between backup and batch.
TEST_F(Recover, KilledAtEachOfItsWritesAndSyncsItCanBeRepeated) {
  if (!FaultyDisk::works()) GTEST_SKIP() << "nothing can be preloaded beside a sanitizer";
  const fs::path folder = survivor().dataDir(), original = cluster_.folder() / "original";
  fs::copy(folder, original, fs::copy_options::recursive);
  int inBackup = 0, untouched = 0, unfinished = 0, finished = 0;
  for (int call = 1;; ++call) {
    ASSERT_LT(call, 200);
    fs::remove_all(folder);
    fs::copy(original, folder, fs::copy_options::recursive);
    FaultyDisk disk;
    disk.killAt(call);
    const Finished killed =
        runToEnd({cliPath(), "recover", folder.string(), "--as-sole-voter"}, 20s, disk.environment(folder));
    if (killed.exitCode == 0) break;  // it makes fewer calls
    SCOPED_TRACE(disk.reported());
    ASSERT_EQ(killed.exitCode, 128 + SIGKILL) << killed.output;
    const bool backedUp = fs::exists(folder / "store.before-generation-2");
    const bool same = sameStore(folder / "store", original / "store");
    EXPECT_TRUE(!backedUp || sameStore(folder / "store.before-generation-2", original / "store"));
    const Finished again = recover(survivor(), {"--as-sole-voter"});
    ASSERT_EQ(again.exitCode, 0) << again.output;
    const Object::Ptr found = factsIn(again);
    EXPECT_EQ(found->getValue<int>("values"), 20);
    EXPECT_EQ(found->getValue<std::string>("state"), "whole");
    if (found->getValue<int>("generation") == 2) {
      ++finished;
      EXPECT_TRUE(backedUp);
      EXPECT_THAT(found->getValue<std::string>("recovery"), HasSubstr("not needed"));
    } else {
      ++(!backedUp ? inBackup : same ? untouched : unfinished);
      EXPECT_TRUE(backedUp || same) << "the store is touched when its copy is safe, not before";
      EXPECT_EQ(found->getValue<std::string>("recovery"), "done");
    }
  }
  EXPECT_GT(inBackup, 0);
  EXPECT_GT(untouched, 0) << "between backup and batch";
  EXPECT_GT(unfinished, 0) << "in the batch, before it counts";
  EXPECT_GT(finished, 0) << "behind it";
  survivor().start();
  ASSERT_TRUE(eventually([&] { return survivor().ready(); }, 20s));
  expectAllValues(survivor());
}

TEST(RecoverAlone, S046_ASoleVoterThatLostItsTailGoesOnWithWhatItHas) {
  TestCluster cluster;
  TestNode& node = cluster.addStarted();
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(eventually([&] { return node.put("k-" + std::to_string(i), "v").status == 200; }));
  const fs::path older = cluster.folder() / "older";
  node.process().signal(SIGSTOP);
  fs::copy(node.dataDir() / "store", older, fs::copy_options::recursive);
  node.process().signal(SIGCONT);
  for (int i = 20; i < 30; ++i)
    ASSERT_TRUE(eventually([&] { return node.put("k-" + std::to_string(i), "v").status == 200; }));
  node.kill9();
  // The mark knows better than the database: it comes up as repairing, and nobody can make it whole.
  for (const char* file : {"store.db", "store.db-wal"}) {
    fs::remove(node.dataDir() / "store" / file);
    if (fs::exists(older / file)) fs::copy(older / file, node.dataDir() / "store" / file);
  }
  const Finished shown = recover(node);
  EXPECT_EQ(factsIn(shown)->getValue<std::string>("state"), "repairing") << shown.output;
  EXPECT_GE(factsIn(shown)->getValue<int>("lost_entries"), 10);
  const Finished done = recover(node, {"--as-sole-voter"});
  ASSERT_EQ(done.exitCode, 0) << done.output;
  node.start();
  ASSERT_TRUE(eventually([&] { return node.ready(); }, 20s)) << "it leads again";
  for (int i = 0; i < 20; ++i) EXPECT_EQ(node.value("k-" + std::to_string(i)), "v");
  EXPECT_EQ(node.value("k-25"), std::nullopt);
  EXPECT_TRUE(eventually([&] { return node.put("k-25", "again").status == 200; }));
}

TEST(RecoverAlone, AFolderThatNeedsNoneOrIsNoneIsLeftAlone) {
  TestCluster cluster;
  TestNode& node = cluster.addStarted();
  ASSERT_TRUE(eventually([&] { return node.ready(); }));
  ASSERT_EQ(node.stop(), 0);
  const Finished alone = recover(node, {"--as-sole-voter"});
  EXPECT_EQ(alone.exitCode, 0);
  EXPECT_THAT(alone.output, HasSubstr("not needed"));
  EXPECT_EQ(runToEnd({cliPath(), "recover", "/nonexistent"}).exitCode, 1);
  EXPECT_EQ(runToEnd({cliPath(), "recover", node.dataDir().string(), "--yes"}).exitCode, 2);
}

}  // namespace
}  // namespace clusterkit::test

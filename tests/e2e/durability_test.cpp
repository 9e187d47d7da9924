// Disks that fail, lie, fill up, turn read-only or rot under real daemons: nothing acknowledged is lost,
// nothing wrong is served, and the node says what is wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <random>

#include "e2e/faulty_disk.hpp"
#include "e2e/loop_disk.hpp"
#include "e2e/test_cluster.hpp"

namespace clusterkit::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string key(int i) { return "k-" + std::to_string(i); }

// Puts values `from` to `to` through this node; all must be acknowledged.
void putAll(const TestNode& node, int from, int to) {
  for (int i = from; i < to; ++i)
    ASSERT_TRUE(eventually([&] { return node.put(key(i), "v" + std::to_string(i)).status == 200; }, 20s))
        << i;
}

// As this node itself has them, so that nobody else can stand in for it.
bool hasAll(const TestNode& node, int count) {
  for (int i = 0; i < count; ++i) {
    const HttpAnswer answer = node.get("/v1/kv/" + key(i) + "?consistency=local");
    if (answer.status == 200 && answer.body != "v" + std::to_string(i)) {
      ADD_FAILURE() << node.id() << " says " << answer.body << " for " << key(i);
      return true;
    }
    if (answer.status != 200) return false;
  }
  return true;
}

// The last line of the node's log with this word.
std::string lineOf(const TestNode& node, const std::string& word) {
  const std::string log = node.log();
  const std::size_t found = log.rfind(word);
  if (found == std::string::npos) return "no line says " + word;
  const std::size_t begin = log.rfind('\n', found) + 1;  // npos + 1 is the first line
  return log.substr(begin, log.find('\n', found) - begin);
}

// What the node was doing, to which file, and what the system said. A commit, nearly always; the mark beside
// the database is synced a moment later, and may be what meets the fault.
auto saysWhatItsDiskRefused(const TestNode& node, const std::string& reason) {
  const std::string store = (node.dataDir() / "store").string();
  return testing::ContainsRegex("cannot (run COMMIT on " + store + "/store.db|(write|sync) " + store +
                                "/high-water[a-z.]*): " + reason);
}

TestNode& followerIn(TestCluster& cluster) {
  return cluster.leader().id() == "node-3" ? cluster.node(2) : cluster.node(3);
}

TEST(FailedSync, S055_TheLeaderWhoseSyncFailsOnceStopsAndBelievesNoLaterOne) {
  if (!FaultyDisk::works()) GTEST_SKIP() << "nothing can be preloaded beside a sanitizer";
  FaultyDisk disk;
  TestCluster cluster;
  TestNode& failing = cluster.add();
  failing.setEnvironment(disk.environment(failing.dataDir()));
  failing.start();
  cluster.addStarted();
  cluster.addStarted();
  ASSERT_TRUE(eventually([&] { return failing.ready() && cluster.allActive(3); }, 20s));
  putAll(failing, 0, 20);
  ASSERT_TRUE(eventually([&] {
    if (failing.leader() == failing.id()) return true;
    failing.send({.method = "POST", .target = "/v1/consensus/transfer?to=" + failing.id()});
    return false;
  }));
  disk.failNextSync();
  // What the failing node says after this may be anything but a yes that is not true.
  std::vector<int> acknowledged;
  std::optional<int> exit;
  for (int i = 20; i < 400 && !exit; ++i) {
    if (failing.put(key(i), "v" + std::to_string(i)).status == 200) acknowledged.push_back(i);
    exit = failing.process().waitExit(0ms);
  }
  if (!exit) exit = failing.process().waitExit(10s);  // it refuses faster than it stops
  ASSERT_EQ(exit, 4) << "the exit code of a failed store";
  EXPECT_THAT(lineOf(failing, "node_failed"), saysWhatItsDiskRefused(failing, "Input/output error"));
  EXPECT_THAT(disk.reported(), HasSubstr("failed "));
  EXPECT_THAT(disk.reported(),
              testing::Not(HasSubstr("synced " + (failing.dataDir() / "store/store.db").string())))
      << "a sync after a failed one proves nothing";
  ASSERT_TRUE(eventually([&] { return cluster.node(2).value(key(0)) == "v0"; }, 20s));
  for (const int i : acknowledged) EXPECT_EQ(cluster.node(2).value(key(i)), "v" + std::to_string(i));

  disk.heal();
  failing.start();
  ASSERT_TRUE(eventually([&] { return failing.ready() && hasAll(failing, 20); }, 20s));
}

TEST(FailedSync, S047_ASoleVoterAcknowledgesNothingThatItsDiskDidNotSync) {
  if (!FaultyDisk::works()) GTEST_SKIP() << "nothing can be preloaded beside a sanitizer";
  FaultyDisk disk;
  TestCluster cluster;
  TestNode& node = cluster.add();
  node.setEnvironment(disk.environment(node.dataDir()));
  node.start();
  putAll(node, 0, 5);
  disk.failNextSync();
  EXPECT_NE(node.put("refused", "v").status, 200);
  EXPECT_EQ(node.process().waitExit(5s), 4);
  EXPECT_THAT(lineOf(node, "node_failed"), saysWhatItsDiskRefused(node, "Input/output error"));
  disk.heal();
  node.start();
  ASSERT_TRUE(eventually([&] { return node.ready(); }, 20s));
  EXPECT_TRUE(hasAll(node, 5));
}

// What a disk that forgets its syncs leaves behind a power cut: the database as it was, and the mark, which
// another sync kept.
TEST(ForgottenSyncs, S046_ANodeWhoseDiskForgotAcknowledgedEntriesDoesNotVoteAndIsMadeWhole) {
  if (!FaultyDisk::works()) GTEST_SKIP() << "nothing can be preloaded beside a sanitizer";
  FaultyDisk disk;
  TestCluster cluster;
  cluster.addStarted();
  cluster.addStarted();
  TestNode& forgetful = cluster.add();
  forgetful.setEnvironment(disk.environment(forgetful.dataDir()));
  forgetful.start();
  ASSERT_TRUE(eventually([&] { return cluster.allActive(3) && cluster.balanced(3); }, 20s));
  putAll(cluster.node(1), 0, 20);
  ASSERT_TRUE(eventually([&] { return hasAll(forgetful, 20); }));

  disk.forgetSyncs();
  forgetful.process().signal(SIGSTOP);
  const fs::path store = forgetful.dataDir() / "store", kept = cluster.folder() / "kept";
  fs::copy(store, kept, fs::copy_options::recursive);
  forgetful.process().signal(SIGCONT);
  putAll(cluster.node(1), 20, 60);
  ASSERT_TRUE(eventually([&] { return hasAll(forgetful, 60); }));
  EXPECT_THAT(disk.reported(), HasSubstr("forgotten"));
  for (TestNode* node : cluster.running()) node->kill9();
  for (const char* file : {"store.db", "store.db-wal"})
    fs::copy_file(kept / file, store / file, fs::copy_options::overwrite_existing);

  // With one that has everything it would be a majority.
  disk.heal();
  forgetful.start();
  cluster.node(1).start();
  ASSERT_TRUE(eventually([&] { return forgetful.log().find("log_lost_tail") != std::string::npos; }, 20s));
  EXPECT_FALSE(eventually([&] { return !cluster.node(1).leader().empty(); }, 1500ms)) << "it has voted";
  cluster.node(2).start();
  ASSERT_TRUE(eventually([&] { return forgetful.log().find("log_made_whole") != std::string::npos; }, 20s));
  EXPECT_TRUE(eventually([&] { return hasAll(forgetful, 60); }, 20s));
  EXPECT_EQ(cluster.node(1).value(key(59)), "v59");
}

// Linux refuses to remount what has files open for writing; what ext4 does by itself after an error of the
// device it does not.
TEST(ReadOnlyDisk, ARemountIsRefusedAndAFileSystemThatGivesUpStopsTheNodeWithItsReason) {
  TestCluster cluster;
  cluster.addStarted();
  cluster.addStarted();
  TestNode& node = cluster.add();
  LoopDisk disk(cluster.folder() / "disk.ext4", node.dataDir());
  if (!disk.mounted()) GTEST_SKIP() << "mounting an ext4 file system is not possible here";
  node.start();
  ASSERT_TRUE(eventually([&] { return cluster.allActive(3); }, 20s));
  putAll(cluster.node(1), 0, 20);
  ASSERT_TRUE(eventually([&] { return hasAll(node, 20); }));
  EXPECT_NE(disk.remountReadOnly(), 0) << "busy";
  putAll(cluster.node(1), 20, 30);
  ASSERT_TRUE(eventually([&] { return hasAll(node, 30); })) << "and the node has not noticed";

  ASSERT_TRUE(disk.abort());
  putAll(cluster.node(1), 30, 40);
  ASSERT_EQ(node.process().waitExit(10s), 4) << node.log();
  EXPECT_THAT(lineOf(node, "node_failed"), saysWhatItsDiskRefused(node, "Read-only file system"));
  EXPECT_THAT(lineOf(node, "node_failed"), HasSubstr("see to the disk, then start it again"));
  node.start();
  EXPECT_EQ(node.process().waitExit(10s), 3) << "it does not even come to its store";
  EXPECT_THAT(lineOf(node, "clusterkitd: "), HasSubstr("Read-only file system"));

  ASSERT_TRUE(disk.mountAgain());
  node.start();
  EXPECT_TRUE(eventually([&] { return node.ready() && hasAll(node, 40); }, 20s));
  EXPECT_THAT(node.log(), testing::Not(HasSubstr("log_lost_tail")));
  node.kill9();
}

// The same for every file call, wherever nothing can be mounted.
TEST(ReadOnlyDisk, ANodeWhoseDiskTurnsReadOnlyStopsWithItsReasonAndComesBackWhenItIsWritable) {
  if (!FaultyDisk::works()) GTEST_SKIP() << "nothing can be preloaded beside a sanitizer";
  FaultyDisk disk;
  TestCluster cluster;
  cluster.addStarted();
  cluster.addStarted();
  TestNode& node = cluster.add();
  node.setEnvironment(disk.environment(node.dataDir()));
  node.start();
  ASSERT_TRUE(eventually([&] { return cluster.allActive(3); }, 20s));
  putAll(cluster.node(1), 0, 20);
  ASSERT_TRUE(eventually([&] { return hasAll(node, 20); }));
  disk.becomeReadOnly();
  putAll(cluster.node(1), 20, 40);
  ASSERT_EQ(node.process().waitExit(10s), 4) << node.log();
  EXPECT_THAT(lineOf(node, "node_failed"), saysWhatItsDiskRefused(node, "Read-only file system"));
  EXPECT_THAT(lineOf(node, "node_failed"), HasSubstr("see to the disk, then start it again"));

  node.start();  // still read-only
  ASSERT_EQ(node.process().waitExit(10s), 4);
  EXPECT_THAT(lineOf(node, "clusterkitd: "),
              HasSubstr("store/lock: Read-only file system; see to the disk, then start the node again"));
  disk.heal();
  node.start();
  EXPECT_TRUE(eventually([&] { return node.ready() && hasAll(node, 40); }, 20s));
  EXPECT_THAT(node.log(), testing::Not(HasSubstr("log_lost_tail")));
}

// A mount of its own that disappears with the process.
bool mountSmallDisk(const fs::path& where) {
  fs::create_directories(where);
  return enterOwnMounts() && ::mount("tmpfs", where.c_str(), "tmpfs", 0, "size=24m") == 0;
}

TEST(FullDisk, S117_ANodeOnAFullDiskRefusesWritesAndGoesOnWhenThereIsRoom) {
  TestCluster cluster;
  TestNode& node = cluster.add();
  if (!mountSmallDisk(node.dataDir() / "store")) GTEST_SKIP() << "mounting a tmpfs is not allowed here";
  node.start();
  ASSERT_TRUE(eventually([&] { return node.ready(); }, 20s));
  std::ofstream(node.dataDir() / "store/ballast") << std::string(18 << 20, 'b');
  const std::string large(200'000, 'v');
  std::vector<std::string> written;
  HttpAnswer answer;
  for (int i = 0; i < 300 && answer.status != 503; ++i) {
    answer = http(node.port(), {.method = "PUT", .target = "/v1/kv/" + key(i), .body = large}, 500ms);
    if (answer.status == 200) written.push_back(key(i));
  }
  ASSERT_EQ(answer.status, 503) << answer.body;
  EXPECT_THAT(answer.body, HasSubstr(R"("code":"no_space")"));
  EXPECT_THAT(answer.body, HasSubstr(R"("outcome":"not_applied")"));
  const auto saysFull = [&] {
    return http(node.port(), {.target = "/health/detailed"}).body.find("disk of this node is full") !=
           std::string::npos;
  };
  EXPECT_TRUE(eventually(saysFull, 5s));
  EXPECT_THAT(http(node.port(), {.target = "/metrics"}).body, HasSubstr("clusterkit_store_full 1"));
  fs::remove(node.dataDir() / "store/ballast");
  EXPECT_TRUE(eventually([&] { return node.put("after", "v").status == 200; }, 20s)) << "without a restart";
  EXPECT_TRUE(eventually([&] { return !saysFull(); }, 5s));
  for (const std::string& name : written) EXPECT_EQ(node.value(name), large) << name;
  node.kill9();
  node.start();
  ASSERT_TRUE(eventually([&] { return node.value("after") == "v"; }, 20s));
  for (const std::string& name : written) EXPECT_EQ(node.value(name), large) << name;
  node.kill9();
  ::umount2((node.dataDir() / "store").c_str(), MNT_DETACH);
}

void flipByte(const fs::path& file, std::mt19937& random) {
  const std::uintmax_t at = random() % fs::file_size(file);
  std::fstream io(file, std::ios::in | std::ios::out | std::ios::binary);
  char byte = 0;
  io.seekg(static_cast<std::streamoff>(at)).get(byte);
  io.seekp(static_cast<std::streamoff>(at)).put(static_cast<char>(byte ^ (1 << random() % 8)));
}

fs::path newestSnapshot(const TestNode& node) {
  fs::path newest;
  for (const auto& file : fs::directory_iterator(node.dataDir() / "store" / "snapshots"))
    if (file.path().extension() == ".snap" && file.path() > newest) newest = file.path();
  return newest;
}

// One flipped bit in each file of a stopped follower in turn. It either sees it and says so at the start, or
// is made whole.
TEST(RottenByte, S067_AFlippedBitInAnyFileIsNeverServedAndIsHealedFromThePeers) {
  TestCluster cluster(Settings{{"consensus.snapshot_entries", "50"}, {"consensus.trailing_entries", "5"}});
  cluster.startThree();
  TestNode& victim = followerIn(cluster);
  int count = 70;
  putAll(cluster.leader(), 0, count);
  ASSERT_TRUE(eventually([&] { return hasAll(victim, count) && !newestSnapshot(victim).empty(); }, 20s));
  std::mt19937 random(7);
  const fs::path store = victim.dataDir() / "store", kept = cluster.folder() / "kept";
  for (const char* name : {"store.db", "store.db-wal", "high-water", "snapshot"}) {
    SCOPED_TRACE(name);
    victim.kill9();
    const fs::path file = std::string(name) == "snapshot" ? newestSnapshot(victim) : store / name;
    ASSERT_GT(fs::file_size(file), 0u);
    fs::remove_all(kept);
    fs::copy(store, kept, fs::copy_options::recursive);
    flipByte(file, random);
    victim.start();
    ASSERT_TRUE(eventually([&] { return victim.ready() || !victim.running(); }, 20s));
    if (!victim.running()) {
      EXPECT_EQ(victim.process().waitExit(1s), 4);
      EXPECT_THAT(victim.log(), HasSubstr("estore the folder"));
      fs::remove_all(store);
      fs::rename(kept, store);
      victim.start();
    }
    putAll(cluster.leader(), count, count + 3);
    count += 3;
    ASSERT_TRUE(eventually([&] { return victim.ready() && hasAll(victim, count); }, 20s));
  }
}

}  // namespace
}  // namespace clusterkit::test

// One node runs out of something: its disk fails, its descriptors or its memory are used up. What it does,
// and that the others do not notice: scenarios 54 and 117 to 119.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <fstream>

#include "e2e/test_cluster.hpp"
#include "http/raw_client.hpp"

namespace clusterkit::test {
namespace {

using http::test::RawClient;

std::uint64_t consensus(const TestNode& node, const std::string& name) {
  const auto json = node.json("/consensus/stats");
  return json->has(name) ? json->getValue<std::uint64_t>(name) : 0;
}

TestNode& followerOf(TestCluster& cluster, const TestNode& leader) {
  return leader.id() == cluster.node(1).id() ? cluster.node(2) : cluster.node(1);
}

TEST(Resources, S054_ANodeWhoseStoreFailsStopsAndTheOthersGoOn) {
  TestCluster cluster;
  cluster.addStarted();
  cluster.addStarted();
  TestNode& failing = cluster.addStarted({{"plugins.store", "memory"}, {"store.fail_at", "60"}});
  ASSERT_TRUE(eventually([&] { return cluster.allActive(3) || !failing.running(); }, 20s));
  int written = 0;
  std::optional<int> exit;
  for (; written < 500 && !exit; ++written) {
    ASSERT_EQ(cluster.node(written % 2 + 1).put("k/" + std::to_string(written), "v").status, 200);
    exit = failing.process().waitExit(0ms);
  }
  ASSERT_TRUE(exit.has_value()) << "its store has failed, and it goes on";
  EXPECT_EQ(*exit, 4) << "the exit code of a failed store";
  EXPECT_THAT(failing.log(), testing::HasSubstr("the store failed"));
  for (int i = 0; i < written; ++i) EXPECT_EQ(cluster.node(1).value("k/" + std::to_string(i)), "v");
}

TEST(Resources, S117_AFullDiskRefusesWritesAsNotAppliedAndResumesByItself) {
  TestCluster cluster(
      Settings{{"plugins.store", "memory"}, {"store.full_at", "40"}, {"store.full_for", "3s"}});
  TestNode& node = cluster.addStarted();
  ASSERT_TRUE(eventually([&] { return node.ready(); }));
  // The write that finds the disk full waits, and this client does not wait for it; the next one is refused.
  std::vector<std::string> written;
  std::string refused;
  HttpAnswer answer;
  for (int i = 0; i < 2000 && answer.status != 503; ++i) {
    refused = "k/" + std::to_string(i);
    answer = http(node.port(), {.method = "PUT", .target = "/v1/kv/" + refused, .body = "v"}, 500ms);
    if (answer.status == 200) written.push_back(refused);
  }
  ASSERT_EQ(answer.status, 503) << answer.body;
  EXPECT_THAT(answer.body, testing::HasSubstr(R"("code":"no_space")"));
  EXPECT_THAT(answer.body, testing::HasSubstr(R"("outcome":"not_applied")"));

  EXPECT_TRUE(eventually([&] { return node.put("after", "v").status == 200; })) << "without a restart";
  EXPECT_EQ(node.value(refused), std::nullopt);
  for (const std::string& key : written) EXPECT_EQ(node.value(key), "v") << key;
}

// How many more descriptors this process may open.
void allowMoreDescriptors(pid_t process, std::uint64_t more) {
  const auto open = std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/fd");
  rlimit limit{};
  ASSERT_EQ(::prlimit(process, RLIMIT_NOFILE, nullptr, &limit), 0);
  limit.rlim_cur = static_cast<rlim_t>(std::distance(begin(open), end(open))) + more;
  ASSERT_EQ(::prlimit(process, RLIMIT_NOFILE, &limit, nullptr), 0);
}

TEST(Resources, S118_ALeaderWithoutDescriptorsRefusesClientsAndKeepsItsPeers) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP()
      << "the sanitizer opens a pipe to check a type, and takes an object for a wrong one without it";
#endif
  TestCluster cluster(Settings{{"consensus.snapshot_entries", "50"}});
  cluster.startThree();
  TestNode& leader = cluster.leader();
  TestNode& follower = followerOf(cluster, leader);
  const std::uint64_t term = consensus(leader, "term");
  allowMoreDescriptors(leader.process().pid(), 10);
  {
    // Half a request each, so that none of them is idle. What the node closes meanwhile makes room for more.
    std::vector<RawClient> clients;
    const auto takesNobody = [&] {
      clients.emplace_back(leader.port());
      clients.back().send("GET /health HTTP/1.1\r\n");
      return httpGet(leader.port(), "/health", 300ms).status == 0;
    };
    ASSERT_TRUE(eventually(takesNobody, 20s));
    const auto refuses = [&] {
      clients.emplace_back(leader.port());
      clients.back().send("GET /health HTTP/1.1\r\n");
      return clients.back().endsWithin(500ms);
    };
    EXPECT_TRUE(eventually(refuses, 20s)) << "left waiting";
    // Enough for snapshots, which need descriptors of their own.
    for (int i = 0; i < 200; ++i) ASSERT_EQ(follower.put("k/" + std::to_string(i), "v").status, 200) << i;
    EXPECT_EQ(consensus(follower, "term"), term) << "the leader's links to its peers were lost";
    EXPECT_EQ(follower.leader(), leader.id());
  }
  EXPECT_TRUE(eventually([&] { return leader.value("k/199") == "v"; }, 20s)) << "it answers again";
}

// A group of processes with a limit of memory, by which the kernel kills; none where that is not allowed.
class MemoryLimit {
 public:
  MemoryLimit() {
    const bool unified = std::filesystem::exists("/sys/fs/cgroup/cgroup.controllers");
    const std::string name = "clusterkit-test-" + std::to_string(::getpid());
    group_ = (unified ? "/sys/fs/cgroup/" : "/sys/fs/cgroup/memory/") + name;
    limit_ = group_ / (unified ? "memory.max" : "memory.limit_in_bytes");
    std::error_code notAllowed;
    std::filesystem::create_directory(group_, notAllowed);
  }
  ~MemoryLimit() {
    std::error_code ignored;  // where it was not allowed it is not there
    std::filesystem::remove(group_, ignored);
  }
  bool works() const { return std::filesystem::exists(limit_); }
  bool put(const std::filesystem::path& file, std::uint64_t value) const {
    std::ofstream out(file);
    return static_cast<bool>(out << value << std::flush);
  }
  bool hold(pid_t process, std::uint64_t bytes) const {
    return put(limit_, bytes) && put(group_ / "cgroup.procs", static_cast<std::uint64_t>(process));
  }

 private:
  std::filesystem::path group_, limit_;
};

TEST(Resources, S119_ANodeKilledForItsMemoryRestartsClean) {
  const MemoryLimit memory;
  if (!memory.works()) GTEST_SKIP() << "limiting memory is not allowed here";
  TestCluster cluster;
  cluster.startThree();
  TestNode& leader = cluster.leader();
  TestNode& victim = followerOf(cluster, leader);
  if (!memory.hold(victim.process().pid(), 4u << 20)) GTEST_SKIP() << "limiting memory is not allowed here";
  // What it has already is not counted against the limit; values of a quarter of it come on top.
  std::vector<std::string> acknowledged;
  std::optional<int> exit;
  for (int i = 0; i < 200 && !exit; ++i) {
    const std::string value = std::to_string(i) + std::string(900'000, 'v');
    if (leader.put("k/" + std::to_string(i % 20), value).status == 200) acknowledged.push_back(value);
    exit = victim.process().waitExit(0ms);
  }
  ASSERT_EQ(exit, 128 + SIGKILL) << "it was not killed";
  EXPECT_EQ(leader.put("after", "death").status, 200);

  victim.start();
  ASSERT_TRUE(eventually([&] { return victim.ready() && victim.value("after") == "death"; }, 30s));
  const std::size_t last = acknowledged.size() - 1;
  EXPECT_EQ(victim.value("k/" + std::to_string(last % 20)), acknowledged[last]);
  EXPECT_THAT(victim.log(), testing::Not(testing::HasSubstr("log_lost_tail")));
}

}  // namespace
}  // namespace clusterkit::test

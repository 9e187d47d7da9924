// A hook that sleeps and calls its own node: in the library that this re-creates it got a healthy node
// evicted.
#include "e2e/hooked_cluster.hpp"

namespace clusterkit::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> idsOf(const std::vector<Told>& joins) {
  std::vector<std::string> out;
  for (const Told& join : joins) out.push_back(text(join.json->getObject("node"), "id"));
  return out;
}

std::vector<std::string> numbers(const std::vector<std::string>& lines) {
  std::vector<std::string> out;
  for (const auto& line : lines) out.push_back(line.substr(0, line.find(' ')));
  return out;
}

// Sleeps 10 s, asks its node for an owner, and writes a value through it.
std::string sleepAndCall(const std::string& node, const std::string& results) {
  return "sleep 10\n"
         "a=$(curl -s -m 5 -o /dev/null -w '%{http_code}' 'http://" +
         node +
         "/v1/lookup?key=user:123')\n"
         "b=$(curl -s -m 5 -o /dev/null -w '%{http_code}' -X PUT -d x 'http://" +
         node +
         "/v1/kv/told')\n"
         "echo \"$CLUSTERKIT_EVENT_SEQ $a $b\" >>'" +
         results + "'\n";
}

class SlowHook : public HookedCluster {
 protected:
  // The next node, with a fast hook for everything and one that is slow at each join.
  TestNode& addSlow() {
    const std::string number = std::to_string(cluster_.size() + 1);
    hooks_.push_back(std::make_unique<Hook>(cluster_.folder(), "node-" + number));
    TestNode& node = cluster_.add(hooks_.back()->settings() + Settings{{"cluster.partition_count", "128"}});
    const std::string name = "slow-" + number;
    slow_.push_back(
        std::make_unique<Hook>(cluster_.folder(), name, sleepAndCall(node.address(), results(name))));
    for (const auto& [key, value] : slow_.back()->settings("slow")) node.set(key, value);
    node.set("sink.slow.events", "node_join");
    node.start();
    return node;
  }
  std::string results(const std::string& name) { return (cluster_.folder() / (name + ".results")).string(); }
  Hook& slow(std::size_t number) { return *slow_.at(number - 1); }
  bool slowDone(TestNode& node) { return isDone(node, "slow"); }

  std::vector<std::unique_ptr<Hook>> slow_;
};

TEST_F(SlowHook, S120_OneThatSleepsTenSecondsAndCallsTheApiHoldsUpNobodyAndIsToldOfEachEventOnce) {
  for (std::size_t n = 1; n <= 4; ++n) {
    addSlow();
    ASSERT_TRUE(eventually([&] { return cluster_.allActive(n); }, 20s)) << "node-" << n;
  }
  ASSERT_TRUE(eventually([&] { return cluster_.balanced(4, 3); }, 20s));
  const auto term = [&] {
    const auto stats = cluster_.node(1).json("/consensus/stats");
    return stats->has("term") ? stats->getValue<std::uint64_t>("term") : 0;
  };
  const std::uint64_t termBefore = term();
  // As long as it takes: lookups at once, nobody suspected, nobody out.
  std::chrono::steady_clock::duration longest{};
  bool othersWereDone = false;
  ASSERT_TRUE(eventually(
      [&] {
        const auto before = std::chrono::steady_clock::now();
        EXPECT_EQ(cluster_.node(1).get("/v1/lookup?key=user:123").status, 200);
        longest = std::max(longest, std::chrono::steady_clock::now() - before);
        EXPECT_TRUE(cluster_.allActive(4));
        for (std::size_t n = 1; n <= 4; ++n)
          if (!slowDone(cluster_.node(n))) {
            othersWereDone = othersWereDone || allDone();
            return false;
          }
        return true;
      },
      120s));
  EXPECT_TRUE(othersWereDone) << "the other sink of each node has been told of all while the slow one slept";
  EXPECT_LT(longest, 2s) << "a lookup does not wait for a hook";
  EXPECT_EQ(term(), termBefore) << "nor do heartbeats";

  EXPECT_THAT(idsOf(slow(1).told()), ElementsAre("node-1", "node-2", "node-3", "node-4"));
  for (std::size_t n = 1; n <= 4; ++n) {
    const std::string name = "slow-" + std::to_string(n);
    std::vector<std::string> lines, seqs;
    std::ifstream in(results(name));
    for (std::string line; std::getline(in, line);) {
      lines.push_back(line);
      EXPECT_THAT(line, testing::EndsWith(" 200 200")) << "the calls of the hook on node-" << n;
    }
    for (const Told& join : slow(n).told()) seqs.push_back(std::to_string(join.seq));
    EXPECT_EQ(numbers(lines), seqs) << "each once, in order";
    EXPECT_THAT(hook(n).told("node_leave"), IsEmpty());
    expectNoGap(hook(n).told());
  }
}

TEST_F(SlowHook, S120_AStopDoesNotWaitForIt) {
  TestNode& node = addSlow();
  ASSERT_TRUE(eventually([&] { return node.ready() && isDone(node); }, 20s));
  EXPECT_EQ(node.stop(), 0) << "within the 5 s of a stop";
}

}  // namespace
}  // namespace clusterkit::test

// Whom a node asks whether the cluster went on without it, and what the answers tell it.
#include "daemon/generation_search.hpp"

#include <gmock/gmock.h>

#include "cluster/cluster_generation.hpp"
#include "cluster/state_fixture.hpp"

namespace clusterkit {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using Whom = GenerationSearch::Whom;

std::string addressOf(int number) { return nodeSpec(number).httpAddress; }

class GenerationSearchIn : public StateFixture {
 protected:
  // Nodes 1 to `count`; the one that asks is node 1.
  void createOf(int count) {
    create();
    for (int number = 2; number <= count; ++number) addActive(number);
  }
  std::vector<std::string> next(Whom whom) { return search_.next(state(), whom); }
  static std::vector<std::string> addressesOf(int first, int last) {
    std::vector<std::string> all;
    for (int number = first; number <= last; ++number) all.push_back(addressOf(number));
    return all;
  }

  GenerationSearch search_{MemberId(1)};
};

TEST_F(GenerationSearchIn, EverybodyIsAllOthersAndNeverTheNodeItself) {
  createOf(3);
  EXPECT_THAT(next(Whom::Everybody), UnorderedElementsAre(addressOf(2), addressOf(3)));
  EXPECT_THAT(next(Whom::Everybody), UnorderedElementsAre(addressOf(2), addressOf(3))) << "each time";
}

TEST_F(GenerationSearchIn, TheSilentAreThoseThatTheClusterDoesNotHear) {
  createOf(6);
  EXPECT_THAT(next(Whom::TheSilent), IsEmpty());
  ASSERT_TRUE(run(status(2, NodeStatus::Suspect)).applied());
  ASSERT_TRUE(run(status(3, NodeStatus::Suspect)).applied());
  ASSERT_TRUE(run(status(3, NodeStatus::Down)).applied());
  EXPECT_THAT(next(Whom::TheSilent), UnorderedElementsAre(addressOf(2), addressOf(3)));
}

TEST_F(GenerationSearchIn, ANodeAloneHasNobodyToAsk) {
  createOf(1);
  EXPECT_THAT(next(Whom::Everybody), IsEmpty());
}

TEST_F(GenerationSearchIn, OfNineOthersEightAreAskedAndTheNinthInTheNextLook) {
  createOf(10);
  const std::vector<std::string> first = next(Whom::Everybody), second = next(Whom::Everybody);
  EXPECT_EQ(first.size(), 8u);
  EXPECT_EQ(second.size(), 8u);
  std::set<std::string> both(first.begin(), first.end());
  EXPECT_EQ(both.size(), 8u) << "nobody twice in one look";
  both.insert(second.begin(), second.end());
  EXPECT_THAT(both, testing::UnorderedElementsAreArray(addressesOf(2, 10)));
}

TEST_F(GenerationSearchIn, InALargeClusterAFewLooksReachEverybody) {
  createOf(31);
  std::map<std::string, int> asked;
  for (int look = 0; look < 4; ++look)
    for (const std::string& address : next(Whom::Everybody)) ++asked[address];
  EXPECT_EQ(asked.size(), 30u);
  for (const auto& [address, times] : asked) EXPECT_LE(times, 2) << address;
}

TEST(StatusAnswer, NamesItsClusterOrCountsAsNone) {
  EXPECT_EQ(clusterIn(R"({"cluster":{"id":"112233440002abcd","generation":2}})"),
            ClusterId(0x112233440002abcd));
  for (const char* other :
       {"", "<html>", "[]", "{}", R"({"cluster":null})", R"({"cluster":"a"})", R"({"cluster":{}})",
        R"({"cluster":{"id":7}})", R"({"cluster":{"id":"seven"}})", R"({"cluster":{"id":""}})"})
    EXPECT_FALSE(clusterIn(other)) << other;
}

ClusterId generation(std::uint64_t number, std::uint64_t founded = 0x11223344, std::uint64_t drawn = 1) {
  return ClusterId(founded << 32 | number << 16 | drawn);
}

ClusterId successor(std::vector<ClusterId> answers) { return successorOf(generation(3), answers); }

TEST(Successor, IsALaterGenerationOfTheSameClusterOnly) {
  EXPECT_EQ(successor({generation(4)}), generation(4));
  EXPECT_FALSE(successor({}));
  EXPECT_FALSE(successor({ClusterId(), generation(3), generation(2)}));
  EXPECT_FALSE(successor({generation(4, 0x55667788)})) << "of another cluster, at an address that was ours";
  EXPECT_FALSE(successor({generation(3, 0x11223344, 2)})) << "a sibling supersedes nobody";
}

TEST(Successor, IsTheLatestInWhateverOrderTheAnswersCome) {
  EXPECT_EQ(successor({generation(4), generation(6), ClusterId(), generation(5)}), generation(6));
  EXPECT_EQ(successor({generation(6), generation(4)}), generation(6));
}

}  // namespace
}  // namespace clusterkit

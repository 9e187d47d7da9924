#include "pattern_cost.hpp"

#include <gtest/gtest.h>

namespace clusterkit::script {
namespace {

TEST(PatternCost, CountsWhatMayRepeat) {
  const std::pair<const char*, int> patterns[] = {
      {"", 0},           {"abc", 0},    {"a*", 1},           {".-x", 1},    {"(%w+)=(%w+)", 2}, {"%*%+", 0},
      {"[*+?-]", 0},     {"[%]*]+", 1}, {"[]*]?", 1},        {"[^]*]-", 1}, {"%b()", 1},        {"(.)%1", 1},
      {"node-(%d+)", 2}, {"a**", 1},    {"[unfinished*", 0}, {"%", 0},      {"x%", 0}};
  for (const auto& [pattern, count] : patterns) EXPECT_EQ(shapeOf(pattern).repetitions, count) << pattern;
}

TEST(PatternCost, AnAnchorIsOnlyOneAtTheBegin) {
  EXPECT_TRUE(shapeOf("^a*").anchored);
  EXPECT_FALSE(shapeOf("a^*").anchored);
  EXPECT_EQ(shapeOf("^*").repetitions, 0) << "a star behind the anchor stands for itself";
}

TEST(PatternCost, GrowsWithTextAndRepetitionsAndLessWithAnAnchor) {
  const auto steps = [](const char* pattern, std::size_t text) { return mostSteps(shapeOf(pattern), text); };
  EXPECT_LT(steps("needle", 1'000'000), 1e8);
  EXPECT_LT(steps("(%w+)=(%w+)", 500), 1e9);
  EXPECT_LT(steps("(%d+)%-(%d+)%-(%d+)T(%d+)", 40), 1e9);
  EXPECT_GT(steps(".-.-.-b", 10'000), 1e12);
  EXPECT_GT(steps("a*a*a*a*a*a*b", 1'000), 1e12);
  EXPECT_LT(steps("^.-.-b", 1'000), steps(".-.-b", 1'000) / 100);
}

}  // namespace
}  // namespace clusterkit::script

#include "pattern_cost.hpp"

#include <algorithm>

namespace clusterkit::script {
namespace {

// The end of the set that begins at `at`; a ] right behind [ or [^ belongs to the set.
std::size_t endOfSet(std::string_view pattern, std::size_t at) {
  ++at;
  if (at < pattern.size() && pattern[at] == '^') ++at;
  if (at < pattern.size() && pattern[at] == ']') ++at;
  while (at < pattern.size() && pattern[at] != ']') at += pattern[at] == '%' ? 2 : 1;
  return std::min(at + 1, pattern.size());
}

bool isRepetition(char c) { return c == '*' || c == '+' || c == '-' || c == '?'; }

}  // namespace

PatternShape shapeOf(std::string_view pattern) {
  PatternShape shape{pattern.size(), 0, pattern.starts_with('^')};
  for (std::size_t at = shape.anchored ? 1 : 0; at < pattern.size();) {
    if (pattern[at] == '%' && at + 1 < pattern.size()) {
      const char escaped = pattern[at + 1];
      if (escaped == 'b' || (escaped >= '0' && escaped <= '9')) ++shape.repetitions;
      at += 2;
    } else if (pattern[at] == '[') {
      at = endOfSet(pattern, at);
    } else {
      ++at;
    }
    if (at < pattern.size() && isRepetition(pattern[at])) {
      ++shape.repetitions;
      ++at;
    }
  }
  return shape;
}

// The repetitions end at increasing places of the text, so there are as many ways as there are ascending
// sequences of that many places; without an anchor the begin of the match is one place more.
double mostSteps(const PatternShape& shape, std::size_t text) {
  const int places = shape.repetitions + (shape.anchored ? 0 : 1);
  double ways = 1;
  for (int i = 1; i <= places && ways < 1e18; ++i) ways *= (static_cast<double>(text) + i) / i;
  return ways * (1 + static_cast<double>(shape.length) / std::max(1, places));
}

}  // namespace clusterkit::script

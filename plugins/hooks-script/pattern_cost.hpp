// How long a Lua pattern may take in the worst case. Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace clusterkit::script {

struct PatternShape {
  std::size_t length = 0;
  int repetitions = 0;  // items with * + - ?, %b and back references
  bool anchored = false;
};

PatternShape shapeOf(std::string_view pattern);

// Steps of the matcher on a text of that many bytes, over all places where a match may begin. An upper bound
// but for a small factor.
double mostSteps(const PatternShape& shape, std::size_t text);

}  // namespace clusterkit::script

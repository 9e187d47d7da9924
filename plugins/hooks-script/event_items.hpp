// An event's JSON as a flat list, so that it can be turned into a Lua table by code that owns nothing: an
// error in Lua jumps out of the functions it passes, and what they own would leak.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace clusterkit::script {

struct EventItem {
  enum class Kind { object, array, end, key, null, boolean, integer, number, text };
  Kind kind;
  // Of a value, and of the end of an object or array: its place in the array around it from 1, kInObject or
  // kOutermost.
  std::int64_t place = 0;
  std::int64_t integer = 0;  // also of a boolean
  double number = 0;
  std::string text = {};  // also of a key

  static constexpr std::int64_t kInObject = 0, kOutermost = -1;
};

// Throws Error(CK_INVALID) when `json` is no JSON or is nested too deeply (128).
std::vector<EventItem> itemsOf(const std::string& json);

}  // namespace clusterkit::script

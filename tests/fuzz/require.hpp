// What a target demands of the code that it drives. A demand that is not met is an exception that nobody
// catches: the fuzzer keeps the input as a crash, the replay reports the file as a failed test.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace clusterkit::fuzz {

class Broken : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

inline void require(bool holds, std::string_view demand, std::string_view seen = {}) {
  if (holds) return;
  throw Broken(std::string(demand) + (seen.empty() ? "" : ": ") + std::string(seen));
}

}  // namespace clusterkit::fuzz

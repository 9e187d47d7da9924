// What clients of one register (a key) asked and were told. Values are unique per write, 0 means absent.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

namespace clusterkit::sim {

using RegisterValue = std::uint64_t;

enum class Kind : std::uint8_t { Read, Write, Exchange };

struct Operation {
  static constexpr std::uint64_t kOpen = std::numeric_limits<std::uint64_t>::max();

  Kind kind = Kind::Read;
  RegisterValue expected = 0;  // Read: what was read; Exchange: what had to be there
  RegisterValue written = 0;   // Write, Exchange
  std::uint64_t invoked = 0;
  // kOpen: it was never answered, or the answer does not say whether it happened. Only of Write and Exchange.
  std::uint64_t returned = kOpen;
};

// In any order. An operation that did not happen is not in it.
using History = std::vector<Operation>;

}  // namespace clusterkit::sim

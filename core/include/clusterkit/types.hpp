// Strong types shared by the embedding API, the SDK and the core.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace clusterkit {

// A number that cannot be mixed up with another kind of number. 0 means "none" for every id.
template <class Tag>
struct Number {
  std::uint64_t value = 0;

  constexpr Number() = default;
  constexpr explicit Number(std::uint64_t v) : value(v) {}
  constexpr explicit operator bool() const { return value != 0; }
  friend constexpr auto operator<=>(Number, Number) = default;
};

using MemberId =
    Number<struct MemberTag>;  // random, minted with the data folder; what consensus and transport know
using ClusterId = Number<struct ClusterTag>;  // of one generation of a cluster; printed as 16 hex digits
using LogIndex = Number<struct LogIndexTag>;  // position in the replicated log, from 1
using Epoch = Number<struct EpochTag>;        // fencing token; never falls
using EventSeq = Number<struct EventSeqTag>;  // dense number of a cluster event, from 1

using Duration = std::chrono::nanoseconds;
// Monotonic time since an arbitrary start; simulated in tests. Not comparable between processes.
using MonotonicTime = std::chrono::time_point<std::chrono::steady_clock, Duration>;
// Nanoseconds since 1970-01-01 UTC: for labels, never for decisions.
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;

}  // namespace clusterkit

template <class Tag>
struct std::hash<clusterkit::Number<Tag>> {
  std::size_t operator()(clusterkit::Number<Tag> n) const noexcept {
    return std::hash<std::uint64_t>{}(n.value);
  }
};

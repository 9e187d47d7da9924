// Durations and sizes as people write them in a config file: "500ms", "2s", "1MiB".
// [any] pure functions; std::nullopt means that the text is not one of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "clusterkit/types.hpp"

namespace clusterkit {

// A whole number with one unit of ns, us, ms, s, m, h; a fraction is allowed ("1.5s") where it is a whole
// number of nanoseconds. "0" needs no unit, everything else does. Negative and overflowing values are
// refused.
std::optional<Duration> parseDuration(std::string_view text);

// A whole number with one unit of B, KiB, MiB, GiB, TiB (1024) or kB, MB, GB, TB (1000). "0" needs no unit.
// At most 2^63-1 bytes.
std::optional<std::int64_t> parseSize(std::string_view text);

// A decimal number with an optional sign, nothing before or behind it.
std::optional<std::int64_t> parseInteger(std::string_view text);

// true, yes, on, 1 or false, no, off, 0; lower case only.
std::optional<bool> parseBoolean(std::string_view text);

// The shortest text with a whole number that parses back to the same value: 500ms, 2s, 5m, 1MiB.
std::string formatDuration(Duration value);
std::string formatSize(std::int64_t bytes);

}  // namespace clusterkit

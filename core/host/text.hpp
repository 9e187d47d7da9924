// Small pure functions for names and values that people type and read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace clusterkit {

// `text` without line breaks: control characters and broken UTF-8 become \xNN.
std::string oneLine(std::string_view text);

// The same in single quotes; text of more than 80 bytes is cut.
std::string inQuotes(std::string_view text);

// "a, b, c"; "none" for no items.
std::string joined(const std::vector<std::string>& items);

// Letters to insert, delete, replace or swap with their neighbour to get from one name to the other.
std::size_t editDistance(std::string_view from, std::string_view to);

// The candidate that was probably meant; empty when none is near enough to be a typing error.
std::string nearestName(std::string_view name, const std::vector<std::string>& candidates);

// Parts of `text` between separators, blanks around each removed; empty parts are kept.
std::vector<std::string> splitTrimmed(std::string_view text, char separator);

std::string_view trimmed(std::string_view text);

// 16 digits. How ids are shown, also in JSON, where numbers of other languages end at 2^53.
std::string hex64(std::uint64_t number);

// Of 1 to 16 hexadecimal digits and nothing else.
std::optional<std::uint64_t> parseHex64(std::string_view text);

}  // namespace clusterkit

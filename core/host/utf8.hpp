// Whether bytes are well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
#pragma once

#include <cstddef>
#include <string_view>

namespace clusterkit {

bool isUtf8(std::string_view bytes) noexcept;
// Length of the well-formed sequence at the start of `bytes`, 0 when there is none.
std::size_t utf8SequenceLength(std::string_view bytes) noexcept;

}  // namespace clusterkit

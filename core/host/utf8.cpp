#include "host/utf8.hpp"

namespace clusterkit {
namespace {

struct Lead {
  std::size_t length;                   // 0: no sequence starts so
  unsigned char secondLow, secondHigh;  // what the second byte may be
};

// RFC 3629, section 4: the ranges of the second byte keep out overlong forms, surrogates and what is too
// high.
constexpr Lead leadOf(unsigned char c) {
  if (c < 0x80) return {1, 0, 0};
  if (c >= 0xc2 && c <= 0xdf) return {2, 0x80, 0xbf};
  if (c == 0xe0) return {3, 0xa0, 0xbf};
  if (c == 0xed) return {3, 0x80, 0x9f};
  if (c >= 0xe1 && c <= 0xef) return {3, 0x80, 0xbf};
  if (c == 0xf0) return {4, 0x90, 0xbf};
  if (c >= 0xf1 && c <= 0xf3) return {4, 0x80, 0xbf};
  if (c == 0xf4) return {4, 0x80, 0x8f};
  return {0, 0, 0};
}

}  // namespace

std::size_t utf8SequenceLength(std::string_view bytes) noexcept {
  if (bytes.empty()) return 0;
  const Lead lead = leadOf(static_cast<unsigned char>(bytes[0]));
  if (lead.length <= 1 || lead.length > bytes.size()) return lead.length == 1 ? 1 : 0;
  const auto second = static_cast<unsigned char>(bytes[1]);
  if (second < lead.secondLow || second > lead.secondHigh) return 0;
  for (std::size_t i = 2; i < lead.length; ++i) {
    if ((static_cast<unsigned char>(bytes[i]) & 0xc0) != 0x80) return 0;
  }
  return lead.length;
}

bool isUtf8(std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const std::size_t length = utf8SequenceLength(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

}  // namespace clusterkit

// What travels in one ZeroMQ message: a fixed header, then the payload. Pure.
//
//   0 version (1)   1 kind   2 lane   3-7 reserved, sent as 0, ignored
//   8 from   16 to   24 session   32 sequence   (64 bits each, little endian)
//
// A frame describes itself, so a receiver keeps no state per connection: nothing can be squatted, and a
// connection that dies takes nothing with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace clusterkit::zmq {

inline constexpr std::size_t frameHeaderSize = 40;
inline constexpr std::uint8_t frameVersion = 1;

enum class FrameKind : std::uint8_t {
  hello = 1,     // "is `to` behind this address?"; session: incarnation of the sender, sequence: a nonce
  helloAck = 2,  // "this is `from`"; sequence: the nonce of the hello
  data = 3,  // session: incarnation of the sender; sequence: from 1, without gaps unless messages were lost
};

struct FrameHeader {
  FrameKind kind = FrameKind::data;
  std::uint8_t lane = 0;
  std::uint64_t from = 0, to = 0;  // member ids
  std::uint64_t session = 0, sequence = 0;

  bool operator==(const FrameHeader&) const = default;
};

// Writes exactly frameHeaderSize bytes.
void encode(const FrameHeader& header, std::uint8_t* out);

// Nothing when the bytes are too short or the version, the kind, the lane or an id is none of ours.
std::optional<FrameHeader> decode(const std::uint8_t* bytes, std::size_t size);

}  // namespace clusterkit::zmq

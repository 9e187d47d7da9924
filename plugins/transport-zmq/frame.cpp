#include "frame.hpp"

#include <clusterkit/transport.h>

#include <cstring>

namespace clusterkit::zmq {
namespace {

void put64(std::uint8_t* out, std::uint64_t value) {
  for (int i = 0; i < 8; ++i) out[i] = static_cast<std::uint8_t>(value >> (8 * i));
}

std::uint64_t get64(const std::uint8_t* in) {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value |= static_cast<std::uint64_t>(in[i]) << (8 * i);
  return value;
}

bool isKnownKind(std::uint8_t kind) {
  return kind >= static_cast<std::uint8_t>(FrameKind::hello) &&
         kind <= static_cast<std::uint8_t>(FrameKind::data);
}

}  // namespace

void encode(const FrameHeader& header, std::uint8_t* out) {
  std::memset(out, 0, frameHeaderSize);
  out[0] = frameVersion;
  out[1] = static_cast<std::uint8_t>(header.kind);
  out[2] = header.lane;
  put64(out + 8, header.from);
  put64(out + 16, header.to);
  put64(out + 24, header.session);
  put64(out + 32, header.sequence);
}

std::optional<FrameHeader> decode(const std::uint8_t* bytes, std::size_t size) {
  if (size < frameHeaderSize || bytes[0] != frameVersion) return std::nullopt;
  if (!isKnownKind(bytes[1]) || bytes[2] >= CK_LANE_COUNT) return std::nullopt;
  FrameHeader header{static_cast<FrameKind>(bytes[1]),
                     bytes[2],
                     get64(bytes + 8),
                     get64(bytes + 16),
                     get64(bytes + 24),
                     get64(bytes + 32)};
  if (header.from == 0 || header.to == 0) return std::nullopt;
  return header;
}

}  // namespace clusterkit::zmq

#include "frame.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>

namespace clusterkit::zmq {
namespace {

std::array<std::uint8_t, frameHeaderSize> bytesOf(const FrameHeader& header) {
  std::array<std::uint8_t, frameHeaderSize> bytes{};
  encode(header, bytes.data());
  return bytes;
}

const FrameHeader sample{FrameKind::data, 2, 0x1122334455667788, 7, 0xFFFFFFFFFFFFFFFF, 1};

TEST(Frame, ReadsBackWhatItWrote) {
  for (const FrameKind kind : {FrameKind::hello, FrameKind::helloAck, FrameKind::data}) {
    FrameHeader header = sample;
    header.kind = kind;
    const auto bytes = bytesOf(header);
    EXPECT_EQ(decode(bytes.data(), bytes.size()), header);
  }
}

TEST(Frame, LayoutIsWhatTheHeaderDocuments) {
  const auto bytes = bytesOf(sample);
  EXPECT_EQ(bytes[0], 1);
  EXPECT_EQ(bytes[1], 3);
  EXPECT_EQ(bytes[2], 2);
  EXPECT_EQ(bytes[8], 0x88);  // little endian
  EXPECT_EQ(bytes[15], 0x11);
  EXPECT_EQ(bytes[16], 7);
  EXPECT_EQ(bytes[32], 1);
}

TEST(Frame, RefusesWhatItDoesNotKnow) {
  const auto good = bytesOf(sample);
  for (std::size_t size = 0; size < frameHeaderSize; ++size) EXPECT_FALSE(decode(good.data(), size));
  const auto with = [&](std::size_t at, std::uint8_t value) {
    auto bytes = good;
    bytes[at] = value;
    return decode(bytes.data(), bytes.size());
  };
  EXPECT_FALSE(with(0, 0)) << "version";
  EXPECT_FALSE(with(0, 2)) << "version";
  EXPECT_FALSE(with(1, 0)) << "kind";
  EXPECT_FALSE(with(1, 4)) << "kind";
  EXPECT_FALSE(with(2, 3)) << "lane";
  EXPECT_FALSE(with(16, 0)) << "to nobody";
  EXPECT_TRUE(with(5, 99)) << "reserved bytes are for later versions";
}

TEST(Frame, SurvivesRandomBytes) {
  std::mt19937 random(7);
  std::array<std::uint8_t, 64> bytes{};
  for (int round = 0; round < 20'000; ++round) {
    for (auto& b : bytes) b = static_cast<std::uint8_t>(random());
    bytes[0] = frameVersion;
    const auto header = decode(bytes.data(), random() % bytes.size());
    EXPECT_TRUE(!header || (header->lane < 3 && header->from != 0 && header->to != 0));
  }
}

}  // namespace
}  // namespace clusterkit::zmq

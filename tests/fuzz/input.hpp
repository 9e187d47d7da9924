// The fuzzer's bytes as a stream of small decisions, for targets that drive something with a state. What is
// read after the end is 0 and empty, so every input is one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace clusterkit::fuzz {

inline std::string_view textOf(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : left_(textOf(data, size)) {}

  bool empty() const { return left_.empty(); }

  std::uint8_t byte() {
    const std::string_view one = take(1);
    return one.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(one.front());
  }
  std::uint8_t below(std::uint8_t limit) { return static_cast<std::uint8_t>(byte() % limit); }

  // Lowest byte first.
  std::uint64_t number(std::size_t bytes = 8) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i) value |= static_cast<std::uint64_t>(byte()) << (8 * i);
    return value;
  }

  // A length in two bytes, then so many bytes, or as many as there are.
  std::string_view chunk() { return take(static_cast<std::size_t>(number(2))); }
  std::string_view take(std::size_t size) {
    const std::string_view part = left_.substr(0, std::min(size, left_.size()));
    left_.remove_prefix(part.size());
    return part;
  }

 private:
  std::string_view left_;
};

}  // namespace clusterkit::fuzz

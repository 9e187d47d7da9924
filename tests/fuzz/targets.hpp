// The fuzz targets by name, for those who run them without a fuzzer. In this build each
// LLVMFuzzerTestOneInput has the name of its target (CMakeLists.txt).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace clusterkit::fuzz {

struct Target {
  std::string name;
  int (*run)(const std::uint8_t* data, std::size_t size);
};
const std::vector<Target>& targets();

inline void run(const Target& target, const std::string& bytes) {
  target.run(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace clusterkit::fuzz

// Configuration files in INI.
#include "daemon/config_file.hpp"
#include "fuzz/config.hpp"
#include "fuzz/input.hpp"

namespace clusterkit {
namespace {

std::vector<ConfigSection> rereadIni(const std::vector<ConfigSection>& sections) {
  std::string text;
  for (const ConfigSection& section : sections) {
    text += "[" + section.kind + (section.instance.empty() ? "" : "." + section.instance) + "]\n";
    for (const auto& [key, value] : section.values) text += key + " = " + value.text + "\n";
  }
  return parseIni(text, "again.ini");
}

}  // namespace
}  // namespace clusterkit

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clusterkit;
  fuzz::loadConfig(fuzz::textOf(data, size), ".ini", &parseIni, &rereadIni);
  return 0;
}

// What both formats of the configuration have in common for the fuzzer: the way from bytes to settings, and
// what a refusal says.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host/section.hpp"

namespace clusterkit::fuzz {

// Writes `text` into a file of this ending, loads the settings from it and checks what comes of that. Raw
// sections are given to `reread`, which writes and reads them again in the same format.
using Reread = std::vector<ConfigSection> (*)(const std::vector<ConfigSection>& sections);
using Parse = std::vector<ConfigSection> (*)(std::string_view text, const std::string& file);
void loadConfig(std::string_view text, const std::string& ending, Parse parse, Reread reread);

}  // namespace clusterkit::fuzz

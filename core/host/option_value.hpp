// One value of a config schema: from the text a person wrote to what ck_config hands out.
// [any] pure functions, except that a path is joined to its base folder.
#pragma once

#include <clusterkit/plugin.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace clusterkit {

struct OptionValue {
  std::string text;                // as written; an absolute path for CK_TYPE_PATH
  std::int64_t number = 0;         // int, bool, duration (ns), size (bytes)
  std::vector<std::string> items;  // list
};

// Throws std::invalid_argument with "what is wrong; allowed: what is allowed" (never the value itself).
OptionValue parseOption(const ck_option& row, const std::string& text,
                        const std::filesystem::path& baseFolder);

// "a duration with unit … from 10ms to 1h", "one of debug, info": for errors.
std::string allowedText(const ck_option& row);

// The same in few words for a sample: "1ms to 1h", "debug, info"; empty where there is nothing to say.
std::string allowedHint(const ck_option& row);

// "500ms, 1s" as a list: comma-separated; an item in double quotes may hold commas, and \" and \\ in it.
// Throws std::invalid_argument.
std::vector<std::string> parseList(const std::string& text);

// The choices of CK_TYPE_ENUM.
std::vector<std::string> choicesOf(const ck_option& row);

}  // namespace clusterkit

// Reads a plugin file once, with the checks that must hold before its code may be mapped: who owns it and who
// could have changed it. [ctl]
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "host/plugin_refused.hpp"

namespace clusterkit {

// In-process plugins are fully trusted, so only root or the daemon's own user may be able to change one.
struct PluginTrust {
  uid_t user;                      // the daemon's user; root is always trusted
  std::vector<std::string> allow;  // "sha256:<64 hex digits>"; empty = every file of a trusted owner

  static PluginTrust ofThisProcess(std::vector<std::string> allow = {});
};

// Throws PluginRefused unless the folder and all above it belong to root or the user and nobody else can
// write there. A folder above (not the plugin folder itself) may be writable by others if it is sticky, as
// /tmp is: there only the owner of an entry can replace it.
void checkFolderTrust(const std::filesystem::path& folder, const PluginTrust& trust);

// The bytes of a regular file. Owner and mode are those of the open file, so what is checked is what is read.
// Throws PluginRefused with a text that does not name the file.
std::vector<std::uint8_t> readPluginFile(const std::filesystem::path& file, const PluginTrust& trust);

// 64 lower-case hex digits.
std::string sha256Of(std::span<const std::uint8_t> bytes);

// Throws PluginRefused if there is an allow list without this hash.
void checkAllowed(const std::string& sha256, const PluginTrust& trust);

}  // namespace clusterkit

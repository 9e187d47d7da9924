// What a plugin file says about itself in its ELF notes, read without running or mapping any of its code.
//
// The reader trusts nothing: every offset and size is checked against the bytes at hand, only program headers
// are looked at, and a file of another class, byte order or architecture is refused with both
// values. Section headers are never read, so a stripped file says the same as before. Format: CK_NOTE in
// plugin.h. [any] pure functions of their argument.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/plugin_refused.hpp"

namespace clusterkit {

struct LibraryNote {
  std::uint32_t abiMajor = 0;
  std::uint32_t abiMinor = 0;
  std::uint32_t needMinor = 0;
  std::string library;
  std::string version;
};

struct ComponentNote {
  std::string kind;  // "clusterkit.sink/1"
  std::string id;
  std::string version;
  std::string summary;
  std::uint32_t flags = 0;  // CK_COMPONENT_*
};

struct PluginNotes {
  LibraryNote library;
  std::vector<ComponentNote> components;
};

// Throws PluginRefused with a text that does not name the file: the caller knows it.
PluginNotes readPluginNotes(std::span<const std::uint8_t> file);

// "4 | 8" as the note carries flags: decimal numbers joined by |. Throws PluginRefused.
std::uint32_t parseNoteFlags(std::string_view text);

}  // namespace clusterkit

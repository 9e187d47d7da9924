// Every plugin file the host can find, what it says about itself, and whether it may be used. Runs no plugin
// code. [ctl]
//
// Search order: the folders given on the command line, then those of the config file, then the built-in
// folder beside the executable. Never the working folder and never LD_LIBRARY_PATH. Order decides nothing:
// the same role and id in two files is an error that names both, and a file that is found but refused is
// never passed over for another one.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/elf_notes.hpp"
#include "host/plugin_file.hpp"

namespace clusterkit {

struct PluginFile {
  std::filesystem::path path;  // canonical
  std::uint64_t size = 0;
  std::string sha256;                // empty if the file could not be read
  std::optional<PluginNotes> notes;  // nothing if they could not be read
  std::string refusal;               // why the file is not taken, one line; empty = ok

  bool ok() const { return refusal.empty(); }
};

struct PluginSearch {
  std::vector<std::filesystem::path> places;  // absolute; folders, or single .so files; each must exist
  std::filesystem::path builtinFolder;        // may be missing
  PluginTrust trust = PluginTrust::ofThisProcess();
};

// ../lib/clusterkit/plugins beside the folder of the running executable.
std::filesystem::path builtinPluginFolder();

// A component that may be used, borrowed from the catalog.
struct ResolvedPlugin {
  const PluginFile* file;
  const ComponentNote* component;
};

class PluginCatalog {
 public:
  // Looks at every file that ends in .so. Throws PluginRefused for a place that does not exist or is not
  // absolute; what is wrong with a file is kept in the file.
  static PluginCatalog scan(const PluginSearch& search);

  // By place in search order, then by name.
  const std::vector<PluginFile>& files() const { return files_; }
  const std::vector<std::string>& places() const { return places_; }

  // The component of a role ("sink") with this id. Throws PluginRefused: unknown id (with what was found,
  // where it looked, and the nearest known id), two files, or a file that was refused (with its reason).
  ResolvedPlugin resolve(std::string_view role, std::string_view id) const;

  // Ids of a role in files that are ok.
  std::vector<std::string> ids(std::string_view role) const;

 private:
  void addPlace(const std::filesystem::path& place, const PluginTrust& trust);
  void addFile(const std::filesystem::path& path, const PluginTrust& trust, const std::string& folderRefusal);
  [[noreturn]] void refuseUnknown(std::string_view role, std::string_view id) const;

  std::vector<PluginFile> files_;
  std::vector<std::string> places_;
};

// What can be said against a file from its notes alone: ABI version, unknown kinds only, one id twice. Throws
// PluginRefused with a text that does not name the file.
void checkNotes(const PluginNotes& notes);

}  // namespace clusterkit

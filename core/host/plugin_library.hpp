// Maps plugin files into this process. [ctl]
//
// A file is mapped once and never unmapped: code that was entered may be entered again by a stray thread, so
// neither the end of a library object nor the end of the process unloads it. What is mapped is a private copy
// named by its content, so overwriting the installed file touches no running node, and a new version of a
// plugin lives beside the old one.
#pragma once

#include <clusterkit/plugin.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "host/plugin_catalog.hpp"

namespace clusterkit {

// A mapped file whose entry was found sound. Its tables stay readable until the process ends.
class PluginLibrary {
 public:
  struct Mapping;  // the Boost.DLL side
  PluginLibrary(PluginFile file, std::unique_ptr<Mapping> mapping, const ck_entry* entry,
                std::vector<const ck_component*> components);
  ~PluginLibrary();
  PluginLibrary(const PluginLibrary&) = delete;
  PluginLibrary& operator=(const PluginLibrary&) = delete;

  const PluginFile& file() const { return file_; }
  const ck_entry* entry() const { return entry_; }
  const std::vector<const ck_component*>& components() const { return components_; }

  // By exact kind ("clusterkit.sink/1") and id; null if the file has no such component.
  const ck_component* component(std::string_view kind, std::string_view id) const;

 private:
  PluginFile file_;
  std::unique_ptr<Mapping> mapping_;
  const ck_entry* entry_;
  std::vector<const ck_component*> components_;
};

// All libraries of the process, owned by the composition root.
class PluginLibraries {
 public:
  // copyFolder is made if it is missing and holds <sha256>/<name>.so; empty maps the installed files
  // themselves, which is for tools that end soon.
  explicit PluginLibraries(std::filesystem::path copyFolder,
                           PluginTrust trust = PluginTrust::ofThisProcess());
  ~PluginLibraries();

  // Maps the file, or returns the library that already holds the same bytes. Reads and checks the file again:
  // it must still have the hash that the catalog saw. Throws PluginRefused with one line naming the file.
  const PluginLibrary& load(const PluginFile& file);

  // load() of what the catalog resolves, and the component in it.
  const ck_component& component(const PluginCatalog& catalog, std::string_view role, std::string_view id);

  const std::vector<std::unique_ptr<PluginLibrary>>& loaded() const { return libraries_; }

 private:
  std::unique_ptr<PluginLibrary> map(const PluginFile& file);
  std::filesystem::path privateCopy(const PluginFile& file, const std::vector<std::uint8_t>& bytes) const;

  std::filesystem::path copyFolder_;
  PluginTrust trust_;
  std::vector<std::unique_ptr<PluginLibrary>> libraries_;
};

}  // namespace clusterkit

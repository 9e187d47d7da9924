#include "host/plugin_catalog.hpp"

#include <clusterkit/plugin.h>

#include <algorithm>
#include <set>
#include <system_error>

#include "host/plugin_kinds.hpp"
#include "host/text.hpp"

namespace clusterkit {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFiles = 1000;

std::string name(const fs::path& path) { return oneLine(path.string()); }

std::string abiText(std::uint32_t major, std::uint32_t minor) {
  return std::to_string(major) + "." + std::to_string(minor);
}

std::vector<fs::path> sharedObjectsIn(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    if (entries->path().extension() == ".so") found.push_back(entries->path());
    if (found.size() > kMaxFiles)
      throw PluginRefused("plugin folder " + name(folder) + " has more than 1000 files");
  }
  if (error) throw PluginRefused("plugin folder " + name(folder) + " cannot be read: " + error.message());
  std::sort(found.begin(), found.end());
  return found;
}

bool offers(const PluginFile& file, std::string_view role, std::string_view id) {
  return file.notes &&
         std::any_of(file.notes->components.begin(), file.notes->components.end(),
                     [&](const ComponentNote& c) { return c.id == id && roleOf(c.kind) == role; });
}

// Why a folder's files may not be used; empty if they may.
std::string folderRefusal(const fs::path& folder, const PluginTrust& trust) {
  try {
    checkFolderTrust(folder, trust);
    return {};
  } catch (const PluginRefused& e) {
    return e.what();
  }
}

}  // namespace

fs::path builtinPluginFolder() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  if (error) throw PluginRefused("cannot find the folder of this program: " + error.message());
  return self.parent_path().parent_path() / "lib" / "clusterkit" / "plugins";
}

void checkNotes(const PluginNotes& notes) {
  const LibraryNote& library = notes.library;
  if (library.abiMajor != CK_ABI_MAJOR) {
    throw PluginRefused("is built for plugin ABI " + abiText(library.abiMajor, library.abiMinor) +
                        ", this host has " + abiText(CK_ABI_MAJOR, CK_ABI_MINOR));
  }
  if (library.needMinor > CK_ABI_MINOR) {
    throw PluginRefused("needs a newer host: plugin ABI " + abiText(library.abiMajor, library.needMinor) +
                        " at least, this host has " + abiText(CK_ABI_MAJOR, CK_ABI_MINOR));
  }
  std::set<std::pair<std::string_view, std::string>> seen;
  std::string unknown;
  for (const ComponentNote& component : notes.components) {
    const auto role = roleOf(component.kind);
    if (role.empty()) unknown = component.kind;
    // Sinks come in two kinds but share one set of names in the config file.
    if (!seen.emplace(role.empty() ? std::string_view(component.kind) : role, component.id).second)
      throw PluginRefused("offers " + inQuotes(component.id) + " of kind " + inQuotes(component.kind) +
                          " twice");
  }
  // Next to a known kind an unknown one is harmless: the file serves newer hosts too.
  const bool useful = std::any_of(notes.components.begin(), notes.components.end(),
                                  [](const ComponentNote& c) { return !roleOf(c.kind).empty(); });
  if (!useful)
    throw PluginRefused("offers kind " + inQuotes(unknown) + ", this host knows " + joined(knownKinds()));
}

PluginCatalog PluginCatalog::scan(const PluginSearch& search) {
  PluginCatalog catalog;
  for (const auto& place : search.places) {
    if (!place.is_absolute()) throw PluginRefused("plugin path " + name(place) + " is not absolute");
    if (!fs::exists(place)) throw PluginRefused("plugin path " + name(place) + " does not exist");
    catalog.addPlace(place, search.trust);
  }
  if (fs::exists(search.builtinFolder)) {
    catalog.addPlace(search.builtinFolder, search.trust);
  } else if (!search.builtinFolder.empty()) {
    catalog.places_.push_back(name(search.builtinFolder) + " (does not exist)");
  }
  return catalog;
}

void PluginCatalog::addPlace(const fs::path& place, const PluginTrust& trust) {
  const fs::path real = fs::canonical(place);
  if (std::find(places_.begin(), places_.end(), name(real)) != places_.end()) return;
  places_.push_back(name(real));
  if (!fs::is_directory(real)) {
    addFile(real, trust, folderRefusal(real.parent_path(), trust));
    return;
  }
  const std::string refusal = folderRefusal(real, trust);
  for (const auto& path : sharedObjectsIn(real)) {
    std::error_code error;
    const fs::path target = fs::canonical(path, error);
    if (error) {  // a dangling or circular link
      files_.push_back({path, 0, "", std::nullopt, "cannot be opened: " + error.message()});
    } else if (target.parent_path() == real) {
      addFile(target, trust, refusal);
    } else {  // a link to elsewhere: it is that folder that counts
      addFile(target, trust, refusal.empty() ? folderRefusal(target.parent_path(), trust) : refusal);
    }
  }
}

void PluginCatalog::addFile(const fs::path& path, const PluginTrust& trust,
                            const std::string& folderRefusal) {
  for (const PluginFile& known : files_)
    if (known.path == path) return;  // two places, or two links, lead to one file
  PluginFile file;
  file.path = path;
  try {
    const auto bytes = readPluginFile(path, trust);
    file.size = bytes.size();
    file.sha256 = sha256Of(bytes);
    file.notes = readPluginNotes(bytes);
    if (!folderRefusal.empty()) throw PluginRefused("lies in a place that is not trusted: " + folderRefusal);
    checkAllowed(file.sha256, trust);
    checkNotes(*file.notes);
  } catch (const PluginRefused& e) {
    file.refusal = e.what();
  }
  files_.push_back(std::move(file));
}

std::vector<std::string> PluginCatalog::ids(std::string_view role) const {
  std::set<std::string> found;
  for (const PluginFile& file : files_) {
    if (!file.ok()) continue;
    for (const ComponentNote& component : file.notes->components)
      if (roleOf(component.kind) == role) found.insert(component.id);
  }
  return {found.begin(), found.end()};
}

ResolvedPlugin PluginCatalog::resolve(std::string_view role, std::string_view id) const {
  const PluginFile* found = nullptr;
  for (const PluginFile& file : files_) {
    if (!offers(file, role, id)) continue;
    if (found != nullptr) {
      throw PluginRefused(std::string(role) + " plugin " + inQuotes(id) + " is in two files: " +
                          name(found->path) + " and " + name(file.path) + "; remove one of them");
    }
    found = &file;
  }
  if (found == nullptr) refuseUnknown(role, id);
  if (!found->ok()) throw PluginRefused("plugin " + name(found->path) + " " + found->refusal);
  for (const ComponentNote& component : found->notes->components)
    if (component.id == id && roleOf(component.kind) == role) return {found, &component};
  refuseUnknown(role, id);
}

void PluginCatalog::refuseUnknown(std::string_view role, std::string_view id) const {
  const auto known = ids(role);
  const std::string nearest = nearestName(id, known);
  std::string refused;
  for (const PluginFile& file : files_)
    if (!file.ok()) refused += "; refused: " + name(file.path) + " " + file.refusal;
  throw PluginRefused("no " + std::string(role) + " plugin " + inQuotes(id) + " was found" +
                      (nearest.empty() ? "" : ", did you mean " + inQuotes(nearest) + "?") + "; " +
                      std::string(role) + " plugins found: " + joined(known) +
                      "; looked in: " + joined(places_) + refused);
}

}  // namespace clusterkit

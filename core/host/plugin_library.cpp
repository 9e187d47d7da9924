// The one file that includes Boost.DLL.
#define BOOST_DLL_USE_STD_FS
#include "host/plugin_library.hpp"

#include <dlfcn.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <boost/dll/shared_library.hpp>
#include <fstream>
#include <new>
#include <system_error>

#include "host/plugin_entry.hpp"
#include "host/text.hpp"

namespace clusterkit {

// Holds the library without ever destroying it: Boost.DLL closes in its destructor.
struct PluginLibrary::Mapping {
  Mapping() { new (&library) boost::dll::shared_library(); }
  ~Mapping() {}
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  union {
    boost::dll::shared_library library;
  };
};

namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const std::string& why) { throw PluginRefused(why); }

// Boost.DLL wraps the loader's own text and adds a cause that is always the same.
std::string loaderText(const std::string& what) {
  static const std::string before = "dlerror system message: ";
  const std::size_t start = what.find(before);
  if (start == std::string::npos) return oneLine(what);
  const std::size_t end = what.rfind("):");
  return oneLine(
      what.substr(start + before.size(), end == std::string::npos ? end : end - start - before.size()));
}

bool mountedNoexec(const fs::path& path) {
  struct statvfs st {};
  return ::statvfs(path.c_str(), &st) == 0 && (st.f_flag & ST_NOEXEC) != 0;
}

void openLibrary(boost::dll::shared_library& library, const fs::path& path) {
  using boost::dll::load_mode::type;
  // Boost.DLL has no name for NODELETE but passes what it does not know on to dlopen.
  const type mode = boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local |
                    static_cast<type>(static_cast<unsigned>(RTLD_NODELETE));
  try {
    library.load(path, mode);
  } catch (const std::exception& e) {
    if (mountedNoexec(path))
      refuse("cannot be mapped: " + oneLine(path.string()) + " is on a file system mounted noexec");
    refuse("cannot be mapped: " + loaderText(e.what()));
  }
}

const ck_entry* findEntry(const boost::dll::shared_library& library) {
  if (!library.has(CK_ENTRY_SYMBOL)) refuse("does not export " CK_ENTRY_SYMBOL);
  return &library.get<const ck_entry>(CK_ENTRY_SYMBOL);
}

void writeFile(const fs::path& path, const std::vector<std::uint8_t>& bytes) {
  // Written beside and renamed, so that a copy with its final name is always whole.
  const fs::path temporary = path.string() + "." + std::to_string(::getpid());
  std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  out.close();
  std::error_code error;
  if (out) fs::permissions(temporary, fs::perms::owner_read | fs::perms::owner_exec, error);
  if (out && !error) fs::rename(temporary, path, error);
  if (!out || error) {
    std::error_code ignored;
    fs::remove(temporary, ignored);
    refuse("cannot be copied to " + oneLine(path.string()) +
           (error ? ": " + error.message() : ": write failed"));
  }
}

bool holds(const fs::path& path, const std::string& sha256, const PluginTrust& trust) {
  try {
    return sha256Of(readPluginFile(path, trust)) == sha256;
  } catch (const PluginRefused&) {
    return false;  // missing, or not as this process writes it: written anew
  }
}

}  // namespace

PluginLibrary::PluginLibrary(PluginFile file, std::unique_ptr<Mapping> mapping, const ck_entry* entry,
                             std::vector<const ck_component*> components)
    : file_(std::move(file)),
      mapping_(std::move(mapping)),
      entry_(entry),
      components_(std::move(components)) {}

PluginLibrary::~PluginLibrary() = default;

const ck_component* PluginLibrary::component(std::string_view kind, std::string_view id) const {
  for (const ck_component* component : components_)
    if (kind == component->kind && id == component->id) return component;
  return nullptr;
}

PluginLibraries::PluginLibraries(fs::path copyFolder, PluginTrust trust)
    : copyFolder_(std::move(copyFolder)), trust_(std::move(trust)) {}

PluginLibraries::~PluginLibraries() = default;

const PluginLibrary& PluginLibraries::load(const PluginFile& file) {
  try {
    if (!file.ok()) refuse(file.refusal);
    for (const auto& library : libraries_)
      if (library->file().sha256 == file.sha256) return *library;
    libraries_.push_back(map(file));
    return *libraries_.back();
  } catch (const PluginRefused& e) {
    throw PluginRefused("plugin " + oneLine(file.path.string()) + " " + e.what());
  }
}

std::unique_ptr<PluginLibrary> PluginLibraries::map(const PluginFile& file) {
  checkFolderTrust(file.path.parent_path(), trust_);
  const auto bytes = readPluginFile(file.path, trust_);
  const std::string sha256 = sha256Of(bytes);
  if (sha256 != file.sha256)
    refuse("has changed since it was checked: sha256 was " + file.sha256 + ", is " + sha256);
  checkAllowed(sha256, trust_);
  const PluginNotes notes = readPluginNotes(bytes);
  checkNotes(notes);

  auto mapping = std::make_unique<PluginLibrary::Mapping>();
  openLibrary(mapping->library, copyFolder_.empty() ? file.path : privateCopy(file, bytes));
  const ck_entry* entry = findEntry(mapping->library);
  // The loader knows files by name and inode; a reused inode would give an old library for a new file.
  for (const auto& library : libraries_) {
    if (library->entry() == entry)
      refuse("was not mapped: the loader returned " + oneLine(library->file().path.string()) + " instead");
  }
  auto components = checkEntry(entry, notes);
  return std::make_unique<PluginLibrary>(file, std::move(mapping), entry, std::move(components));
}

fs::path PluginLibraries::privateCopy(const PluginFile& file, const std::vector<std::uint8_t>& bytes) const {
  const fs::path folder = copyFolder_ / file.sha256;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) refuse("cannot be copied: folder " + oneLine(folder.string()) + ": " + error.message());
  fs::permissions(copyFolder_, fs::perms::owner_all, error);
  if (!error) fs::permissions(folder, fs::perms::owner_all, error);
  if (error) refuse("cannot be copied: folder " + oneLine(folder.string()) + ": " + error.message());
  checkFolderTrust(folder, trust_);
  const fs::path copy = folder / file.path.filename();
  if (!holds(copy, file.sha256, trust_)) writeFile(copy, bytes);
  return copy;
}

const ck_component& PluginLibraries::component(const PluginCatalog& catalog, std::string_view role,
                                               std::string_view id) {
  const ResolvedPlugin found = catalog.resolve(role, id);
  const ck_component* component = load(*found.file).component(found.component->kind, id);
  // The entry equals the note, which has it.
  if (component == nullptr)
    throw PluginRefused("plugin " + oneLine(found.file->path.string()) + " lost its component");
  return *component;
}

}  // namespace clusterkit

#include "cli/store_backup.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "cli/stopped_store.hpp"

namespace fs = std::filesystem;

namespace clusterkit::cli {
namespace {

void sync(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (!synced)
    throw StoreNotReadable("the copy " + path.string() +
                           " cannot be synced: " + std::generic_category().message(error));
}

void syncAll(const fs::path& folder) {
  for (const auto& item : fs::recursive_directory_iterator(folder)) sync(item.path());
  sync(folder);
}

fs::path unused(const fs::path& wanted) {
  fs::path path = wanted;
  for (int number = 2; fs::exists(path); ++number) path = wanted.string() + "." + std::to_string(number);
  return path;
}

}  // namespace

fs::path backUpStore(const fs::path& dataDir, const std::string& name) {
  const fs::path backup = unused(dataDir / name);
  const fs::path partial = dataDir / (name + ".partial");
  std::error_code error;
  fs::remove_all(partial, error);  // of a run that was interrupted
  if (!error) {
    copyStore(dataDir, partial);
    syncAll(partial);
    fs::rename(partial, backup, error);
  }
  if (error)
    throw StoreNotReadable("the store cannot be copied to " + backup.string() + ": " + error.message());
  sync(dataDir);
  return backup;
}

}  // namespace clusterkit::cli

#include "file_check.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <clusterkit/plugin.hpp>
#include <filesystem>

namespace clusterkit::script {
namespace {

using Stat = struct stat;  // the function of the same name hides it

constexpr const char* kAllowed = "; allowed is a regular file that only its owner and group can write";

[[noreturn]] void refuse(const std::string& option, const std::string& path, const std::string& what) {
  throw Error(CK_INVALID, option + " = '" + path + "': " + what);
}

void check(const std::string& option, const std::string& path, int access, const char* lacks) {
  Stat file, folder;
  if (::stat(path.c_str(), &file) != 0)
    refuse(option, path, std::generic_category().message(errno) + kAllowed);
  if (!S_ISREG(file.st_mode)) refuse(option, path, std::string("is no regular file") + kAllowed);
  if ((file.st_mode & S_IWOTH) != 0)
    refuse(option, path, std::string("everybody can write to it") + kAllowed);
  const std::string parent = std::filesystem::path(path).parent_path();
  if (::stat(parent.c_str(), &folder) == 0 && (folder.st_mode & S_IWOTH) != 0 &&
      (folder.st_mode & S_ISVTX) == 0)
    refuse(option, path, std::string("everybody can write to its folder") + kAllowed);
  if (::faccessat(AT_FDCWD, path.c_str(), access, AT_EACCESS) != 0) refuse(option, path, lacks);
}

}  // namespace

void checkExecutable(const std::string& option, const std::string& path) {
  check(option, path, X_OK, "is not executable; allow it with chmod +x");
}

void checkReadable(const std::string& option, const std::string& path) {
  check(option, path, R_OK, "cannot be read; allow it with chmod +r");
}

}  // namespace clusterkit::script

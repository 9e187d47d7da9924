#include "file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace clusterkit::sqlite {

namespace {

[[noreturn]] void fail(const char* what, const std::filesystem::path& path) {
  const int error = errno;
  throw Error(meansNoSpace(error) ? CK_NO_SPACE : CK_IO,
              std::string(what) + " " + path.string() + ": " + systemReason(error), error);
}

int flagsOf(File::Mode mode) {
  switch (mode) {
    case File::Mode::readOnly: return O_RDONLY;
    case File::Mode::readWrite: return O_RDWR | O_CREAT;
    case File::Mode::createOrTruncate: return O_RDWR | O_CREAT | O_TRUNC;
  }
  return O_RDONLY;
}

}  // namespace

std::string systemReason(int error) {
  char memory[128];  // strerror's own would be shared with other threads
  return strerror_r(error, memory, sizeof memory);
}

bool meansNoSpace(int error) { return error == ENOSPC || error == EDQUOT; }

File::File(const std::filesystem::path& path, Mode mode) : path_(path) {
  fd_ = ::open(path.c_str(), flagsOf(mode) | O_CLOEXEC, 0600);
  if (fd_ < 0) fail("cannot open", path);
}

File& File::operator=(File&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
    path_ = std::move(other.path_);
  }
  return *this;
}

std::uint64_t File::size() const {
  struct stat s {};
  if (::fstat(fd_, &s) != 0) fail("cannot examine", path_);
  return static_cast<std::uint64_t>(s.st_size);
}

std::string File::read(std::uint64_t offset, std::uint64_t max) const {
  std::string out(max, '\0');
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t n = ::pread(fd_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("cannot read", path_);
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  out.resize(done);
  return out;
}

void File::write(std::uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("cannot write", path_);
    bytes.remove_prefix(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
}

void File::sync() {
  if (::fdatasync(fd_) != 0) fail("cannot sync", path_);
}

void File::dropCached() { ::posix_fadvise(fd_, 0, 0, POSIX_FADV_DONTNEED); }

bool File::tryLock() {
  if (::flock(fd_, LOCK_EX | LOCK_NB) == 0) return true;
  if (errno != EWOULDBLOCK) fail("cannot lock", path_);
  return false;
}

void File::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void makeFolder(const std::filesystem::path& folder) {
  if (::mkdir(folder.c_str(), 0700) != 0) {
    if (errno == EEXIST) return;
    fail("cannot create", folder);
  }
  syncFolder(folder.parent_path());
}

void syncFolder(const std::filesystem::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) fail("cannot open", folder);
  const int result = ::fsync(fd);
  const int error = errno;
  ::close(fd);
  errno = error;
  if (result != 0) fail("cannot sync", folder);
}

void renameFile(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) fail("cannot rename", from);
}

void removeFile(const std::filesystem::path& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) fail("cannot remove", path);
}

}  // namespace clusterkit::sqlite

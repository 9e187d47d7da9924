// The C library's file calls of this program: what happens below the watched folder is told to the disk. All
// else, and everything while nothing is watched, goes straight through.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>

#include "volatile_disk.hpp"

namespace {

using clusterkit::sqlite::FileNumber;
using clusterkit::sqlite::VolatileDisk;

template <class F>
F* real(F*, const char* name) {
  return reinterpret_cast<F*>(::dlsym(RTLD_NEXT, name));
}
#define REAL(function) real(&::function, #function)

// The disk, if this path or descriptor is its.
VolatileDisk* watching(const char* path) {
  VolatileDisk* disk = VolatileDisk::present();
  return disk != nullptr && disk->model().covers(path) ? disk : nullptr;
}
VolatileDisk* watching(int fd) {
  VolatileDisk* disk = VolatileDisk::present();
  if (disk == nullptr) return nullptr;
  const auto held = disk->lock();
  return disk->find(fd) != nullptr ? disk : nullptr;
}

int refused() {
  errno = EIO;
  return -1;
}

int openAs(const char* path, int flags, mode_t mode) {
  const auto call = [&] { return REAL(open64)(path, flags, mode); };
  VolatileDisk* disk = watching(path);
  if (disk == nullptr) return call();
  const auto held = disk->lock();
  const auto known = disk->model().find(path);
  const bool creates = (flags & O_CREAT) != 0 && !known;
  const bool cuts = (flags & O_TRUNC) != 0 && known;
  if ((creates || cuts) && !disk->mayChange()) return refused();
  const int fd = call();
  if (fd < 0) return fd;
  if (creates) disk->model().create(path);
  if (cuts) disk->model().truncate(*known, 0);
  disk->opened(fd, path);
  return fd;
}

ssize_t writeAs(int fd, const void* bytes, std::size_t size, off_t offset) {
  const auto call = [&] { return REAL(pwrite64)(fd, bytes, size, offset); };
  VolatileDisk* disk = watching(fd);
  if (disk == nullptr) return call();
  const auto held = disk->lock();
  if (!disk->mayChange()) return refused();
  const ssize_t written = call();
  if (written > 0)
    disk->model().write(disk->find(fd)->file, static_cast<std::uint64_t>(offset),
                        std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(written)));
  return written;
}

int cutAs(int fd, off_t size) {
  const auto call = [&] { return REAL(ftruncate64)(fd, size); };
  VolatileDisk* disk = watching(fd);
  if (disk == nullptr) return call();
  const auto held = disk->lock();
  if (!disk->mayChange()) return refused();
  const int result = call();
  if (result == 0) disk->model().truncate(disk->find(fd)->file, static_cast<std::uint64_t>(size));
  return result;
}

template <class Call>
int syncAs(int fd, Call call) {
  VolatileDisk* disk = watching(fd);
  if (disk == nullptr) return call();
  const auto held = disk->lock();
  if (!disk->mayChange()) return refused();
  const int result = call();
  const VolatileDisk::Open& open = *disk->find(fd);
  if (result == 0 && open.file != 0)
    disk->model().syncFile(open.file);
  else if (result == 0)
    disk->model().syncFolder(open.folder);
  return result;
}

template <class Call>
int removeAs(const char* path, Call call) {
  VolatileDisk* disk = watching(path);
  if (disk == nullptr) return call();
  const auto held = disk->lock();
  if (!disk->mayChange()) return refused();
  const int result = call();
  if (result == 0) disk->model().remove(path);
  return result;
}

mode_t modeOf(int flags, std::va_list arguments) {
  return (flags & O_CREAT) != 0 ? static_cast<mode_t>(va_arg(arguments, unsigned)) : 0;
}

}  // namespace

// Exported, or the libraries would not find them.
#pragma GCC visibility push(default)
extern "C" {

int open(const char* path, int flags, ...) {
  std::va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = modeOf(flags, arguments);
  va_end(arguments);
  return openAs(path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  std::va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = modeOf(flags, arguments);
  va_end(arguments);
  return openAs(path, flags, mode);
}
int close(int fd) {
  if (VolatileDisk* disk = VolatileDisk::present()) {
    const auto held = disk->lock();
    disk->closed(fd);
    return REAL(close)(fd);
  }
  return REAL(close)(fd);
}
ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  return writeAs(fd, bytes, size, offset);
}
ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t offset) {
  return writeAs(fd, bytes, size, offset);
}
int ftruncate(int fd, off_t size) noexcept { return cutAs(fd, size); }
int ftruncate64(int fd, off64_t size) noexcept { return cutAs(fd, size); }
int fsync(int fd) {
  return syncAs(fd, [fd] { return REAL(fsync)(fd); });
}
int fdatasync(int fd) {
  return syncAs(fd, [fd] { return REAL(fdatasync)(fd); });
}
int unlink(const char* path) noexcept {
  return removeAs(path, [path] { return REAL(unlink)(path); });
}
int remove(const char* path) noexcept {
  return removeAs(path, [path] { return REAL(remove)(path); });
}
int rename(const char* from, const char* to) noexcept {
  const auto call = [&] { return REAL(rename)(from, to); };
  VolatileDisk* disk = watching(from);
  if (disk == nullptr) return call();
  const auto held = disk->lock();
  if (!disk->mayChange()) return refused();
  const int result = call();
  if (result == 0) disk->model().rename(from, to);
  return result;
}
int mkdir(const char* path, mode_t mode) noexcept {
  const auto call = [&] { return REAL(mkdir)(path, mode); };
  VolatileDisk* disk = watching(path);
  if (disk == nullptr) return call();
  const auto held = disk->lock();
  if (!disk->mayChange()) return refused();
  const int result = call();
  if (result == 0) disk->model().createFolder(path);
  return result;
}

}  // extern "C"
#pragma GCC visibility pop

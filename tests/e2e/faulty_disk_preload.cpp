// Preloaded into a daemon by faulty_disk.hpp: file calls below one folder fail, lie or are refused as
// ordered.
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

template <class F>
F* real(F*, const char* name) {
  return reinterpret_cast<F*>(::dlsym(RTLD_NEXT, name));
}
#define REAL(function)                                       \
  ([] {                                                      \
    static auto* const found = real(&::function, #function); \
    return found;                                            \
  }())

enum class Order { None, Fail, Forget, ReadOnly };

std::atomic<bool> failed{false};
std::atomic<int> callsSeen{0};

void report(const char* what, const char* path);

// What is ordered for a call that would change `path`. "kill 7" ends the process before its seventh such
// call.
Order orderFor(const char* path) {
  const char* file = std::getenv("FAULTY_DISK_ORDERS");
  const int fd = file == nullptr ? -1 : REAL(open64)(file, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Order::None;
  char word[16] = {};
  const ssize_t size = ::read(fd, word, sizeof word - 1);
  ::close(fd);
  if (size <= 0) return Order::None;
  if (std::strncmp(word, "kill ", 5) == 0 && ++callsSeen == std::atoi(word + 5)) {
    report("killed", path);
    ::kill(::getpid(), SIGKILL);
  }
  if (std::strcmp(word, "fail") == 0) return Order::Fail;
  if (std::strcmp(word, "forget") == 0) return Order::Forget;
  return std::strcmp(word, "readonly") == 0 ? Order::ReadOnly : Order::None;
}

bool below(const char* path) {
  const char* folder = std::getenv("FAULTY_DISK_FOLDER");
  return folder != nullptr && std::strncmp(path, folder, std::strlen(folder)) == 0;
}

// The path of an open file of the folder; empty for any other.
bool pathOf(int fd, char (&path)[PATH_MAX]) {
  char link[64];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = ::readlink(link, path, sizeof path - 1);
  path[size < 0 ? 0 : size] = '\0';
  return size > 0 && below(path);
}

void report(const char* what, const char* path) {
  const char* file = std::getenv("FAULTY_DISK_REPORT");
  const int fd = file == nullptr ? -1 : REAL(open64)(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return;
  char line[PATH_MAX + 64];
  const int size = std::snprintf(line, sizeof line, "%s %s\n", what, path);
  (void)!REAL(write)(fd, line, static_cast<std::size_t>(size));
  ::close(fd);
}

int syncAs(int (*call)(int), int fd) {
  char path[PATH_MAX];
  if (!pathOf(fd, path)) return call(fd);
  switch (orderFor(path)) {
    case Order::Fail:
      if (failed.exchange(true)) break;
      report("failed", path);
      errno = EIO;
      return -1;
    case Order::Forget: report("forgotten", path); return 0;
    case Order::ReadOnly:
    case Order::None: break;
  }
  if (failed) report("synced", path);
  return call(fd);
}

bool isRefused(int fd) {
  char path[PATH_MAX];
  if (!pathOf(fd, path) || orderFor(path) != Order::ReadOnly) return false;
  report("refused", path);
  errno = EROFS;
  return true;
}

int openAs(const char* path, int flags, mode_t mode) {
  const bool changes = (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) != 0;
  if (changes && below(path) && orderFor(path) == Order::ReadOnly) {
    report("refused", path);
    errno = EROFS;
    return -1;
  }
  return REAL(open64)(path, flags, mode);
}

mode_t modeOf(int flags, va_list arguments) { return (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0; }

}  // namespace

extern "C" {

__attribute__((visibility("default"))) int fsync(int fd) { return syncAs(REAL(fsync), fd); }
__attribute__((visibility("default"))) int fdatasync(int fd) { return syncAs(REAL(fdatasync), fd); }

__attribute__((visibility("default"))) ssize_t write(int fd, const void* bytes, std::size_t size) {
  return isRefused(fd) ? -1 : REAL(write)(fd, bytes, size);
}
__attribute__((visibility("default"))) ssize_t pwrite(int fd, const void* bytes, std::size_t size, off_t at) {
  return isRefused(fd) ? -1 : REAL(pwrite)(fd, bytes, size, at);
}
__attribute__((visibility("default"))) ssize_t pwrite64(int fd, const void* bytes, std::size_t size,
                                                        off64_t at) {
  return isRefused(fd) ? -1 : REAL(pwrite64)(fd, bytes, size, at);
}

__attribute__((visibility("default"))) int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = modeOf(flags, arguments);
  va_end(arguments);
  return openAs(path, flags, mode);
}
__attribute__((visibility("default"))) int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = modeOf(flags, arguments);
  va_end(arguments);
  return openAs(path, flags, mode);
}

}  // extern "C"

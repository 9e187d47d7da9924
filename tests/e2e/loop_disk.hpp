// A real file system of a test's own: ext4 in a file, mounted where only the test and its children see it. It
// disappears with the process.
#pragma once

#include <sched.h>
#include <sys/mount.h>

#include <filesystem>
#include <fstream>

#include "support/process.hpp"

namespace clusterkit::test {

// False where it is not allowed.
inline bool enterOwnMounts() {
  return ::unshare(CLONE_NEWNS) == 0 && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

class LoopDisk {
 public:
  LoopDisk(std::filesystem::path image, std::filesystem::path where)
      : image_(std::move(image)), where_(std::move(where)) {
    std::filesystem::create_directories(where_);
    std::ofstream(image_).flush();
    std::filesystem::resize_file(image_, 512 << 20);  // sparse; plugins with a sanitizer have 50 MB each
    mounted_ = enterOwnMounts() && run({"/usr/sbin/mkfs.ext4", "-q", "-F", image_}) == 0 && mount();
  }
  ~LoopDisk() { unmount(); }
  LoopDisk(const LoopDisk&) = delete;
  LoopDisk& operator=(const LoopDisk&) = delete;

  // False where loop devices or ext4 are missing, or mounting is not allowed.
  bool mounted() const { return mounted_; }
  // What an operator's remount says; Linux refuses it while a file is open for writing.
  int remountReadOnly() { return run({"/usr/bin/mount", "-o", "remount,ro", where_}); }
  // What ext4 does by itself after an error of the device (ext4(5), `abort`): open files, too, are read-only
  // from now on.
  bool abort() { return run({"/usr/bin/mount", "-o", "remount,abort", where_}) == 0; }
  // As after the operator has seen to the disk. No file may be open.
  bool mountAgain() {
    unmount();
    return mounted_ = run({"/usr/sbin/e2fsck", "-p", image_}) <= 1 && mount();
  }

 private:
  static int run(const std::vector<std::string>& command) { return runToEnd(command).exitCode; }
  bool mount() { return run({"/usr/bin/mount", "-o", "loop", image_, where_}) == 0; }
  void unmount() {
    if (std::exchange(mounted_, false)) ::umount2(where_.c_str(), MNT_DETACH);
  }

  std::filesystem::path image_, where_;
  bool mounted_ = false;
};

}  // namespace clusterkit::test

// A disk that can fail at any change and lose power at any change. Stands in front of the C library's file
// calls of this whole process, so that the store's own files and SQLite's are watched alike; the program must
// export its symbols for that. Watches one folder; one object at a time.
//
// A change is a call that creates, writes, cuts, syncs, renames or removes something below the folder. Calls
// come from any thread; `losing` runs on the thread of the call that is hit.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "disk_model.hpp"

namespace clusterkit::sqlite {

class VolatileDisk {
 public:
  explicit VolatileDisk(const std::filesystem::path& folder);
  ~VolatileDisk();
  VolatileDisk(const VolatileDisk&) = delete;
  VolatileDisk& operator=(const VolatileDisk&) = delete;

  // Right before this change (1 = the next one): calls `losing`, then `image` becomes what is left of the
  // folder. The process itself goes on as if nothing had happened.
  void losePowerAt(
      std::uint64_t change, std::filesystem::path image, std::uint64_t seed,
      std::function<void()> losing = [] {});
  bool hasLostPower() const;
  void losePowerNow(const std::filesystem::path& image, std::uint64_t seed) const;
  // This change fails with EIO, once, and has no effect.
  void failAt(std::uint64_t change);
  std::uint64_t changes() const;

  // What the file calls ask and tell (volatile_calls.cpp). The lock is held from before a change until it is
  // told, so that order here is order on the disk.
  std::unique_lock<std::recursive_mutex> lock() const { return std::unique_lock(mutex_); }
  DiskModel& model() { return model_; }
  bool mayChange();  // counts it; false: it is to fail
  struct Open {
    FileNumber file = 0;  // 0 = a folder
    std::string folder;
  };
  void opened(int fd, const std::string& path);
  void closed(int fd) { open_.erase(fd); }
  const Open* find(int fd) const;  // null: not below the folder
  static VolatileDisk* present();  // the one there is

 private:
  mutable std::recursive_mutex mutex_;
  DiskModel model_;
  std::map<int, Open> open_;
  std::uint64_t changes_ = 0, failAt_ = 0, loseAt_ = 0, seed_ = 0;
  std::filesystem::path image_;
  std::function<void()> losing_;
  bool lost_ = false;
};

}  // namespace clusterkit::sqlite

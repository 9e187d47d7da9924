// A disk that fails one daemon: a library that is preloaded into it stands in front of the C library's file
// calls (faulty_disk_preload.cpp) and obeys what this object writes into a file.
#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "support/temp_dir.hpp"

namespace clusterkit::test {

class FaultyDisk {
 public:
  // For the environment of the process whose files below `folder` are meant.
  std::map<std::string, std::string> environment(const std::filesystem::path& folder) const {
    return {{"LD_PRELOAD", CLUSTERKIT_FAULTY_DISK},
            {"FAULTY_DISK_FOLDER", folder.string()},
            {"FAULTY_DISK_ORDERS", orders().string()},
            {"FAULTY_DISK_REPORT", report().string()}};
  }
  // Preloading does not go together with a sanitizer's runtime.
  static bool works() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return false;
#else
    return true;
#endif
  }

  void failNextSync() { order("fail"); }        // EIO once; later ones succeed
  void forgetSyncs() { order("forget"); }       // they report success and do nothing
  void becomeReadOnly() { order("readonly"); }  // as ext4 does after an error: EROFS also for open files
  // Before it opens for writing, writes or syncs for the n-th time, counted from its start.
  void killAt(int call) { order("kill " + std::to_string(call)); }
  void heal() { order("none"); }
  // One line for each call that was failed, forgotten or killed at, and for each sync after a failed one.
  std::string reported() const {
    std::ifstream in(report());
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  std::filesystem::path orders() const { return folder_.path() / "orders"; }
  std::filesystem::path report() const { return folder_.path() / "report"; }
  // Never half written for its reader.
  void order(const std::string& word) {
    std::ofstream(folder_.path() / "new") << word;
    std::filesystem::rename(folder_.path() / "new", orders());
  }

  TempDir folder_;
};

}  // namespace clusterkit::test

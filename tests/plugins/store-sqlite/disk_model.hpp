// What of a folder is sure to survive a power loss, and what may. Of each file: the synced bytes, and of what
// was written since any part, in sectors of 512 bytes. Of each folder: its names as of its last sync, and
// what was done to them since up to some point.
//
// Only bookkeeping; paths are absolute. One thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace clusterkit::sqlite {

using FileNumber = std::uint64_t;

class DiskModel {
 public:
  explicit DiskModel(std::filesystem::path folder);  // what is there now is sure

  bool covers(const std::string& path) const { return path == folder_ || path.starts_with(folder_ + "/"); }
  std::optional<FileNumber> find(const std::string& path) const;

  FileNumber create(const std::string& path);
  void createFolder(const std::string& path);
  void rename(const std::string& from, const std::string& to);
  void remove(const std::string& path);
  void write(FileNumber file, std::uint64_t offset, std::string bytes);
  void truncate(FileNumber file, std::uint64_t size);
  void syncFile(FileNumber file);
  void syncFolder(const std::string& path);

  // One of the folders that a power loss now could leave behind, as `image`, which must not exist yet.
  void writeRemains(const std::filesystem::path& image, std::uint64_t seed) const;

 private:
  struct Change {  // of a file's bytes
    std::uint64_t offset = 0;
    std::string bytes;
    bool truncates = false;  // to `offset`
  };
  struct File {
    std::string sure;
    std::vector<Change> since;
  };
  using Names = std::map<std::string, FileNumber>;  // a folder is file 0
  struct Naming {                                   // a change of a folder's names
    std::string folder, path;
    std::optional<FileNumber> file;  // nothing: the name goes
    std::string goes;                // with a rename: the name that goes with it
  };

  void name(Naming naming);
  static void apply(std::string& content, const Change& change);
  static void apply(Names& names, const Naming& naming);
  static std::string remainsOf(const File& file, std::mt19937_64& random);

  std::string folder_;
  std::map<FileNumber, File> files_;
  FileNumber lastFile_ = 0;
  Names present_, sure_;
  std::vector<Naming> since_;
};

}  // namespace clusterkit::sqlite

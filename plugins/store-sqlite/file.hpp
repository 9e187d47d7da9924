// Files and folders by descriptor. Every failure throws clusterkit::Error: CK_NO_SPACE when the disk is full,
// else CK_IO; the text names the file. New files get mode 0600, folders 0700.
#pragma once

#include <clusterkit/plugin.hpp>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace clusterkit::sqlite {

// The system's words for an errno. [any]
std::string systemReason(int error);
// A disk or a quota that is used up.
bool meansNoSpace(int error);

class File {
 public:
  enum class Mode { readOnly, readWrite, createOrTruncate };

  File() = default;
  File(const std::filesystem::path& path, Mode mode);
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}
  File& operator=(File&& other) noexcept;
  ~File() { close(); }

  bool isOpen() const { return fd_ >= 0; }
  std::uint64_t size() const;
  // Up to out.size() bytes; fewer only at the end of the file.
  std::string read(std::uint64_t offset, std::uint64_t max) const;
  void write(std::uint64_t offset, std::string_view bytes);
  void sync();        // data, and as much of the metadata as reading it back needs
  void dropCached();  // the next read comes from the disk, if the kernel agrees
  // False when another descriptor, of this process or another, holds the lock.
  bool tryLock();
  void close();
  const std::filesystem::path& path() const { return path_; }

 private:
  int fd_ = -1;
  std::filesystem::path path_;
};

// Creates it with mode 0700 when it is missing, and makes its name durable.
void makeFolder(const std::filesystem::path& folder);
// Makes creations, renames and removals inside it durable.
void syncFolder(const std::filesystem::path& folder);
void renameFile(const std::filesystem::path& from, const std::filesystem::path& to);
// No error when it is not there.
void removeFile(const std::filesystem::path& path);

}  // namespace clusterkit::sqlite

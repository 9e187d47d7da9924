#include "host/plugin_file.hpp"

#include <Poco/DigestEngine.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "host/text.hpp"

namespace clusterkit {
namespace {

constexpr off_t kLargestFile = off_t{512} * 1024 * 1024;

[[noreturn]] void refuse(const std::string& why) { throw PluginRefused(why); }

std::string errnoText(int error) { return std::generic_category().message(error); }

std::string modeText(mode_t mode) {
  std::string digits;
  for (int shift = 9; shift >= 0; shift -= 3) digits += static_cast<char>('0' + ((mode >> shift) & 7));
  return digits;
}

std::string ownersText(const PluginTrust& trust) {
  return trust.user == 0 ? "0 (root)" : "0 (root) or " + std::to_string(trust.user) + " (the daemon's user)";
}

void checkOwner(const struct stat& st, const std::string& what, const PluginTrust& trust) {
  if (st.st_uid != 0 && st.st_uid != trust.user)
    refuse(what + "belongs to user " + std::to_string(st.st_uid) + ", allowed is " + ownersText(trust));
}

[[noreturn]] void refuseMode(const struct stat& st, const std::string& what) {
  refuse(what + "can be written by group or others: its mode is " + modeText(st.st_mode) +
         ", allowed is a mode without 0022");
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

std::vector<std::uint8_t> readAll(int fd, std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  std::size_t done = 0;
  while (done < size) {
    const ssize_t n = ::read(fd, bytes.data() + done, size - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) refuse("cannot be read: " + errnoText(errno));
    if (n == 0) refuse("became shorter while it was read");
    done += static_cast<std::size_t>(n);
  }
  return bytes;
}

}  // namespace

PluginTrust PluginTrust::ofThisProcess(std::vector<std::string> allow) {
  return PluginTrust{::geteuid(), std::move(allow)};
}

void checkFolderTrust(const std::filesystem::path& folder, const PluginTrust& trust) {
  std::filesystem::path at = folder;
  for (bool above = false;; above = true) {
    const std::string what = "folder " + oneLine(at.string()) + " ";
    struct stat st {};
    if (::lstat(at.c_str(), &st) != 0) refuse(what + "cannot be examined: " + errnoText(errno));
    if (!S_ISDIR(st.st_mode)) refuse(what + "is no folder");
    checkOwner(st, what, trust);
    const bool sticky = (st.st_mode & S_ISVTX) != 0;
    if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !(sticky && above)) refuseMode(st, what);
    if (at == at.parent_path()) return;
    at = at.parent_path();
  }
}

std::vector<std::uint8_t> readPluginFile(const std::filesystem::path& file, const PluginTrust& trust) {
  // Not blocking, so that a named pipe is seen as one and does not hang the start.
  const Descriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (fd.get() < 0) refuse("cannot be opened: " + errnoText(errno));
  struct stat st {};
  if (::fstat(fd.get(), &st) != 0) refuse("cannot be examined: " + errnoText(errno));
  if (!S_ISREG(st.st_mode)) refuse("is no regular file");
  checkOwner(st, "", trust);
  if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) refuseMode(st, "");
  if (st.st_size > kLargestFile)
    refuse("has " + std::to_string(st.st_size) + " bytes, at most 536870912 are taken");
  return readAll(fd.get(), static_cast<std::size_t>(st.st_size));
}

// A start hashes every plugin file. Not Poco::SHA2Engine, which is ten times slower than OpenSSL with the
// processor's instructions for it; not EVP, which OpenSSL 3 prefers and which costs every node 2 MB of memory
// for its providers.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
std::string sha256Of(std::span<const std::uint8_t> bytes) {
  Poco::DigestEngine::Digest digest(SHA256_DIGEST_LENGTH);
  SHA256_CTX sha;
  SHA256_Init(&sha);
  SHA256_Update(&sha, bytes.data(), bytes.size());
  SHA256_Final(digest.data(), &sha);
  return Poco::DigestEngine::digestToHex(digest);
}
#pragma GCC diagnostic pop

void checkAllowed(const std::string& sha256, const PluginTrust& trust) {
  if (trust.allow.empty()) return;
  const std::string name = "sha256:" + sha256;
  if (std::find(trust.allow.begin(), trust.allow.end(), name) == trust.allow.end())
    refuse("is " + name + ", which the allow list does not name");
}

}  // namespace clusterkit

#include "events/letter_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "cluster/event_json.hpp"

namespace clusterkit {
namespace {

namespace fs = std::filesystem;

SinkAnswer failedAt(const fs::path& path, int error) {
  return {Status::Io, path.string() + ": " + std::generic_category().message(error), {}};
}

std::string lineOf(const DeadLetters::Letter& letter) {
  JsonText json;
  json.beginObject().field("sink", letter.sink).field("given_up_at", rfc3339(letter.at));
  json.field("attempts", letter.attempts).field("reason", letter.reason);
  std::string line = json.take();
  line += ",\"event\":" + *letter.json + "}\n";
  return line;
}

// Appends and syncs; what was written of a line that did not fit is taken back.
int append(int fd, const std::string& line, off_t size) {
  std::size_t done = 0;
  while (done < line.size()) {
    const ssize_t n = ::write(fd, line.data() + done, line.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int error = errno;
      return ::ftruncate(fd, size) == 0 ? error : errno;
    }
    done += static_cast<std::size_t>(n);
  }
  return ::fdatasync(fd) == 0 ? 0 : errno;
}

// A new or renamed file is there after a power loss only once its folder says so, and a new folder once the
// one above it does.
int syncFolder(const fs::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno;
  const int failed = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  return failed;
}

}  // namespace

LetterFiles::LetterFiles(EventLoop& loop, Workers& workers, fs::path folder)
    : loop_(loop), workers_(workers), place_(std::make_shared<Place>()) {
  place_->folder = std::move(folder);
}

void LetterFiles::keep(Letter letter, Kept kept) {
  auto answer = std::make_shared<Kept>(std::move(kept));
  const bool taken = workers_.tryRun([&loop = loop_, place = place_, letter = std::move(letter), answer]() {
    SinkAnswer result = write(*place, letter);
    loop.post([answer, result = std::move(result)]() mutable { (*answer)(std::move(result)); });
  });
  if (!taken) loop_.post([answer] { (*answer)({Status::Again, "the workers are busy", {}}); });
}

SinkAnswer LetterFiles::write(Place& place, const Letter& letter) {
  const std::lock_guard lock(place.mutex);
  std::error_code error;
  fs::create_directories(place.folder, error);
  if (error) return failedAt(place.folder, error.value());
  const fs::path path = place.folder / (letter.sink + ".jsonl");
  struct stat before {};
  const bool exists = ::stat(path.c_str(), &before) == 0;
  const bool full = exists && static_cast<std::uintmax_t>(before.st_size) >= maxBytes;
  if (full || !exists) place.synced.erase(letter.sink);
  if (full) fs::rename(path, place.folder / (letter.sink + ".1.jsonl"), error);
  if (error) return failedAt(path, error.value());
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return failedAt(path, errno);
  struct stat now {};
  int failed = ::fstat(fd, &now) != 0 ? errno : append(fd, lineOf(letter), now.st_size);
  ::close(fd);
  // A file that is there already may be that of a run which ended before this.
  const bool synced = place.synced.contains(letter.sink);
  if (failed == 0 && !synced) failed = syncFolder(place.folder);
  if (failed == 0 && !synced) failed = syncFolder(place.folder.parent_path());
  if (failed == 0) place.synced.insert(letter.sink);
  return failed == 0 ? SinkAnswer{} : failedAt(path, failed);
}

}  // namespace clusterkit

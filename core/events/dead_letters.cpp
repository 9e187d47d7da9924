#include "events/dead_letters.hpp"

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

}  // namespace

DeadLetters::DeadLetters(EventLoop& loop, Workers& workers, fs::path folder)
    : loop_(loop), workers_(workers), folder_(std::move(folder)) {}

void DeadLetters::keep(Letter letter, UniqueFunction<void(SinkAnswer)> done) {
  auto answer = std::make_shared<UniqueFunction<void(SinkAnswer)>>(std::move(done));
  // Not `this`: a worker may still be at it when the node's parts go.
  const bool taken = workers_.tryRun([&loop = loop_, folder = folder_, letter = std::move(letter), answer]() {
    SinkAnswer result = write(folder, letter);
    loop.post([answer, result = std::move(result)]() mutable { (*answer)(std::move(result)); });
  });
  if (!taken) loop_.post([answer] { (*answer)({Status::Again, "the workers are busy", {}}); });
}

SinkAnswer DeadLetters::write(const fs::path& folder, const Letter& letter) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return failedAt(folder, error.value());
  const fs::path path = folder / (letter.sink + ".jsonl");
  struct stat before {};
  if (::stat(path.c_str(), &before) == 0 && static_cast<std::uintmax_t>(before.st_size) >= maxBytes) {
    fs::rename(path, folder / (letter.sink + ".1.jsonl"), error);
    if (error) return failedAt(path, error.value());
  }
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return failedAt(path, errno);
  struct stat now {};
  const int failed = ::fstat(fd, &now) != 0 ? errno : append(fd, lineOf(letter), now.st_size);
  ::close(fd);
  return failed == 0 ? SinkAnswer{} : failedAt(path, failed);
}

}  // namespace clusterkit

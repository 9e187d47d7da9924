// A child process with its output in a file; killed when the test lets go of it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace clusterkit::test {

class Process {
 public:
  struct Command {
    std::vector<std::string> arguments;              // the program first
    std::filesystem::path output;                    // stdout and stderr are appended here
    std::map<std::string, std::string> environment;  // added to the test's own
  };

  explicit Process(const Command& command);
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  ~Process();

  pid_t pid() const { return pid_; }
  bool running();
  void signal(int number);
  // Exit code, or 128 + signal number; empty when it still runs after `limit`.
  std::optional<int> waitExit(std::chrono::milliseconds limit);
  void kill9();  // and waits for the end

 private:
  void reap(int options);

  pid_t pid_ = 0;
  std::optional<int> exit_;
};

// Runs to the end; returns exit code and output.
struct Finished {
  int exitCode;
  std::string output;
};
Finished runToEnd(const std::vector<std::string>& arguments,
                  std::chrono::milliseconds limit = std::chrono::seconds(20),
                  const std::map<std::string, std::string>& environment = {});

// A TCP port of the loopback that nobody listens on now, not given out before by this process.
std::uint16_t freePort();

}  // namespace clusterkit::test

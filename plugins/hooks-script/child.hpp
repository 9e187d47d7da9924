// One child process: started without a shell in a session and process group of its own, with nothing
// inherited but its standard streams, an empty signal mask and default signal handlers.
#pragma once

#include <sys/types.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "descriptor.hpp"

namespace clusterkit::script {

enum class AckPipe { none, onDescriptor3 };

struct Launch {
  std::string program;                   // absolute
  std::vector<std::string> arguments;    // without the program itself
  std::vector<std::string> environment;  // NAME=value; all of it
  std::string directory;
  AckPipe acks = AckPipe::none;
};

// The program did not start. `transient`: for want of processes, memory or descriptors, or because the file
// is being written; otherwise the file itself is at fault.
class LaunchFailure : public std::runtime_error {
 public:
  LaunchFailure(const Launch& launch, int error);
  bool transient() const { return transient_; }

 private:
  bool transient_;
};

struct ExitStatus {
  enum class Kind { code, signal, unknown };  // unknown: somebody else in this process has waited for it
  Kind kind = Kind::unknown;
  int number = 0;
};
std::string describe(const ExitStatus& status);  // "exit code 3", "killed by signal 9"

class Child {
 public:
  explicit Child(const Launch& launch);  // throws LaunchFailure, std::system_error
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();  // kills what still runs

  pid_t pid() const { return pid_; }
  int pidfd() const { return pidfd_.get(); }  // readable once the process has ended
  // Ends of its pipes; all nonblocking.
  Descriptor input, output, errors, acks;

  // To the whole group; does nothing once the child was waited for.
  void signal(int number);
  // The status if it has ended; from then on the group may hold only what it left behind.
  std::optional<ExitStatus> reap();

 private:
  void start(const Launch& launch, const Pipe& in, const Pipe& out, const Pipe& err, const Pipe& ack);

  pid_t pid_ = 0;
  Descriptor pidfd_;
  bool reaped_ = false;
};

}  // namespace clusterkit::script

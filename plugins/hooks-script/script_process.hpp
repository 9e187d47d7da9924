// A running script: its child process, what flows to and from it, and its end. Driven by one thread, which
// calls step() until exit() has a value.
#pragma once

#include <chrono>
#include <clusterkit/sink.hpp>
#include <optional>
#include <string>

#include "child.hpp"
#include "input_feed.hpp"
#include "output_log.hpp"

namespace clusterkit::script {

class ScriptProcess {
 public:
  // What the script leaves running in its group has this long to go after SIGTERM.
  static constexpr std::chrono::milliseconds kLeftoverGrace{250};

  // Throws what Child throws. `output` must outlive this.
  ScriptProcess(Host host, const Launch& launch, OutputLog& output);

  void send(std::string_view bytes) { feed_.add(bytes); }
  void closeInputWhenSent() { feed_.closeWhenSent(); }
  std::string takeAcks() { return std::exchange(acks_, {}); }  // bytes of descriptor 3

  // SIGTERM to the group now, SIGKILL when it still runs after `grace`. A second call can only shorten
  // the grace.
  void terminate(std::chrono::nanoseconds grace);
  bool terminating() const { return killAt_ != 0; }
  // SIGKILL was sent a while ago and it is still there: it hangs in the kernel, on a dead disk for example.
  bool stuck() const { return stuck_; }

  // Moves what can be moved. Waits for something to do, for `wake` (-1: none) to be readable, or until
  // `until` (clock of Host::now; 0: no such time).
  void step(std::uint64_t until, int wake);

  // Set once it has ended; then the rest of its group is gone as well and its output is in the log.
  const std::optional<ExitStatus>& exit() const { return exit_; }

 private:
  enum class Drain { oneRead, rest };

  int timeoutUntil(std::uint64_t until) const;  // for poll
  void escalate();
  void drain(Descriptor& from, Stream stream, Drain how);
  void readAcks();
  void finish(const ExitStatus& status);

  Host host_;
  OutputLog& output_;
  Child child_;
  InputFeed feed_;
  std::string acks_;
  std::uint64_t killAt_ = 0, killedAt_ = 0;
  bool stuck_ = false;
  std::optional<ExitStatus> exit_;
};

}  // namespace clusterkit::script

// One life of the long-lived script of mode = stream: events go in as lines, answers come back in any order.
// A thread of its own moves the bytes and keeps the time; it ends with the script.
#pragma once

#include <atomic>
#include <clusterkit/sink.hpp>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "descriptor.hpp"
#include "line_splitter.hpp"
#include "output_log.hpp"
#include "script_process.hpp"
#include "settings.hpp"

namespace clusterkit::script {

class StreamChild {
 public:
  static constexpr std::uint64_t kMostBadLines = 100;  // in a row; then the script is restarted

  // Starts the script. Throws what Child throws. `settings` must outlive this.
  StreamChild(Host host, const Settings& settings);
  ~StreamChild();  // stops the script and waits for its end

  // Returns when the script has answered, the deadline has passed or the script has ended. [pool]
  Verdict deliver(const Event& event);

  // Answers all deliveries with retry and ends the script. [any]
  void stop();
  // False once it ends or is being ended; deliveries are refused by then. [any]
  bool accepting() const;
  // Waits until script and thread are gone; by one thread. To be called when it does not accept any more.
  void waitEnd();

  // After waitEnd: why it ended, and whether it had answered any event.
  const std::string& reason() const { return reason_; }
  bool wasUseful() const { return useful_; }

 private:
  struct Waiter {
    std::uint64_t deadline;
    std::optional<Verdict> verdict;
  };

  void serve() noexcept;
  void run();
  void takeOutbox();
  void readAcks();
  void onAckLine(const LineSplitter::Piece& piece);
  void ignoreLine(std::string_view line);
  std::uint64_t nextDeadline() const;
  std::optional<std::uint64_t> overdue() const;  // an event that waits past its deadline
  void end(std::chrono::nanoseconds grace, const std::string& why);
  void refuseAll(const std::string& why);

  Host host_;
  const Settings& settings_;
  OutputLog output_;
  ScriptProcess process_;  // the thread's, once that runs
  LineSplitter ackLines_{1024};
  std::uint64_t badLines_ = 0, badInARow_ = 0;
  bool useful_ = false;
  std::string reason_;

  std::atomic<bool> stop_ = false;
  WakeFlag wake_;
  mutable std::mutex mutex_;
  std::condition_variable answered_;
  std::map<std::uint64_t, Waiter*> waiting_;  // by seq
  std::string outbox_;                        // at most one line for each of waiting_
  std::uint64_t newest_ = 0;                  // the last event in outbox_
  std::string refusal_;                       // why nothing is accepted any more; empty while it is
  std::thread thread_;
};

}  // namespace clusterkit::script

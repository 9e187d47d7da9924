// What has happened in a simulation, step by step: a hash over all of it, which is equal for equal histories,
// and the last steps in words for whoever has to understand a failure.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string_view>
#include <vector>

#include "host/line_log.hpp"
#include "host/simulated_loop.hpp"

namespace clusterkit::sim {

enum class Step : std::uint8_t {
  Started,       // node, its run
  Opened,        // node, last index on disk, term on disk
  PowerLost,     // node, unsynced writes that survived, of how many
  Ended,         // node: it stopped itself
  Sent,          // from, to, bytes
  Lost,          // from, to, bytes
  Delivered,     // from, to, bytes
  Written,       // node, batch, last index of the batch or 0
  Synced,        // node, batch
  SyncFailed,    // node, batch
  DiskFull,      // node
  DiskFreed,     // node
  Corrupted,     // node, part of its disk
  Role,          // node, role, term
  Members,       // node, index of the configuration, voters as bits
  Committed,     // node, index, hash of the command
  SnapshotMade,  // node, index
  Restored,      // node, index
  Invoked,       // client, operation, node
  Returned,      // client, operation, outcome
  Asked,         // node, kind of change, member
  Fault,         // number of the fault, node, other
  Healed,
  SinkTold,     // node, event, its kind
  SinkDone,     // node, event
  SinkOrdered,  // node, what: 0 pause, 1 resume, else replay
};
std::string_view name(Step step);

class Trace {
 public:
  enum class Echo : std::uint8_t { Silent, Everything };

  explicit Trace(const Scheduler& scheduler, Echo echo = Echo::Silent);

  void note(Step step, std::uint64_t a = 0, std::uint64_t b = 0, std::uint64_t c = 0);
  // What a node logs; only shown, for steps are told by note().
  bool echoes() const { return echo_ == Echo::Everything; }
  void say(std::uint64_t member, LogLevel level, std::string_view event, Log::Fields fields);
  std::uint64_t hash() const { return hash_; }
  std::uint64_t steps() const { return steps_; }
  void printLast(std::ostream& out) const;

 private:
  static constexpr std::size_t kKept = 256;
  struct Line {
    MonotonicTime at;
    Step step = Step::Started;
    std::uint64_t a = 0, b = 0, c = 0;
  };
  static void print(std::ostream& out, const Line& line);

  const Scheduler& scheduler_;
  const Echo echo_;
  std::uint64_t hash_ = 0xcbf29ce484222325u;
  std::uint64_t steps_ = 0;
  std::vector<Line> last_;  // a ring
};

}  // namespace clusterkit::sim

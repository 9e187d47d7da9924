// What must hold of messages. What one of Raft's says of its sender's disk must be true of that disk when it
// leaves: these are the invariants that know the plugin's wire format.
#pragma once

#include <string_view>

#include "messages.hpp"
#include "simulation/disk.hpp"
#include "simulation/verdict.hpp"

namespace clusterkit::sim {

// Terms, votes, candidacies and acknowledgements are durable.
class PromisesAreDurable {
 public:
  static void sent(const raft::Message& message, const Disk& disk, Verdict& verdict);
};

// Who acknowledges entries up to an index has the leader's entry there; by LogMatching it has all before it.
// As long as the leader's disk still is in the term that the message is of, its log only grows in it.
class AcknowledgementsAreTrue {
 public:
  static void sent(const raft::Message& message, const Disk& disk, const Disk& leader, Verdict& verdict);
};

// However messages are lost, doubled and overtaken: they are not answered by ever more messages.
class MessagesDoNotMultiply {
 public:
  void sent(MonotonicTime now, Verdict& verdict);

 private:
  MonotonicTime secondEnds_;
  std::size_t inThisSecond_ = 0;
};

// A timer that is always due again would keep virtual time from moving on, and a real node from sleeping.
class NobodySpins {
 public:
  void event(MonotonicTime now, Verdict& verdict);

 private:
  MonotonicTime instant_;
  std::size_t atThisInstant_ = 0;
};

}  // namespace clusterkit::sim

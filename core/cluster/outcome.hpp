// What became of a command: decided in apply, the same on every node, and told to whoever proposed it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "clusterkit/types.hpp"

namespace clusterkit {

// Everything but Applied means: nothing was changed.
enum class OutcomeCode : std::uint8_t {
  Applied = 1,
  // Bad input
  InvalidArgument = 2,  // a limit or a rule of form is broken; the message says which
  ValueTooLarge = 3,
  QuotaExceeded = 4,
  // The thing is not there, or is not as the caller thought
  NotFound = 10,
  VersionConflict = 11,    // compare-and-set; `version` is the present one, 0 = absent
  StaleMapEpoch = 12,      // computed on an older partition map; compute again
  StaleNode = 13,          // another member or another life of the node than the command meant
  StalePlan = 14,          // another rebalance is under way than the command meant, or none
  IllegalTransition = 15,  // not from the present status
  // Refused by a rule
  ClusterExists = 20,
  NoCluster = 21,
  DuplicateNode = 22,    // the node id is in use by a live node
  DuplicateMember = 23,  // the member id belongs to another node
  MemberRemoved = 24,    // tombstoned
  LastCopy = 25,         // would lose the last live copy of a partition
  LastNode = 26,         // nobody would be left to take over
  NodeUnavailable = 27,  // a named new owner may not own partitions now
  RebalanceRunning = 28,
  RebalancePaused = 29,
  NotWaiting = 30,           // no hand-over of this partition waits for this node
  IdempotencyConflict = 40,  // the key was used with another request
  IdempotencyExpired = 41,   // the key was used before, or may have been, and its result is forgotten
};

std::string_view toString(OutcomeCode code);  // "version_conflict", ...

struct Outcome {
  OutcomeCode code = OutcomeCode::Applied;
  LogIndex index;             // where the command was applied first
  std::uint64_t version = 0;  // of the value concerned: written, or present at a conflict
  std::string message;        // one line for people; empty when applied

  bool applied() const { return code == OutcomeCode::Applied; }
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

}  // namespace clusterkit

#include "options.hpp"

namespace clusterkit::raft {

std::string Options::problem() const {
  if (heartbeatInterval <= Duration::zero()) return "heartbeat must be longer than 0";
  if (electionTimeout < 2 * heartbeatInterval) return "election_timeout must be at least two heartbeats";
  if (readTimeout <= Duration::zero()) return "read_timeout must be longer than 0";
  if (maxEntryBytes == 0 || maxAppendBytes == 0)
    return "the limits of an entry and of an append must not be 0";
  if (maxInflightMessages == 0 || maxInflightBytes == 0) return "the window of a follower must not be 0";
  if (maxUncommittedBytes == 0 || maxLogBytes == 0)
    return "the limits of uncommitted bytes and of the log must not be 0";
  if (maxApplyBytes == 0 || snapshotChunkBytes == 0)
    return "the limits of an apply step and of a chunk must not be 0";
  if (snapshotEntries == 0 || snapshotBytes == 0) return "snapshot_entries and snapshot_bytes must not be 0";
  if (maxPendingReads == 0) return "the limit of pending reads must not be 0";
  return {};
}

}  // namespace clusterkit::raft

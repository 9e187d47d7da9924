#include "messages.hpp"

namespace clusterkit::raft {

Lane laneOf(const Message& message) {
  if (std::holds_alternative<SnapshotChunk>(message.body)) return Lane::Bulk;
  // Everything else is small: a long append in front of it must not delay a heartbeat or a vote.
  if (std::holds_alternative<AppendRequest>(message.body)) return Lane::Log;
  return Lane::Control;
}

}  // namespace clusterkit::raft

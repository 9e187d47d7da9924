// What nodes say to each other. Every message carries the cluster, the sender's term and the index of the
// sender's configuration; a receiver drops and counts what is of another cluster, not for it, or from a
// member that it does not know, unless the sender's configuration is newer than its own (a joiner, or a node
// that missed a change).
#pragma once

#include <vector>

#include "types.hpp"

namespace clusterkit::raft {

// Would you vote for me in term + 1? Changes nothing at the receiver.
struct PreVoteRequest {
  LogIndex lastIndex;
  Term lastTerm;
};
struct PreVoteReply {
  Term proposed;  // the term that was asked about
  bool granted = false;
};

enum class VoteReason : std::uint8_t {
  Timeout,
  Transfer
};  // Transfer: the leader itself asked for this election
struct VoteRequest {
  LogIndex lastIndex;
  Term lastTerm;
  VoteReason reason = VoteReason::Timeout;
};
struct VoteReply {
  bool granted = false;
};

// NotNeeded: it only brings news of a commit. Heartbeats find out what was lost, so its acknowledgement would
// cost as much as the one that made the commit and tell nothing.
enum class Answer : std::uint8_t { Wanted, NotNeeded };
struct AppendRequest {
  LogIndex prevIndex;
  Term prevTerm;
  std::vector<Entry> entries;
  LogIndex commit;
  Answer answer = Answer::Wanted;
};
// A follower's log and the leader's agree up to `match`, and this much is durable at the follower.
struct AppendAccepted {
  LogIndex match;
};
// prevIndex did not match. The hint is the last index at which an agreement is still possible, and its term
// here.
struct AppendRejected {
  LogIndex prevIndex;
  LogIndex hintIndex;
  Term hintTerm;
  LogIndex lastIndex;
  bool repairing =
      false;  // acknowledged entries were lost: the leader must forget what this member acknowledged
};

struct Heartbeat {
  LogIndex commit;
  RoundId round;
};
struct HeartbeatReply {
  RoundId round;
  LogIndex verified;  // how far the sender knows its log to agree with the leader's; no claim about its disk
};

struct SnapshotChunk {
  SnapshotMeta meta;
  std::uint64_t offset = 0;
  Bytes bytes;
};
enum class SnapshotProgress : std::uint8_t {
  Partial,   // send on from nextOffset
  UpToDate,  // installed, or not needed: `match` says how far the log is whole and durable
  Failed,  // could not be written; start again later. nextOffset: how much had been, all of it when the whole
           // was refused
};
struct SnapshotReply {
  LogIndex index;  // of the snapshot that is answered
  Term term;
  SnapshotProgress progress = SnapshotProgress::Partial;
  std::uint64_t nextOffset = 0;
  LogIndex match;
};

struct TimeoutNow {};  // campaign at once: the leader hands over

struct ReadIndexRequest {
  RequestId id;
};
struct ReadIndexReply {
  RequestId id;
  bool confirmed = false;
  LogIndex index;
};

struct RemovedNotice {  // a committed configuration has the receiver among its tombstones
  LogIndex configurationIndex;
};

using MessageBody = std::variant<PreVoteRequest, PreVoteReply, VoteRequest, VoteReply, AppendRequest,
                                 AppendAccepted, AppendRejected, Heartbeat, HeartbeatReply, SnapshotChunk,
                                 SnapshotReply, TimeoutNow, ReadIndexRequest, ReadIndexReply, RemovedNotice>;

struct Message {
  ClusterId cluster;
  MemberId from;
  MemberId to;
  Term term;                    // the sender's
  LogIndex configurationIndex;  // the sender's
  MessageBody body;
};

// How urgent a message is; the driver maps it to the transport's lanes.
enum class Lane : std::uint8_t { Control, Log, Bulk };
Lane laneOf(const Message& message);

}  // namespace clusterkit::raft

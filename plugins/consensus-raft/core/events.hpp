// What can happen to a Raft node. The driver turns each call, upcall and timer into one of these.
#pragma once

#include <string>
#include <vector>

#include "configuration.hpp"
#include "messages.hpp"
#include "types.hpp"

namespace clusterkit::raft {

// Time passes only by this event. Send it first of all, before each group of other events, and at
// nextDeadline().
struct Tick {
  MonotonicTime now;
};

// `from` is the transport's verified identity; a message that claims another is dropped and counted.
struct Receive {
  MemberId from;
  Message message;
};

// Command i gets the handle first + i. Each ends in exactly one Outcome.
struct Propose {
  std::vector<Bytes> commands;
  Handle first;
};

struct Barrier {  // a linearizable read point; Outcome Ok(index) once applied has reached it
  Handle handle;
};

struct ChangeMembers {
  MemberChange change;
  Handle handle;
};

struct TransferLeadership {
  MemberId to;  // 0 = the best voter
  Handle handle;
};

// Every batch up to this one survives power loss.
struct Durable {
  BatchNumber batch;
};

// The store answered NO_SPACE and took nothing: the driver keeps the batch and submits it again, in order,
// when there is room. Until StoreWritable the core refuses proposals and pre-votes, does not campaign, and
// hands leadership over.
struct StoreFull {};
struct StoreWritable {};

// Everything handed out in Ready::committed up to this index has been taken by the state machine.
struct Applied {
  LogIndex index;
};

// Own snapshots: the answers to Ready::takeSnapshot.
struct SnapshotWritten {
  SnapshotMeta meta;  // durable and verified
};
struct SnapshotNotWritten {};

// Snapshots from the leader: the answers to Ready::snapshotSteps, with the reception of the step. One for a
// reception that was given up is ignored.
struct SnapshotChunkWritten {
  ReceptionId reception;
  std::uint64_t nextOffset = 0;
};
struct SnapshotStored {  // committed in the store, whose log was cut as the store's contract says
  ReceptionId reception;
};
enum class SnapshotFault : std::uint8_t {
  Store,    // a full disk, an error of the disk: the bytes may be good
  Content,  // they are not what the sender has promised
};
struct SnapshotStoreFailed {
  ReceptionId reception;
  SnapshotFault fault = SnapshotFault::Store;
};
struct SnapshotRestored {  // the answer to Ready::restore: the state machine is the snapshot now
  LogIndex index;
};

// Snapshots to a follower: the answers to Ready::snapshotReads. When the store has a newer snapshot than was
// asked for, say so by its meta (configuration included) and give its bytes from offset 0.
struct SnapshotBytesRead {
  MemberId to;
  SnapshotMeta meta;
  std::uint64_t offset = 0;
  Bytes bytes;
};
struct SnapshotReadFailed {
  MemberId to;
};

struct PeerUp {  // the transport has a connection: send at once what waited for a heartbeat
  MemberId member;
};
struct PeerDown {
  MemberId member;
};

using Event = std::variant<Tick, Receive, Propose, Barrier, ChangeMembers, TransferLeadership, Durable,
                           StoreFull, StoreWritable, Applied, SnapshotWritten, SnapshotNotWritten,
                           SnapshotChunkWritten, SnapshotStored, SnapshotStoreFailed, SnapshotRestored,
                           SnapshotBytesRead, SnapshotReadFailed, PeerUp, PeerDown>;

}  // namespace clusterkit::raft

// What one step asks the driver to do. The driver handles the parts in the order in which they stand here:
//
//   1. persist   submit hardState, truncateFrom, entries, compactTo as ONE store batch, numbered `batch`. Do
//   not wait
//                for it: report Durable{batch} when the store does. Batches go to the store in the order of
//                their numbers. When the store refuses one for now, keep it and all later ones and submit
//                them in order.
//   2. send      `messages` may all leave at once. What promises something about the disk (votes,
//   acknowledgements,
//                vote requests) is held inside the core and comes out of the step(Durable) that made it true.
//                So a leader's appends travel while its own write is under way.
//   3. snapshots `snapshotSteps` in order, each after the store operation before it; then `snapshotReads`.
//   4. restore   when set: forget committed entries of earlier Readys that were not handed on yet, rebuild
//   the state
//                machine from the store's newest snapshot, then SnapshotRestored. No committed entry comes
//                before that.
//   5. snapshot  takeSnapshot names exactly the index that the state machine has reached; `committed` would
//   move it on.
//   6. apply     `committed` in order; commands go to the state machine, the other entries only count. Then
//                Applied{index of the last}. Entries are durable here and committed. At most
//                Options::maxApplyBytes are out at a time, so a driver that cannot hand them on yet simply
//                keeps them.
//   7. tell      `outcomes`, `roleChange`, `membersChange`, `alarms`.
//
// Events may be fed in between (for example Applied from within 6), their Ready is handled after this one.
#pragma once

#include <optional>
#include <vector>

#include "configuration.hpp"
#include "messages.hpp"
#include "types.hpp"

namespace clusterkit::raft {

enum class OutcomeCode : std::uint8_t {
  Ok,           // `index` is the entry, or the read point
  NotLeader,    // definitely not done; `leader` is who to ask, or 0
  Refused,      // definitely not done: too much is under way (uncommitted bytes, log in memory, reads)
  TooLarge,     // definitely not done
  NoSpace,      // definitely not done: the disk is full
  Conflict,     // definitely not done: the present state does not allow it
  Unavailable,  // definitely not done: no leader or no quorum
  Timeout,      // a read or a transfer was given up; nothing was written for it
  Unknown,      // possibly done
};

struct Outcome {
  Handle handle;
  OutcomeCode code = OutcomeCode::Unknown;
  LogIndex index;   // with Ok
  MemberId leader;  // with NotLeader
};

struct RoleChange {
  Role role = Role::Follower;
  Term term;
  MemberId leader;  // 0 = none known
  friend bool operator==(const RoleChange&, const RoleChange&) = default;
};

struct MembersChange {  // in force from now on, committed or not
  ConfigurationPtr configuration;
  LogIndex index;
};

// Steps of receiving a snapshot; at most one is being received.
struct BeginSnapshot {
  ReceptionId reception;
  SnapshotMeta meta;  // drops what was being received before
};
struct WriteSnapshot {
  ReceptionId reception;
  std::uint64_t offset = 0;
  Bytes bytes;
};
struct CommitSnapshot {
  ReceptionId reception;
};
struct AbortSnapshot {};
using SnapshotStep = std::variant<BeginSnapshot, WriteSnapshot, CommitSnapshot, AbortSnapshot>;

struct SnapshotRead {
  MemberId to;
  LogIndex index;
  std::uint64_t offset = 0;
  std::uint64_t maxBytes = 0;
};

enum class Alarm : std::uint8_t {
  LogLostTail,         // acknowledged entries are missing: neither votes nor leads
  MadeWhole,           // the leader has repaired it
  StoreFull,           // leadership is handed over because the disk is full
  QuorumLost,          // a leader stepped down because a majority was silent
  SnapshotRefused,     // a follower got our snapshot whole and refused it: a newer one is made
  RemovedFromCluster,  // this member is a tombstone: stop the node
};

enum class SyncNeed : std::uint8_t { Lazy, Now };

struct Ready {
  BatchNumber batch;  // 0 = nothing to persist
  SyncNeed sync = SyncNeed::Lazy;
  std::optional<HardState> hardState;
  std::optional<LogIndex> truncateFrom;
  std::vector<Entry> entries;
  std::optional<LogIndex> compactTo;

  std::vector<Message> messages;
  std::vector<SnapshotStep> snapshotSteps;
  std::vector<SnapshotRead> snapshotReads;
  std::optional<SnapshotMeta> restore;
  std::optional<SnapshotMeta>
      takeSnapshot;  // write one of exactly this index, then SnapshotWritten or -NotWritten
  std::vector<Entry> committed;

  std::vector<Outcome> outcomes;
  std::optional<RoleChange> roleChange;
  std::optional<MembersChange> membersChange;
  std::vector<Alarm> alarms;
};

}  // namespace clusterkit::raft

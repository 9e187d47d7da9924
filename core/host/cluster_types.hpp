// The C++ form of what crosses the ports: peers, members, snapshots, a store's image. The contracts are in
// clusterkit/{store,transport,consensus}.h.
#pragma once

#include <clusterkit/consensus.h>
#include <clusterkit/types.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace clusterkit {

struct Peer {
  MemberId member;
  std::string endpoint;   // opaque to all but the transport
  std::string publicKey;  // empty when no keys are used
  friend bool operator==(const Peer&, const Peer&) = default;
};

enum class MemberKind : std::uint32_t { Voter = CK_MEMBER_VOTER, Learner = CK_MEMBER_LEARNER };

struct Member {
  Peer peer;
  MemberKind kind = MemberKind::Voter;
  friend bool operator==(const Member&, const Member&) = default;
};

enum class Lane : std::uint32_t { Control = CK_LANE_CONTROL, Log = CK_LANE_LOG, Bulk = CK_LANE_BULK };

enum class Role : std::uint32_t {
  Follower = CK_ROLE_FOLLOWER,
  Candidate = CK_ROLE_CANDIDATE,
  Leader = CK_ROLE_LEADER,
  Learner = CK_ROLE_LEARNER,
  Removed = CK_ROLE_REMOVED,
};

struct SnapshotMeta {
  LogIndex index;  // 0 = none
  std::uint64_t term = 0;
  std::string config;  // the consensus plugin's own, opaque
  std::uint64_t totalSize = 0;
  std::uint64_t checksum = 0;

  static SnapshotMeta fromAbi(const ck_snap_meta& meta);
  ck_snap_meta abi() const;  // borrows from *this
};

struct Snapshot {
  SnapshotMeta meta;
  std::string bytes;
};

// An entry of the log as the store keeps it; what type, flags and bytes mean is the consensus plugin's.
struct StoredEntry {
  LogIndex index;
  std::uint64_t term = 0;
  std::uint32_t type = 0, flags = 0;
  std::string bytes;
};

// What the store held when it was opened.
struct StoreImage {
  std::uint64_t term = 0, votedFor = 0, commit = 0;  // hard state
  LogIndex first, last;                              // 0, 0 = empty log
  std::uint64_t lastTerm = 0;
  LogIndex highWater;  // the last index that was ever acknowledged as durable
  std::uint64_t format = 0;
  std::uint32_t flags = 0;  // CK_STORE_*
  SnapshotMeta snapshot;

  bool repairing() const { return (flags & CK_STORE_REPAIRING) != 0; }
  // Nothing of a past life: neither vote nor log nor snapshot.
  bool empty() const { return term == 0 && votedFor == 0 && !last && !snapshot.index; }

  static StoreImage fromAbi(const ck_store_image& image);
  ck_store_image abi() const;  // borrows from *this
};

ck_peer toAbi(const Peer& peer);  // borrows from the peer
Peer fromAbi(const ck_peer& peer);
std::string_view name(Role role);  // "leader"

}  // namespace clusterkit

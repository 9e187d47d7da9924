// Limits and times of one Raft node, and the state it starts from.
#pragma once

#include <optional>
#include <vector>

#include "configuration.hpp"
#include "types.hpp"

namespace clusterkit::raft {

struct Options {
  Duration heartbeatInterval = std::chrono::milliseconds(50);
  Duration electionTimeout = std::chrono::milliseconds(300);  // randomized up to twice; > 2 heartbeats
  Duration readTimeout = std::chrono::seconds(2);             // a barrier without a quorum fails after this
  Duration commitNewsPatience{0};  // what commit news may wait for an append; 0 = nothing
  Duration readRoundSpacing{0};    // between the starts of read rounds that are under way at the same time
  std::uint64_t maxEntryBytes = 4u << 20;         // a larger command is refused
  std::uint64_t maxAppendBytes = 1u << 20;        // one AppendRequest; at least one entry is always sent
  std::uint64_t maxInflightBytes = 8u << 20;      // per follower, sent and not yet acknowledged
  std::size_t maxInflightMessages = 64;           // per follower
  std::uint64_t maxUncommittedBytes = 64u << 20;  // above it proposals are refused
  std::uint64_t maxLogBytes = 1u << 30;           // log in memory; above it proposals are refused
  std::uint64_t maxApplyBytes = 4u << 20;         // handed out and not yet applied
  std::size_t maxPendingReads = 65536;
  std::uint64_t snapshotEntries = 10000;    // a snapshot is asked for after this many applied entries
  std::uint64_t snapshotBytes = 64u << 20;  // or this many applied bytes, whichever comes first
  std::uint64_t trailingEntries = 1000;     // kept behind a snapshot for followers that are a little late
  std::uint64_t snapshotChunkBytes = 1u << 20;
  std::uint64_t promotionLag = 64;  // a learner has caught up when it is at most this many entries behind

  // Empty when usable, else one line that says which value is wrong and why.
  std::string problem() const;
};

struct InitialState {
  ClusterId cluster;
  MemberId self;
  HardState hard;              // zeros in a new store
  SnapshotMeta snapshot;       // newest committed one; index 0 = none
  std::vector<Entry> entries;  // the whole durable log; what the snapshot covers is ignored
  LogIndex highWater;          // last index that was ever acknowledged as durable; 0 = unknown
  bool repairing = false;      // the store says that acknowledged entries are missing
  std::optional<Member>
      bootstrap;  // set for CK_BOOT_NEW only: start a new cluster with this member as its sole voter
};

}  // namespace clusterkit::raft

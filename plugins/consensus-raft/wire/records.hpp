// Between Raft's values and the protobuf records that other records are made of. Internal to this folder.
#pragma once

#include <optional>

#include "codec.hpp"
#include "raft.pb.h"

namespace clusterkit::raft::wire {

void write(const Configuration& configuration, pb::ConfigurationRecord* record);
void write(const Entry& entry, pb::EntryRecord* record);
void write(const SnapshotMeta& meta, pb::SnapshotChunk* record);

// nullopt for what is not well-formed.
ConfigurationPtr read(const pb::ConfigurationRecord& record);
std::optional<Entry> read(const pb::EntryRecord& record);
std::optional<SnapshotMeta> read(const pb::SnapshotChunk& record);

}  // namespace clusterkit::raft::wire

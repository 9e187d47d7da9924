// Raft values to bytes and back. A message is one version byte and a protobuf Envelope. Decoding is strict:
// anything that is not exactly a well-formed value gives nullopt, and the caller drops and counts it. Pure;
// any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "configuration.hpp"
#include "messages.hpp"

namespace clusterkit::raft::wire {

inline constexpr char version = 1;

std::string encodeMessage(const Message& message);
std::optional<Message> decodeMessage(std::string_view bytes);

// A log entry in the store: its type and its data; index and term are the store's own columns.
enum class EntryType : std::uint32_t { NoOp = 0, Command = 1, Configuration = 2 };
EntryType typeOf(const Entry& entry);
// Command data is borrowed from the entry; a configuration is encoded into `scratch`, which must outlive the
// result.
std::string_view encodeEntryData(const Entry& entry, std::string& scratch);
std::optional<Entry> decodeEntry(LogIndex index, Term term, std::uint32_t type, std::string_view data);

// The configuration beside a snapshot: ck_snap_meta.config.
struct SnapshotConfiguration {
  ConfigurationPtr configuration;
  LogIndex index;
};
std::string encodeSnapshotConfiguration(const SnapshotMeta& meta);
std::optional<SnapshotConfiguration> decodeSnapshotConfiguration(std::string_view bytes);

}  // namespace clusterkit::raft::wire

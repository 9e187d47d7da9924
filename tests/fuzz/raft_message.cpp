// What Raft reads of the network and of the store: messages, entries, configurations of snapshots.
#include "codec.hpp"
#include "fuzz/input.hpp"
#include "fuzz/require.hpp"

namespace clusterkit::raft {
namespace {

using fuzz::require;

void checkConfiguration(const ConfigurationPtr& configuration) {
  require(configuration && configuration->isWellFormed(), "a configuration that is read makes sense");
}

void checkEntry(const Entry& entry) {
  require(entry.index && entry.term, "an entry has a place and a term");
  if (entry.isConfiguration()) checkConfiguration(entry.configuration());
}

void readMessage(std::string_view bytes) {
  const auto message = wire::decodeMessage(bytes);
  if (!message) return;
  require(message->cluster && message->from && message->to, "a message says of whom and for whom it is");
  if (const auto* append = std::get_if<AppendRequest>(&message->body))
    for (const Entry& entry : append->entries) checkEntry(entry);
  if (const auto* chunk = std::get_if<SnapshotChunk>(&message->body))
    checkConfiguration(chunk->meta.configuration);
  const std::string written = wire::encodeMessage(*message);
  const auto again = wire::decodeMessage(written);
  require(again.has_value(), "a message that was read is written as one that can be read");
  require(again->body.index() == message->body.index(), "a message stays of its kind");
  require(wire::encodeMessage(*again) == written, "a message survives the way there and back");
}

void readEntry(std::string_view bytes) {
  fuzz::Input input(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  const LogIndex index{input.number(2)};
  const Term term{input.number(2)};
  const std::uint32_t type = input.byte();
  const auto entry = wire::decodeEntry(index, term, type, input.take(bytes.size()));
  if (!entry) return;
  checkEntry(*entry);
  std::string scratch;
  const std::string data(wire::encodeEntryData(*entry, scratch));
  const auto again = wire::decodeEntry(index, term, static_cast<std::uint32_t>(wire::typeOf(*entry)), data);
  require(again.has_value(), "an entry that was read is written as one that can be read");
  require(wire::encodeEntryData(*again, scratch) == data, "an entry survives the way there and back");
}

void readSnapshotConfiguration(std::string_view bytes) {
  const auto read = wire::decodeSnapshotConfiguration(bytes);
  if (!read) return;
  checkConfiguration(read->configuration);
  SnapshotMeta meta;
  meta.configuration = read->configuration;
  meta.configurationIndex = read->index;
  const auto again = wire::decodeSnapshotConfiguration(wire::encodeSnapshotConfiguration(meta));
  require(again.has_value(), "a configuration that was read is written as one that can be read");
  require(*again->configuration == *read->configuration && again->index == read->index,
          "a configuration survives the way there and back");
}

}  // namespace
}  // namespace clusterkit::raft

// A message begins with its version, 1; a first byte of 'e' is an entry of the store, of 's' a snapshot's
// configuration.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clusterkit::raft;
  const std::string_view bytes = clusterkit::fuzz::textOf(data, size);
  if (bytes.starts_with('e')) {
    readEntry(bytes.substr(1));
  } else if (bytes.starts_with('s')) {
    readSnapshotConfiguration(bytes.substr(1));
  } else {
    readMessage(bytes);
  }
  return 0;
}

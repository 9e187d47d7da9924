#include "records.hpp"

namespace clusterkit::raft::wire {
namespace {

constexpr std::uint32_t lastKind = static_cast<std::uint32_t>(MemberKind::Leaving);

bool parse(std::string_view bytes, google::protobuf::MessageLite& record) {
  return bytes.size() <= INT32_MAX && record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace

void write(const Configuration& configuration, pb::ConfigurationRecord* record) {
  for (const Member& m : configuration.members) {
    pb::MemberRecord* member = record->add_members();
    member->set_id(m.id.value);
    member->set_endpoint(m.endpoint);
    member->set_public_key(m.publicKey);
    member->set_kind(static_cast<std::uint32_t>(m.kind));
    member->set_outgoing_voter(m.outgoingVoter);
  }
  for (MemberId id : configuration.removed) record->add_removed(id.value);
}

ConfigurationPtr read(const pb::ConfigurationRecord& record) {
  Configuration configuration;
  for (const pb::MemberRecord& m : record.members()) {
    if (m.kind() > lastKind) return nullptr;
    configuration.members.push_back({MemberId{m.id()}, m.endpoint(), m.public_key(),
                                     static_cast<MemberKind>(m.kind()), m.outgoing_voter()});
  }
  if (static_cast<std::size_t>(record.removed_size()) > Configuration::maxTombstones) return nullptr;
  for (std::uint64_t id : record.removed()) configuration.removed.push_back(MemberId{id});
  if (!configuration.isWellFormed()) return nullptr;
  return std::make_shared<const Configuration>(std::move(configuration));
}

void write(const Entry& entry, pb::EntryRecord* record) {
  std::string scratch;
  record->set_index(entry.index.value);
  record->set_term(entry.term.value);
  record->set_type(static_cast<std::uint32_t>(typeOf(entry)));
  const std::string_view data = encodeEntryData(entry, scratch);
  record->set_data(data.data(), data.size());
}

std::optional<Entry> read(const pb::EntryRecord& record) {
  return decodeEntry(LogIndex{record.index()}, Term{record.term()}, record.type(), record.data());
}

void write(const SnapshotMeta& meta, pb::SnapshotChunk* record) {
  record->set_index(meta.index.value);
  record->set_term(meta.term.value);
  record->set_total_size(meta.totalSize);
  record->set_checksum(meta.checksum);
  auto* configuration = record->mutable_configuration();
  configuration->set_index(meta.configurationIndex.value);
  if (meta.configuration) write(*meta.configuration, configuration->mutable_configuration());
}

std::optional<SnapshotMeta> read(const pb::SnapshotChunk& record) {
  SnapshotMeta meta;
  meta.index = LogIndex{record.index()};
  meta.term = Term{record.term()};
  meta.totalSize = record.total_size();
  meta.checksum = record.checksum();
  meta.configuration = read(record.configuration().configuration());
  meta.configurationIndex = LogIndex{record.configuration().index()};
  const bool whole = meta.index && meta.term && meta.configuration && meta.configurationIndex <= meta.index;
  return whole ? std::optional<SnapshotMeta>(std::move(meta)) : std::nullopt;
}

EntryType typeOf(const Entry& entry) {
  if (entry.isCommand()) return EntryType::Command;
  return entry.isConfiguration() ? EntryType::Configuration : EntryType::NoOp;
}

std::string_view encodeEntryData(const Entry& entry, std::string& scratch) {
  if (entry.isCommand()) return entry.command();
  scratch.clear();
  if (!entry.isConfiguration()) return scratch;
  pb::ConfigurationRecord record;
  write(*entry.configuration(), &record);
  scratch = record.SerializeAsString();
  return scratch;
}

std::optional<Entry> decodeEntry(LogIndex index, Term term, std::uint32_t type, std::string_view data) {
  if (!index || !term) return std::nullopt;
  switch (type) {
    case static_cast<std::uint32_t>(EntryType::NoOp):
      if (!data.empty()) return std::nullopt;
      return Entry{index, term, NoOp{}};
    case static_cast<std::uint32_t>(EntryType::Command): return Entry{index, term, Bytes(std::string(data))};
    case static_cast<std::uint32_t>(EntryType::Configuration): {
      pb::ConfigurationRecord record;
      if (!parse(data, record)) return std::nullopt;
      ConfigurationPtr configuration = read(record);
      if (!configuration) return std::nullopt;
      return Entry{index, term, std::move(configuration)};
    }
    default: return std::nullopt;
  }
}

std::string encodeSnapshotConfiguration(const SnapshotMeta& meta) {
  pb::SnapshotChunk record;
  write(meta, &record);
  return record.configuration().SerializeAsString();
}

std::optional<SnapshotConfiguration> decodeSnapshotConfiguration(std::string_view bytes) {
  pb::SnapshotConfiguration record;
  if (!parse(bytes, record)) return std::nullopt;
  ConfigurationPtr configuration = read(record.configuration());
  if (!configuration) return std::nullopt;
  return SnapshotConfiguration{std::move(configuration), LogIndex{record.index()}};
}

}  // namespace clusterkit::raft::wire

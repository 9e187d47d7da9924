#include "records.hpp"

#include <clusterkit/plugin.hpp>

#include "configuration.hpp"
#include "wire/codec.hpp"

namespace clusterkit::raft {
namespace {

// ck_log_entry::type. Numbers are part of the data folder's format.
constexpr std::uint32_t kNoOp = 0;
constexpr std::uint32_t kCommand = 1;
constexpr std::uint32_t kConfiguration = 2;

ConfigurationPtr configurationFrom(std::string_view bytes) {
  auto decoded = wire::decodeConfiguration(bytes);
  if (!decoded) throw Error(CK_CORRUPT, "a configuration in the log cannot be read");
  return std::make_shared<const Configuration>(std::move(*decoded));
}

}  // namespace

LogRecords::LogRecords(const std::vector<Entry>& entries) {
  configurations_.reserve(entries.size());  // records point into it
  records_.reserve(entries.size());
  for (const Entry& entry : entries) {
    ck_log_entry record{entry.index.value, entry.term.value, kNoOp, 0, {}};
    if (entry.isCommand()) {
      record.type = kCommand;
      record.data = span(entry.command());
    } else if (entry.isConfiguration()) {
      record.type = kConfiguration;
      record.data = span(configurations_.emplace_back(wire::encodeConfiguration(*entry.configuration())));
    }
    records_.push_back(record);
  }
}

Entry entryFrom(const ck_log_entry& record) {
  Entry entry{LogIndex(record.index), Term(record.term), NoOp{}};
  if (record.type == kCommand) entry.payload = Bytes(std::string(view(record.data)));
  else if (record.type == kConfiguration) entry.payload = configurationFrom(view(record.data));
  else if (record.type != kNoOp)
    throw Error(CK_CORRUPT, "log entry " + std::to_string(record.index) + " is of type " +
                                std::to_string(record.type) + ", this version knows 0 to 2");
  return entry;
}

// Eight bytes of index, then the configuration.
std::string configOf(const SnapshotMeta& meta) {
  std::string out(sizeof(std::uint64_t), '\0');
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<char>(meta.configurationIndex.value >> (8 * (out.size() - 1 - i)) & 0xff);
  return out + wire::encodeConfiguration(*meta.configuration);
}

ck_snap_meta toAbi(const SnapshotMeta& meta, const std::string& config) {
  ck_snap_meta out{};
  out.size = sizeof out;
  out.index = meta.index.value;
  out.term = meta.term.value;
  out.config = span(config);
  out.total_size = meta.totalSize;
  out.checksum = meta.checksum;
  return out;
}

SnapshotMeta snapshotFrom(const ck_snap_meta& meta) {
  SnapshotMeta out;
  if (meta.index == 0) return out;
  const std::string_view config = view(meta.config);
  if (config.size() < sizeof(std::uint64_t)) throw Error(CK_CORRUPT, "a snapshot without configuration");
  std::uint64_t index = 0;
  for (std::size_t i = 0; i < sizeof index; ++i) index = index << 8 | static_cast<unsigned char>(config[i]);
  out.index = LogIndex(meta.index);
  out.term = Term(meta.term);
  out.configuration = configurationFrom(config.substr(sizeof index));
  out.configurationIndex = LogIndex(index);
  out.totalSize = meta.total_size;
  out.checksum = meta.checksum;
  return out;
}

}  // namespace clusterkit::raft

#include <google/protobuf/io/coded_stream.h>

#include <array>
#include <functional>

#include "cluster/message_arena.hpp"
#include "cluster/record_codec.hpp"
#include "cluster/snapshot.hpp"
#include "cluster/snapshot_format.hpp"

namespace clusterkit {
namespace {

using google::protobuf::io::CodedOutputStream;

// Appends the next record of one kind to the bytes of a snapshot; false when there is none left.
using Section = std::function<bool(std::string&)>;

void appendLength(std::string& out, std::size_t length) {
  for (std::size_t i = 0; i < kSnapshotLengthBytes; ++i) out.push_back(static_cast<char>(length >> (8 * i)));
}

void appendRecord(std::string& out, const proto::SnapshotRecord& record) {
  appendLength(out, record.ByteSizeLong());
  record.AppendToString(&out);
}

template <class Map, class Fill>
Section sectionOf(const Map& map, Fill fill) {
  return [cursor = map.begin(), fill](std::string& out) mutable {
    if (!cursor) return false;
    MessageArena arena;
    auto& record = arena.make<proto::SnapshotRecord>();
    fill(*cursor, record);
    appendRecord(out, record);
    ++cursor;
    return true;
  };
}

template <class Fill>
Section once(Fill fill) {
  return [done = false, fill](std::string& out) mutable {
    if (done) return false;
    proto::SnapshotRecord record;
    fill(record);
    appendRecord(out, record);
    return done = true;
  };
}

Section partitionsOf(const std::shared_ptr<const PartitionMap>& map) {
  return [map, next = std::uint32_t{0}](std::string& out) mutable {
    if (next == map->partitionCount()) return false;
    const PartitionId partition(next++);
    proto::SnapshotRecord all;
    auto* record = all.mutable_partition();
    record->set_partition(partition.value);
    for (const MemberId owner : map->ownersOf(partition)) record->add_owners(owner.value);
    record->set_epoch(map->epochOf(partition).value);
    appendRecord(out, all);
    return true;
  };
}

// Events are kept with their encoded records: a SnapshotRecord is such a one behind its field and length.
Section eventsOf(const EventWindow& events) {
  const auto* oldest = events.oldest();
  return [&events, next = oldest ? (*oldest)->seq : EventSeq(0)](std::string& out) mutable {
    if (!events.find(next)) return false;
    constexpr auto kField = static_cast<char>(proto::SnapshotRecord::kEventFieldNumber << 3 | 2);
    const std::string_view record = events.recordOf(next);
    std::array<std::uint8_t, 5> length{};
    const auto* end =
        CodedOutputStream::WriteVarint32ToArray(static_cast<std::uint32_t>(record.size()), length.data());
    const auto lengthBytes = static_cast<std::size_t>(end - length.data());
    appendLength(out, 1 + lengthBytes + record.size());
    out.push_back(kField);
    out.append(reinterpret_cast<const char*>(length.data()), lengthBytes).append(record);
    next = EventSeq(next.value + 1);
    return true;
  };
}

std::uint64_t numberOf(std::string_view key) { return BigEndianKey::read(key); }

}  // namespace

class SnapshotWriter::Pieces {
 public:
  explicit Pieces(ClusterState state) : state_(std::move(state)) { plan(); }

  std::string next(std::size_t targetBytes) {
    std::string out;
    if (!begun_) out = kSnapshotMagic;
    begun_ = true;
    while (section_ < sections_.size() && (out.empty() || out.size() < targetBytes)) {
      if (sections_[section_](out))
        ++records_;
      else
        ++section_;
    }
    return out;
  }

 private:
  // In the order that the format prescribes.
  void plan() {
    using Out = proto::SnapshotRecord;
    const ClusterState& s = state_;
    sections_ = {
        once([&s](Out& out) { *out.mutable_header() = headerOf(s); }),
        sectionOf(s.nodes, [](const auto& e, Out& out) { *out.mutable_node() = toProto(*e.value); }),
        sectionOf(s.departed, [](const auto& e, Out& out) { *out.mutable_departed() = toProto(e.value); }),
        sectionOf(s.tombstones,
                  [](const auto& e, Out& out) {
                    out.mutable_tombstone()->set_member(numberOf(e.key));
                    out.mutable_tombstone()->set_removed_at(e.value.value);
                  }),
        partitionsOf(s.partitions),
        sectionOf(s.pendingMoves,
                  [](const auto& e, Out& out) {
                    const PartitionId partition(static_cast<std::uint32_t>(numberOf(e.key)));
                    *out.mutable_pending_move() = toProto(partition, e.value);
                  }),
        sectionOf(s.handoffs, [](const auto& e, Out& out) { *out.mutable_handoff() = toProto(e.value); }),
        sectionOf(s.values,
                  [](const auto& e, Out& out) {
                    out.mutable_value()->set_key(e.key);
                    out.mutable_value()->set_value(*e.value.bytes);
                    out.mutable_value()->set_version(e.value.version);
                  }),
        sectionOf(s.idempotency,
                  [](const auto& e, Out& out) { *out.mutable_idempotency() = toProto(e.key, e.value); }),
        sectionOf(s.retiredKeys,
                  [](const auto& e, Out& out) {
                    out.mutable_retired_key()->set_fingerprint(numberOf(e.key));
                    out.mutable_retired_key()->set_sequence(e.value);
                  }),
        eventsOf(s.events),
        sectionOf(s.sinkCursors,
                  [](const auto& e, Out& out) { *out.mutable_sink_cursor() = toProto(e.key, e.value); }),
        once([this](Out& out) {
          out.mutable_trailer()->set_records(records_);
          out.mutable_trailer()->set_state_hash(stateHash(state_));
        })};
  }

  ClusterState state_;
  std::vector<Section> sections_;
  std::size_t section_ = 0;
  std::uint64_t records_ = 0;
  bool begun_ = false;
};

SnapshotWriter::SnapshotWriter(ClusterState state) : pieces_(std::make_unique<Pieces>(std::move(state))) {}
SnapshotWriter::~SnapshotWriter() = default;
SnapshotWriter::SnapshotWriter(SnapshotWriter&&) noexcept = default;
SnapshotWriter& SnapshotWriter::operator=(SnapshotWriter&&) noexcept = default;

std::string SnapshotWriter::next(std::size_t targetBytes) { return pieces_->next(targetBytes); }

std::string writeSnapshot(const ClusterState& state) {
  SnapshotWriter writer(state);
  std::string all;
  for (std::string piece = writer.next(1 << 20); !piece.empty(); piece = writer.next(1 << 20)) all += piece;
  return all;
}

}  // namespace clusterkit

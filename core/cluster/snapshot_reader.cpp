#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "cluster/planted.hpp"
#include "cluster/record_codec.hpp"
#include "cluster/services.hpp"
#include "cluster/snapshot.hpp"
#include "cluster/snapshot_format.hpp"
#include "host/utf8.hpp"

namespace clusterkit {
namespace {

using Record = proto::SnapshotRecord;

std::string hexOf(std::uint64_t number) {
  char digits[16];
  return {digits, std::to_chars(digits, digits + sizeof digits, number, 16).ptr};
}

// Puts the records into a state; each function is false for a record that does not fit.
class StateRestorer {
 public:
  bool take(const Record& record) {
    const int kind = record.record_case();
    if (kind < lastKind_ || complete_ || (lastKind_ == 0) != (kind == Record::kHeader)) return false;
    lastKind_ = kind;
    const bool good = takeKind(record);
    ++records_;
    return good;
  }

  bool complete() const { return complete_; }

  // Empty when the state is whole and has the hash that the trailer names.
  std::string finish() {
    if (!complete_) return "the snapshot ends before its trailer";
    if (std::string fault = buildPartitions(); !fault.empty()) return fault;
    if (std::string fault = checkParts(); !fault.empty()) return fault;
    for (const auto& entry : state_.nodes) addServices(state_, *entry.value);
    if (state_.exists()) state_.health = computeHealth(state_);
    const std::uint64_t hash = stateHash(state_);
    if (hash == expectedHash_) return {};
    return "the state has the hash " + hexOf(hash) + ", the trailer names " + hexOf(expectedHash_);
  }

  ClusterState takeState() { return std::move(state_); }

 private:
  bool takeKind(const Record& record) {
    switch (record.record_case()) {
      case Record::kHeader: return takeHeader(record.header());
      case Record::kNode: return takeNode(record.node());
      case Record::kDeparted: return takeDeparted(record.departed());
      case Record::kTombstone: return takeTombstone(record.tombstone());
      case Record::kPartition: return takePartition(record.partition());
      case Record::kPendingMove: return takePendingMove(record.pending_move());
      case Record::kHandoff: return takeHandoff(record.handoff());
      case Record::kValue: return takeValue(record.value());
      case Record::kIdempotency: return takeIdempotency(record.idempotency());
      case Record::kRetiredKey: return takeRetiredKey(record.retired_key());
      case Record::kEvent: return takeEvent(record.event());
      case Record::kSinkCursor: return takeSinkCursor(record.sink_cursor());
      case Record::kTrailer: return takeTrailer(record.trailer());
      case Record::RECORD_NOT_SET: return false;
    }
    return false;
  }

  HashSeed seed() const { return state_.facts->seed; }

  bool takeHeader(const proto::HeaderRecord& in) {
    if (in.format() != 1 || !readHeader(in, state_, mapEpoch_)) return false;
    if (in.has_facts() && !checkFacts(*state_.facts).empty()) return false;
    state_.seedMaps(seed());
    return true;
  }

  bool takeNode(const proto::NodeRecord& in) {
    NodeRecord node;
    if (!fromProto(in, node) || node.spec.id.empty() || !node.spec.member) return false;
    const auto record = std::make_shared<const NodeRecord>(std::move(node));
    return state_.nodes.set(record->spec.id, record, contentHash(seed(), toProto(*record))) &&
           state_.nodesByMember.set(BigEndianKey(record->spec.member), record, 0);
  }

  bool takeDeparted(const proto::DepartedRecord& in) {
    DepartedNode node;
    return fromProto(in, node) && state_.departed.set(node.id, node, contentHash(seed(), toProto(node)));
  }

  bool takeTombstone(const proto::TombstoneRecord& in) {
    return state_.tombstones.set(BigEndianKey(in.member()), LogIndex(in.removed_at()), in.removed_at());
  }

  bool takePartition(const proto::PartitionRecord& in) {
    if (in.partition() != partitions_.size() || in.partition() >= state_.facts->partitionCount) return false;
    partitions_.push_back({readMembers(in.owners()), Epoch(in.epoch())});
    return true;
  }

  bool takePendingMove(const proto::OwnerChange& in) {
    OwnerChange move;
    if (!fromProto(in, move) || move.owners.empty() || !exists(move.partition)) return false;
    return state_.pendingMoves.set(BigEndianKey(move.partition), move.owners,
                                   contentHash(seed(), toProto(move.partition, move.owners)));
  }

  bool takeHandoff(const proto::HandoffRecord& in) {
    Handoff handoff;
    if (!fromProto(in, handoff) || handoff.target.empty() || handoff.waiting.empty()) return false;
    return exists(handoff.partition) && state_.handoffs.set(BigEndianKey(handoff.partition), handoff,
                                                            contentHash(seed(), toProto(handoff)));
  }

  bool takeValue(const proto::ValueRecord& in) {
    const bool fits = !in.key().empty() && in.key().size() <= kMaxKeyBytes && isUtf8(in.key()) &&
                      in.value().size() <= kMaxValueBytes;
    return fits &&
           state_.values.set(in.key(), {std::make_shared<const std::string>(in.value()), in.version()},
                             valueHash(seed(), in.value(), in.version()), valueWeight(in.key(), in.value()));
  }

  bool takeIdempotency(const proto::IdempotencyRecord& in) {
    std::string key;
    IdempotencyRecord record;
    if (!fromProto(in, key, record) || record.sequence >= state_.nextIdempotencySequence) return false;
    if (planted(StateDefect::ResultsOutsideTheSnapshot)) return true;
    return state_.idempotency.set(key, record, contentHash(seed(), toProto(key, record))) &&
           state_.idempotencyOrder.set(BigEndianKey(record.sequence), key, 0);
  }

  bool takeRetiredKey(const proto::RetiredKeyRecord& in) {
    if (in.sequence() >= state_.nextIdempotencySequence) return false;
    return state_.retiredKeys.set(BigEndianKey(in.fingerprint()), in.sequence(), in.sequence()) &&
           state_.retiredOrder.set(BigEndianKey(in.sequence()), in.fingerprint(), 0);
  }

  bool takeEvent(const proto::EventRecord& in) {
    ClusterEvent event;
    if (!fromProto(in, event) || event.seq >= state_.nextEvent) return false;
    const auto* last = state_.events.newest();
    if (last && (*last)->seq.value + 1 != event.seq.value) return false;
    event.id = eventId(state_.facts->idAt(event.seq), event.seq);
    std::string record = encodeEvent(event);
    state_.events.append(std::make_shared<const ClusterEvent>(std::move(event)), std::move(record));
    return true;
  }

  bool takeSinkCursor(const proto::SinkCursor& in) {
    std::string sink;
    SinkCursor cursor;
    return fromProto(in, sink, cursor) &&
           state_.sinkCursors.set(sink, cursor, contentHash(seed(), toProto(sink, cursor)));
  }

  bool takeTrailer(const proto::TrailerRecord& in) {
    complete_ = true;
    expectedHash_ = in.state_hash();
    return in.records() == records_;
  }

  bool exists(PartitionId partition) const { return partition.value < partitions_.size(); }

  std::string buildPartitions() {
    const std::size_t expected = state_.exists() ? state_.facts->partitionCount : 0;
    if (partitions_.size() != expected) return "the snapshot does not have all partitions";
    try {
      state_.partitions = std::make_shared<const PartitionMap>(partitions_, mapEpoch_);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return {};
  }

  bool areMembers(const Owners& members) const {
    return std::all_of(members.begin(), members.end(), [this](MemberId m) { return state_.findNode(m); });
  }

  std::string checkParts() const {
    for (const auto& partition : partitions_) {
      if (!areMembers(partition.owners)) return "a partition has an owner that is no member";
    }
    for (const auto& entry : state_.pendingMoves) {
      if (!areMembers(entry.value)) return "a pending move has an owner that is no member";
    }
    for (const auto& entry : state_.handoffs) {
      if (!areMembers(entry.value.target)) return "a hand-over has an owner that is no member";
    }
    const bool moves = !state_.pendingMoves.empty() || !state_.handoffs.empty();
    if (moves != state_.rebalance.has_value()) return "the moves and the rebalance do not belong together";
    const auto* last = state_.events.newest();
    if (last && (*last)->seq.value + 1 != state_.nextEvent.value) return "the newest events are missing";
    return {};
  }

  ClusterState state_;
  std::vector<PartitionMap::Entry> partitions_;
  Epoch mapEpoch_;
  int lastKind_ = 0;
  std::uint64_t records_ = 0;
  std::uint64_t expectedHash_ = 0;
  bool complete_ = false;
};

std::size_t readLength(std::string_view bytes) {
  std::size_t length = 0;
  for (std::size_t i = 0; i < kSnapshotLengthBytes; ++i) {
    length |= static_cast<std::size_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return length;
}

}  // namespace

// Cuts the stream into records.
class SnapshotReader::Parser {
 public:
  bool feed(std::string_view bytes) {
    if (!fault_.empty()) return false;
    buffer_.append(bytes);
    std::string_view rest = buffer_;
    while (fault_.empty() && takeOne(rest)) {
    }
    buffer_.erase(0, buffer_.size() - rest.size());
    return fault_.empty();
  }

  std::variant<ClusterState, SnapshotError> finish() {
    if (fault_.empty() && !buffer_.empty()) fault_ = "the snapshot ends inside a record";
    if (fault_.empty()) fault_ = restorer_.finish();
    if (!fault_.empty()) return SnapshotError{fault_};
    return restorer_.takeState();
  }

 private:
  // Takes the next whole part off `rest`; false when more bytes are needed or the input is broken.
  bool takeOne(std::string_view& rest) {
    if (!begun_) {
      const std::size_t known = std::min(rest.size(), kSnapshotMagic.size());
      if (rest.substr(0, known) != kSnapshotMagic.substr(0, known))
        return fail("this is no snapshot of the state");
      if (known < kSnapshotMagic.size()) return false;
      rest.remove_prefix(known);
      begun_ = true;
    }
    if (rest.size() < kSnapshotLengthBytes) return false;
    const std::size_t length = readLength(rest);
    if (length > kMaxSnapshotRecordBytes) return fail("a record is too long");
    if (rest.size() < kSnapshotLengthBytes + length) return false;
    Record record;
    if (!record.ParseFromArray(rest.data() + kSnapshotLengthBytes, static_cast<int>(length)) ||
        !restorer_.take(record)) {
      return fail("record " + std::to_string(taken_) + " is damaged or out of place");
    }
    ++taken_;
    rest.remove_prefix(kSnapshotLengthBytes + length);
    return true;
  }

  bool fail(std::string fault) {
    fault_ = std::move(fault);
    return false;
  }

  std::string buffer_;
  std::string fault_;
  StateRestorer restorer_;
  std::uint64_t taken_ = 0;
  bool begun_ = false;
};

SnapshotReader::SnapshotReader() : parser_(std::make_unique<Parser>()) {}
SnapshotReader::~SnapshotReader() = default;
SnapshotReader::SnapshotReader(SnapshotReader&&) noexcept = default;
SnapshotReader& SnapshotReader::operator=(SnapshotReader&&) noexcept = default;

bool SnapshotReader::feed(std::string_view bytes) { return parser_->feed(bytes); }

std::variant<ClusterState, SnapshotError> SnapshotReader::finish() { return parser_->finish(); }

std::variant<ClusterState, SnapshotError> readSnapshot(std::string_view bytes) {
  SnapshotReader reader;
  reader.feed(bytes);
  return reader.finish();
}

}  // namespace clusterkit

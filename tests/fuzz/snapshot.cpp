// Snapshots of the state. Their last record vouches for all before it, so a changed one is refused for its
// hash alone; to get behind that, each is also read with a trailer that is right.
#include <algorithm>
#include <charconv>

#include "cluster/apply.hpp"
#include "cluster/event_json.hpp"
#include "cluster/record_codec.hpp"
#include "cluster/snapshot.hpp"
#include "cluster/snapshot_format.hpp"
#include "cluster/whole_state.hpp"
#include "fuzz/input.hpp"
#include "fuzz/require.hpp"

namespace clusterkit {
namespace {

using fuzz::require;
using Loaded = std::variant<ClusterState, SnapshotError>;

Loaded readInPieces(std::string_view bytes, std::size_t piece) {
  SnapshotReader reader;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size())))
    if (!reader.feed(bytes.substr(0, piece))) break;
  return reader.finish();
}

// Reads it whole and cut, and gives what both say.
Loaded readTwice(std::string_view bytes) {
  Loaded whole = readSnapshot(bytes);
  const Loaded cut = readInPieces(bytes, 7);
  require(whole.index() == cut.index(), "the verdict does not depend on how the bytes are cut");
  if (const auto* error = std::get_if<SnapshotError>(&whole)) {
    require(!error->message.empty(), "a snapshot that is refused says why");
    require(error->message == std::get<SnapshotError>(cut).message, "nor does the reason", error->message);
  }
  return whole;
}

void check(const ClusterState& state) {
  const std::string fault = faultOf(state);
  require(fault.empty(), "a state that loads is whole", fault);
  const Loaded again = readSnapshot(writeSnapshot(state));
  const auto* error = std::get_if<SnapshotError>(&again);
  require(error == nullptr, "a state that was loaded can be saved and loaded", error ? error->message : "");
  require(stateHash(std::get<ClusterState>(again)) == stateHash(state), "and is the same then");
  for (EventSeq seq = state.oldestEvent(); seq < state.nextEvent; seq = EventSeq(seq.value + 1))
    require(eventJson(*state.findEvent(seq)).find('\n') == std::string::npos, "an event is one line");
}

void append(std::string& out, const proto::SnapshotRecord& record) {
  const std::string bytes = record.SerializeAsString();
  for (std::size_t i = 0; i < kSnapshotLengthBytes; ++i) out += static_cast<char>(bytes.size() >> (8 * i));
  out += bytes;
}

// The records that can be read, and how many they are. One of another length than it says ends where the
// input does.
struct Records {
  std::string bytes{kSnapshotMagic};
  std::uint64_t count = 0;
};

Records recordsOf(std::string_view rest) {
  Records records;
  if (rest.starts_with(kSnapshotMagic)) rest.remove_prefix(kSnapshotMagic.size());
  while (rest.size() > kSnapshotLengthBytes) {
    fuzz::Input head(reinterpret_cast<const std::uint8_t*>(rest.data()), kSnapshotLengthBytes);
    const std::size_t length = static_cast<std::size_t>(head.number(kSnapshotLengthBytes));
    rest.remove_prefix(kSnapshotLengthBytes);
    const std::string_view body = rest.substr(0, length);
    rest.remove_prefix(body.size());
    proto::SnapshotRecord record;
    if (!record.ParseFromArray(body.data(), static_cast<int>(body.size())) || record.has_trailer()) continue;
    append(records.bytes, record);
    ++records.count;
  }
  return records;
}

std::string sealed(const Records& records, std::uint64_t hash) {
  proto::SnapshotRecord trailer;
  trailer.mutable_trailer()->set_records(records.count);
  trailer.mutable_trailer()->set_state_hash(hash);
  std::string bytes = records.bytes;
  append(bytes, trailer);
  return bytes;
}

// The refusal of a wrong hash names the right one.
std::optional<std::uint64_t> rightHash(const SnapshotError& error) {
  constexpr std::string_view before = "the state has the hash ";
  const std::string_view text = error.message;
  if (!text.starts_with(before)) return std::nullopt;
  std::uint64_t hash = 0;
  std::from_chars(text.data() + before.size(), text.data() + text.size(), hash, 16);
  return hash;
}

}  // namespace
}  // namespace clusterkit

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clusterkit;
  const std::string_view bytes = fuzz::textOf(data, size);
  const Loaded loaded = readTwice(bytes);
  if (const auto* state = std::get_if<ClusterState>(&loaded)) return check(*state), 0;
  const Records records = recordsOf(bytes);
  const Loaded unsealed = readTwice(sealed(records, 0));
  const auto* error = std::get_if<SnapshotError>(&unsealed);
  const auto hash = error ? rightHash(*error) : std::nullopt;
  if (!hash) return 0;
  const Loaded whole = readTwice(sealed(records, *hash));
  const auto* refusal = std::get_if<SnapshotError>(&whole);
  require(refusal == nullptr, "with the right hash it loads", refusal ? refusal->message : "");
  check(std::get<ClusterState>(whole));
  return 0;
}

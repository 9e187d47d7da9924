#include "simulation/versions.hpp"

#include "codec.hpp"
#include "host/transport_inbox.hpp"

namespace clusterkit::sim {
namespace {

// Protobuf: field 999, a number, 1.
constexpr std::string_view kUnknownField = "\xb8\x3e\x01";

void hintLower(std::string& message, const Disk& disk, Dice& dice) {
  auto decoded = raft::wire::decodeMessage(message);
  if (!decoded) return;
  auto* rejected = std::get_if<raft::AppendRejected>(&decoded->body);
  if (rejected == nullptr || rejected->repairing) return;
  const std::uint64_t lowest = std::max(disk.submitted.first(), disk.submitted.snapshot().index);
  const std::uint64_t hint = rejected->hintIndex.value;
  if (lowest == 0 || hint <= lowest) return;
  const std::uint64_t index = dice.between(lowest, hint);
  const auto term = disk.submitted.termAt(index);
  if (!term) return;
  rejected->hintIndex = LogIndex(index);
  rejected->hintTerm = raft::Term(*term);
  message = raft::wire::encodeMessage(*decoded);
}

}  // namespace

void sayAsOther(std::string& bytes, const Disk& disk, Dice& dice) {
  if (bytes.empty()) return;
  const char mark = bytes.back();
  bytes.pop_back();
  if (mark == static_cast<char>(Channel::Consensus)) hintLower(bytes, disk, dice);
  bytes += kUnknownField;
  bytes += mark;
}

}  // namespace clusterkit::sim

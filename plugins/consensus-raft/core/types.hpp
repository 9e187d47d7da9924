// The words of Raft: terms, entries, hard state, roles. Values only, nothing here has behaviour or owns a
// thread. The names are those of Ongaro's dissertation; see ../README.md for the map of this folder.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "clusterkit/types.hpp"

namespace clusterkit::raft {

using Term = Number<struct TermTag>;      // rises by elections; 0 before the first
using Handle = Number<struct HandleTag>;  // names a client's call; chosen by the driver, opaque to the core
using BatchNumber = Number<struct BatchTag>;  // one persisted step, dense from 1 within a run of the process
using RoundId = Number<struct RoundTag>;      // one confirmation round of a leader, unique within its term
using ReceptionId =
    Number<struct ReceptionTag>;  // one snapshot being received, unique within a run of the process
using RequestId =
    Number<struct RequestTag>;  // a follower's forwarded read, unique within a run of the process

constexpr LogIndex next(LogIndex i) { return LogIndex{i.value + 1}; }
constexpr LogIndex previous(LogIndex i) { return LogIndex{i.value == 0 ? 0 : i.value - 1}; }
constexpr LogIndex plus(LogIndex i, std::uint64_t n) { return LogIndex{i.value + n}; }
constexpr Term next(Term t) { return Term{t.value + 1}; }

// Immutable bytes, shared by the log, messages and the store without a copy.
class Bytes {
 public:
  Bytes() = default;
  explicit Bytes(std::string bytes) : bytes_(std::make_shared<const std::string>(std::move(bytes))) {}
  std::string_view view() const { return bytes_ ? std::string_view(*bytes_) : std::string_view(); }
  std::size_t size() const { return bytes_ ? bytes_->size() : 0; }
  friend bool operator==(const Bytes& a, const Bytes& b) { return a.view() == b.view(); }

 private:
  std::shared_ptr<const std::string> bytes_;
};

struct Configuration;  // configuration.hpp
using ConfigurationPtr = std::shared_ptr<const Configuration>;

struct NoOp {};  // written by every new leader, so that entries of older terms can commit (5.4.2)
using EntryPayload = std::variant<NoOp, Bytes, ConfigurationPtr>;

struct Entry {
  LogIndex index;
  Term term;
  EntryPayload payload;

  bool isCommand() const { return std::holds_alternative<Bytes>(payload); }
  bool isConfiguration() const { return std::holds_alternative<ConfigurationPtr>(payload); }
  std::string_view command() const { return std::get<Bytes>(payload).view(); }
  const ConfigurationPtr& configuration() const { return std::get<ConfigurationPtr>(payload); }
};

// What an entry counts against every limit in bytes: its data and a fixed cost for its frame.
std::uint64_t sizeOf(const Entry& entry);

// Term and vote are one record and always persisted together. `commit` rides along and is never synced for
// its own sake.
struct HardState {
  Term term;
  MemberId votedFor;  // 0 = nobody in this term
  LogIndex commit;
  friend bool operator==(const HardState&, const HardState&) = default;
};

struct SnapshotMeta {
  LogIndex index;  // the last entry it contains; 0 = no snapshot
  Term term;
  ConfigurationPtr configuration;  // as of `index`; null only when index is 0
  LogIndex configurationIndex;     // where that configuration stood in the log
  std::uint64_t totalSize = 0;     // bytes; 0 until the store knows it
  std::uint64_t checksum = 0;      // the store's
};

enum class Role : std::uint8_t { Follower, PreCandidate, Candidate, Leader, Learner, Removed };

}  // namespace clusterkit::raft

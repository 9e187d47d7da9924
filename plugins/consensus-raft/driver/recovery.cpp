// The driver's side of clusterkit.consensus.recovery/1: records of a store to Raft's values, and back.
#include "recovery.hpp"

#include <string>

#include "driver.hpp"
#include "records.hpp"

namespace clusterkit::raft {

struct RecoveryRecords {
  explicit RecoveryRecords(Recovery planned) : recovery(std::move(planned)), records(recovery.entries) {
    for (const Member& m : recovery.replaced->members) members.push_back(m.id.value);
  }
  Recovery recovery;
  LogRecords records;
  std::vector<std::uint64_t> members;
};

namespace {

InitialState stateOf(const ck_survivor& survivor) {
  const ck_store_image& image = *survivor.image;
  InitialState state;
  state.cluster = ClusterId(survivor.cluster);
  state.self = MemberId(survivor.member);
  state.hard = {Term(image.hard.term), MemberId(image.hard.voted_for), LogIndex(image.hard.commit)};
  state.snapshot = snapshotFrom(image.snapshot);
  state.highWater = LogIndex(image.high_water_index);
  state.repairing = (image.flags & CK_STORE_REPAIRING) != 0;
  for (std::uint64_t i = 0; i < survivor.log_count; ++i) state.entries.push_back(entryFrom(survivor.log[i]));
  return state;
}

ck_status commandOf(void* self, const ck_log_entry* entry, ck_span* command, ck_error* error) noexcept {
  return sdk::guardedError<Driver>(self, error, [&](Driver& d) { return d.commandOf(*entry, *command); });
}

ck_status asSoleVoter(void* self, const ck_survivor* survivor, ck_recovery* out, ck_error* error) noexcept {
  return sdk::guardedError<Driver>(self, error, [&](Driver& d) {
    d.recoverAsSoleVoter(*survivor, *out);
    return CK_OK;
  });
}

constexpr ck_consensus_recovery_1 recoveryTable{sizeof(ck_consensus_recovery_1), 0, commandOf, asSoleVoter};

}  // namespace

const void* Driver::extension(const char* wanted) {
  return std::string_view(wanted) == CK_CONSENSUS_RECOVERY ? &recoveryTable : nullptr;
}

ck_status Driver::commandOf(const ck_log_entry& record, ck_span& command) {
  if (!entryFrom(record).isCommand()) return CK_NOT_FOUND;
  command = record.data;  // a command is kept as it came
  return CK_OK;
}

void Driver::recoverAsSoleVoter(const ck_survivor& survivor, ck_recovery& out) {
  try {
    recovery_ = std::make_shared<RecoveryRecords>(
        raft::recoverAsSoleVoter(stateOf(survivor), Bytes(std::string(view(survivor.command)))));
  } catch (const NotRecoverable& reason) {
    throw Error(CK_CONFLICT, reason.what());
  }
  const HardState& hard = recovery_->recovery.hard;
  out.hard = {hard.term.value, hard.votedFor.value, hard.commit.value};
  out.entries = recovery_->records.data();
  out.entry_count = recovery_->records.size();
  out.members = recovery_->members.data();
  out.member_count = recovery_->members.size();
}

}  // namespace clusterkit::raft

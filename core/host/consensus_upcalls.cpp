// What the consensus calls: checked here, then told to the listener. A listener that throws has broken the
// node, not the plugin; its exception must not cross either.
#include "host/consensus_upcalls.hpp"

#include <exception>
#include <utility>

#include "host/plugin_call.hpp"

namespace clusterkit {

namespace {

// Who completes the token of a restore: the core itself.
const PluginName& core() {
  static const PluginName name{"core", "clusterkit", ""};
  return name;
}

bool isWhole(const ck_snap_meta* meta) {
  return meta != nullptr && meta->size >= sizeof(ck_snap_meta) &&
         (meta->config.data != nullptr || meta->config.size == 0);
}

}  // namespace

bool ConsensusPort::require(bool condition, const char* function, const char* rule) {
  if (!condition) parts_.faults.report(host_->name(), function, rule);
  return condition;
}

void ConsensusPort::broken(std::string text) {
  poison();
  if (onBroken_) onBroken_({Status::Corrupt, std::move(text)});
}

bool ConsensusPort::checkCommit(const ck_committed* entries, std::uint64_t count) {
  LogIndex index = lastCommitted_;
  Epoch epoch = lastCommitEpoch_;
  committed_.clear();
  for (std::uint64_t i = 0; i < count; ++i) {
    const ck_committed& entry = entries[i];
    if (!require(entry.data.data != nullptr || entry.data.size == 0, "commit", "a command's bytes are null"))
      return false;
    if (entry.index <= index.value) {
      broken("committed index " + std::to_string(entry.index) + " after " + std::to_string(index.value));
      return false;
    }
    if (entry.epoch < epoch.value) {
      broken("epoch " + std::to_string(entry.epoch) + " committed after epoch " +
             std::to_string(epoch.value));
      return false;
    }
    index = LogIndex(entry.index);
    epoch = Epoch(entry.epoch);
    committed_.push_back({index, epoch, view(entry.data)});
  }
  return true;
}

ck_status ConsensusPort::commit(const ck_committed* entries, std::uint64_t count) {
  if (!require(entries != nullptr && count > 0, "commit", "no entries")) return CK_INVALID;
  if (!checkCommit(entries, count)) return CK_FATAL;
  if (!listener_.commit(committed_)) return CK_AGAIN;
  lastCommitted_ = LogIndex(entries[count - 1].index);
  lastCommitEpoch_ = Epoch(entries[count - 1].epoch);
  return CK_OK;
}

void ConsensusPort::role(std::uint32_t role, std::uint64_t epoch, std::uint64_t leader) {
  if (!require(role <= CK_ROLE_REMOVED, "role", "unknown role")) return;
  if (epoch < lastRoleEpoch_.value)
    return broken("epoch fell from " + std::to_string(lastRoleEpoch_.value) + " to " + std::to_string(epoch));
  lastRoleEpoch_ = Epoch(epoch);
  listener_.role(static_cast<Role>(role), Epoch(epoch), MemberId(leader));
}

void ConsensusPort::members(const ck_member* members, std::uint64_t count, std::uint64_t index) {
  if (!require(members != nullptr || count == 0, "members", "members are null")) return;
  std::vector<Member> out;
  out.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const ck_member& member = members[i];
    const bool whole =
        member.size >= sizeof(ck_member) && member.kind <= CK_MEMBER_LEARNER && member.peer.member != 0;
    if (!require(whole, "members", "a member is too short, of unknown kind, or 0")) return;
    out.push_back({fromAbi(member.peer), static_cast<MemberKind>(member.kind)});
  }
  transport_.setMembers(out);
  listener_.members(out, LogIndex(index));
}

void ConsensusPort::snapshot(const ck_snap_meta* meta) {
  if (!require(isWhole(meta), "snapshot", "meta is null or too short")) return;
  listener_.snapshot(SnapshotMeta::fromAbi(*meta));
}

void ConsensusPort::restore(const ck_snap_meta* meta, ck_token token) {
  if (!require(parts_.tokens.bind(token, {&core(), Status::Cancelled}), "restore",
               "token was not made by expect, or is in use"))
    return;
  const auto answer = [&tokens = parts_.tokens, watch = lifetime_.watch(), token](CallOutcome outcome) {
    if (!watch.expired()) tokens.answer(token, std::move(outcome));
  };
  if (!require(isWhole(meta), "restore", "meta is null or too short"))
    return answer(clusterkit::failed(Status::Invalid, "meta is null or too short"));
  if (meta->index < lastCommitted_.value) {
    answer(clusterkit::failed(Status::Invalid, "the snapshot is older than the state"));
    return broken("restore of a snapshot at " + std::to_string(meta->index) + " after index " +
                  std::to_string(lastCommitted_.value) + " was committed");
  }
  lastCommitted_ = LogIndex(meta->index);
  listener_.restore(SnapshotMeta::fromAbi(*meta), answer);
}

ck_token ConsensusPort::expect(void (*done)(void* arg, const ck_result* result) noexcept, void* arg) {
  if (!require(done != nullptr, "expect", "done is null")) return 0;
  return parts_.tokens.issue({}, [this, watch = lifetime_.watch(), done, arg](CallOutcome outcome) {
    if (watch.expired() || !alive()) return;  // the payload is dropped with the outcome
    ck_result result{};
    result.size = sizeof result;
    result.status = toAbi(outcome.status);
    result.value0 = outcome.value0;
    result.value1 = outcome.value1;
    result.payload_take = outcome.payload.release();
    result.error = makeError(outcome.ok() ? CK_OK : toAbi(outcome.status), outcome.text, outcome.osErrno);
    result.error.retry_after_ms = outcome.retryAfterMs;
    const OnPluginStack onStack(host_->label(), "a completion");
    done(arg, &result);
  });
}

// The instance lives, the thread is right, nothing is thrown across.
template <class R, class F>
R ConsensusUpcalls::enter(void* cx, const char* function, R refused, F&& call) noexcept {
  const UpcallGuard guard(cx);
  auto* const port = guard.port<ConsensusPort>();
  if (port == nullptr) return refused;
  if (!port->require(port->parts_.loop.onLoop(), function, "called outside of the loop") || !port->alive())
    return refused;
  const OnPluginStack core(nullptr, nullptr);  // what crashes in here is the core's
  try {
    return call(*port);
  } catch (const std::exception& e) {
    port->broken(std::string("the core failed in ") + function + ": " + e.what());
  } catch (...) {
    port->broken(std::string("the core failed in ") + function);
  }
  return refused;
}

template <class Table, class Port>
const Table* ConsensusUpcalls::hand(Port& port, void** selfOut) {
  if (selfOut == nullptr) return nullptr;
  *selfOut = port.proxySelf();
  return port.proxyTable();
}

const ck_store_1* ConsensusUpcalls::store(void* cx, void** self) noexcept {
  return enter<const ck_store_1*>(cx, "store", nullptr, [&](ConsensusPort& port) -> const ck_store_1* {
    return (port.needs_ & CK_COMPONENT_NEEDS_STORE) != 0 ? hand<ck_store_1>(port.store_, self) : nullptr;
  });
}

const ck_transport_1* ConsensusUpcalls::transport(void* cx, void** self) noexcept {
  return enter<const ck_transport_1*>(
      cx, "transport", nullptr, [&](ConsensusPort& port) -> const ck_transport_1* {
        return (port.needs_ & CK_COMPONENT_NEEDS_TRANSPORT) != 0 ? hand<ck_transport_1>(port.transport_, self)
                                                                 : nullptr;
      });
}

ck_status ConsensusUpcalls::commit(void* cx, const ck_committed* entries, std::uint64_t count) noexcept {
  return enter<ck_status>(cx, "commit", CK_INVALID,
                          [&](ConsensusPort& port) { return port.commit(entries, count); });
}

void ConsensusUpcalls::role(void* cx, std::uint32_t role, std::uint64_t epoch,
                            std::uint64_t leader) noexcept {
  enter(cx, "role", 0, [&](ConsensusPort& port) { return port.role(role, epoch, leader), 0; });
}

void ConsensusUpcalls::members(void* cx, const ck_member* members, std::uint64_t count,
                               std::uint64_t index) noexcept {
  enter(cx, "members", 0, [&](ConsensusPort& port) { return port.members(members, count, index), 0; });
}

void ConsensusUpcalls::snapshot(void* cx, const ck_snap_meta* meta) noexcept {
  enter(cx, "snapshot", 0, [&](ConsensusPort& port) { return port.snapshot(meta), 0; });
}

void ConsensusUpcalls::restore(void* cx, const ck_snap_meta* meta, ck_token token) noexcept {
  enter(cx, "restore", 0, [&](ConsensusPort& port) { return port.restore(meta, token), 0; });
}

ck_token ConsensusUpcalls::expect(void* cx, void (*done)(void* arg, const ck_result* result) noexcept,
                                  void* arg) noexcept {
  return enter<ck_token>(cx, "expect", 0, [&](ConsensusPort& port) { return port.expect(done, arg); });
}

const ck_consensus_host_1 ConsensusUpcalls::table{
    sizeof(ck_consensus_host_1), 0, store, transport, commit, role, members, snapshot, restore, expect};

}  // namespace clusterkit

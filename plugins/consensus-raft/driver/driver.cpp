#include "driver.hpp"

#include <utility>

#include "codec.hpp"
#include "invariant.hpp"
#include "records.hpp"

namespace clusterkit::raft {
namespace {

using namespace std::chrono_literals;

// Far below what anybody notices, and longer than a client takes to write again.
constexpr Duration kCommitNewsPatience = 1ms;
constexpr Duration kReadRoundSpacing = 1ms;
constexpr Duration kSoon = 10ms;

ck_status statusOf(OutcomeCode code) {
  switch (code) {
    case OutcomeCode::Ok: return CK_OK;
    case OutcomeCode::NotLeader: return CK_NOT_LEADER;
    case OutcomeCode::Refused: return CK_AGAIN;
    case OutcomeCode::TooLarge: return CK_INVALID;
    case OutcomeCode::NoSpace: return CK_NO_SPACE;
    case OutcomeCode::Conflict: return CK_CONFLICT;
    case OutcomeCode::Unavailable: return CK_UNAVAILABLE;
    case OutcomeCode::Timeout: return CK_TIMEOUT;
    case OutcomeCode::Unknown: return CK_UNKNOWN;
  }
  return CK_UNKNOWN;
}

std::uint32_t laneNumber(Lane lane) {
  switch (lane) {
    case Lane::Control: return CK_LANE_CONTROL;
    case Lane::Log: return CK_LANE_LOG;
    case Lane::Bulk: return CK_LANE_BULK;
  }
  return CK_LANE_CONTROL;
}

}  // namespace

Driver::Driver(const Setup& setup) : host_(setup.host), timer_(setup.host, [this] { wake(); }) {
  const Config& config = setup.config;
  options_.heartbeatInterval = config.duration("heartbeat");
  options_.electionTimeout = config.duration("election_timeout");
  options_.snapshotEntries = config.size("snapshot_entries");
  options_.snapshotBytes = config.size("snapshot_bytes");
  options_.trailingEntries = config.size("trailing_entries");
  options_.maxEntryBytes = config.size("max_entry");
  options_.maxAppendBytes = config.size("max_append");
  options_.maxInflightMessages = config.size("max_inflight");
  options_.commitNewsPatience = kCommitNewsPatience;
  options_.readRoundSpacing = kReadRoundSpacing;
  options_.maxUncommittedBytes = config.size("max_uncommitted");
  if (const std::string problem = options_.problem(); !problem.empty()) throw Error(CK_INVALID, problem);
}

// What is fed while a Ready is handled comes after it.
void Driver::feed(Event event) {
  if (!running()) return;
  if (pumping_)
    events_.push_back(std::move(event));
  else
    pump(step(now(), event));
}

void Driver::wake() {
  if (running() && !pumping_) pump(step(Tick{now()}));
}

void Driver::pump(Ready first) {
  pumping_ = true;
  handle(std::move(first));
  while (!events_.empty() && !stopped_) {
    const Event event = std::move(events_.front());
    events_.pop_front();
    handle(step(event));
  }
  pumping_ = false;
  if (stopped_) return;
  if (!raft_->isSendingSnapshot()) sender_->idle();
  awaitDeadline();
}

// A broken invariant ends the node under its own name and exit code.
template <class... What>
Ready Driver::step(const What&... what) {
  try {
    return raft_->step(what...);
  } catch (const InvariantBroken& broken) {
    throw Error(CK_FATAL, broken.what());
  }
}

// Nearly every event moves the deadline away. A timer that is moved only when it would soon ring in vain
// costs less than one that is moved each time; the vain ring itself would wake the loop, which costs most.
void Driver::awaitDeadline() {
  const MonotonicTime deadline = raft_->nextDeadline();
  const bool inVain = deadline > timerAt_ && timerAt_ - now() < kSoon;
  if (timer_.running() && timerAt_ <= deadline && !inVain) return;
  timerAt_ = deadline;
  timer_.startAt(static_cast<std::uint64_t>(deadline.time_since_epoch().count()));
}

void Driver::handle(Ready ready) {
  if (ready.batch) log_->persist(ready);
  send(ready.messages);
  for (const SnapshotStep& step : ready.snapshotSteps)
    // The store writes one snapshot at a time: an own one under way is aborted by this, and nobody tells so.
    if (std::holds_alternative<BeginSnapshot>(step)) feed(SnapshotNotWritten{});
  if (!ready.snapshotSteps.empty()) receiver_->run(std::move(ready.snapshotSteps));
  for (const SnapshotRead& read : ready.snapshotReads) sender_->read(read);
  if (ready.restore) restore(*ready.restore);
  if (ready.takeSnapshot) takeSnapshot(*ready.takeSnapshot);  // of the state before these entries
  if (!ready.committed.empty()) apply(std::move(ready.committed));
  tell(ready);
}

// A lost message is repeated by the core when it matters, so a full lane only costs time.
void Driver::send(const std::vector<Message>& messages) {
  if (messages.empty()) return;
  std::vector<std::string> bytes;
  std::vector<ck_span> parts;
  std::vector<ck_message> out;
  bytes.reserve(messages.size());
  parts.reserve(messages.size());
  out.reserve(messages.size());
  for (const Message& message : messages)
    parts.push_back(span(bytes.emplace_back(wire::encodeMessage(message))));
  const std::uint64_t urgent = host_.now() + static_cast<std::uint64_t>(options_.electionTimeout.count());
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const Lane lane = laneOf(messages[i]);
    const std::uint64_t expires = lane == Lane::Control ? urgent : 0;
    out.push_back({sizeof(ck_message), laneNumber(lane), messages[i].to.value, expires, &parts[i], 1});
  }
  std::uint64_t done = 0;
  while (done < out.size()) {
    std::uint64_t accepted = 0;
    const ck_status status =
        ports_->transport->send(ports_->transportSelf, out.data() + done, out.size() - done, &accepted);
    done += accepted;
    if (done >= out.size()) break;
    if (status != CK_OK) host_.count("raft_messages_refused");
    ++done;  // that lane is full: the next message may go by another
  }
}

void Driver::apply(std::vector<Entry> committed) {
  for (Entry& entry : committed) committed_.push_back(std::move(entry));
  commitKept();
}

void Driver::commitKept() {
  if (committed_.empty()) return;
  handing_.clear();
  for (const Entry& entry : committed_)
    if (entry.isCommand()) handing_.push_back({entry.index.value, entry.term.value, span(entry.command())});
  const LogIndex last = committed_.back().index;
  if (!handing_.empty() && ports_->up->commit(ports_->cx(), handing_.data(), handing_.size()) != CK_OK)
    return;
  committed_.clear();
  feed(Applied{last});
}

void Driver::tell(const Ready& ready) {
  for (const Alarm alarm : ready.alarms) sound(alarm);
  if (ready.membersChange) tellMembers(*ready.membersChange);
  if (ready.roleChange) tellRole(*ready.roleChange);
  for (const Outcome& outcome : ready.outcomes) tellOutcome(outcome);
}

void Driver::tellRole(const RoleChange& change) {
  ports_->up->role(ports_->cx(), roleNumber(change.role), change.term.value, change.leader.value);
}

void Driver::tellMembers(const MembersChange& change) {
  std::vector<ck_member> members;
  for (const Member& m : change.configuration->members) {
    const bool votes = m.kind == MemberKind::Voter || m.outgoingVoter;
    members.push_back({sizeof(ck_member),
                       votes ? CK_MEMBER_VOTER : CK_MEMBER_LEARNER,
                       {sizeof(ck_peer), 0, m.id.value, m.endpoint.c_str(), span(m.publicKey)}});
  }
  ports_->up->members(ports_->cx(), members.data(), members.size(), change.index.value);
}

void Driver::tellOutcome(const Outcome& outcome) {
  const std::uint64_t value =
      outcome.code == OutcomeCode::NotLeader ? outcome.leader.value : outcome.index.value;
  host_.complete(outcome.handle.value, statusOf(outcome.code), value);
}

void Driver::takeSnapshot(const SnapshotMeta& meta) {
  const std::string config = configOf(meta);
  const ck_snap_meta out = toAbi(meta, config);
  ports_->up->snapshot(ports_->cx(), &out);
}

void Driver::restore(const SnapshotMeta& meta) {
  committed_.clear();  // what was not handed on is in the snapshot
  const std::string config = configOf(meta);
  const ck_snap_meta in = toAbi(meta, config);
  const ck_token token =
      ports_->expect([this, alive = std::weak_ptr(alive_), index = meta.index](StoreResult result) {
        if (alive.expired()) return;
        if (!result.ok()) throw Error(result.status, "the snapshot cannot be restored: " + result.text);
        feed(SnapshotRestored{index});
      });
  ports_->up->restore(ports_->cx(), &in, token);
}

void Driver::sound(Alarm alarm) {
  switch (alarm) {
    case Alarm::LogLostTail:
      host_.log(
          CK_LOG_ERROR, "log_lost_tail",
          {{"effect",
            "acknowledged entries are missing; neither votes nor leads until the leader has repaired it"}});
      break;
    case Alarm::MadeWhole: host_.log(CK_LOG_INFO, "log_made_whole"); break;
    case Alarm::StoreFull:
      host_.log(CK_LOG_ERROR, "disk_full", {{"effect", "writes are refused; leadership is handed over"}});
      break;
    case Alarm::QuorumLost:
      host_.log(CK_LOG_WARN, "quorum_lost",
                {{"effect", "stepped down; writes are refused until a majority answers"}});
      break;
    case Alarm::SnapshotRefused:
      host_.log(CK_LOG_ERROR, "snapshot_refused",
                {{"effect",
                  "a member got this node's snapshot whole and refused it; a newer one is written. When this "
                  "comes again, look at the disks of both"}});
      break;
    case Alarm::RemovedFromCluster:
      host_.log(CK_LOG_WARN, "removed_from_cluster", {{"effect", "this node takes no part any more"}});
      break;
  }
}

}  // namespace clusterkit::raft

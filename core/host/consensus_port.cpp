#include "host/consensus_port.hpp"

#include <algorithm>
#include <utility>

#include "host/consensus_meters.hpp"
#include "host/consensus_upcalls.hpp"
#include "host/plugin_call.hpp"

namespace clusterkit {

namespace {
constexpr std::size_t maxCommandsPerCall = 1024;
constexpr std::uint64_t usualMembers = 16;
constexpr std::uint64_t maxMembers = 4096;

std::optional<MonotonicTime> timeOrNever(std::uint64_t ns) {
  if (ns == 0) return std::nullopt;
  return MonotonicTime(Duration(static_cast<std::int64_t>(ns)));
}

MemberProgress progressOf(const ck_progress& p) {
  return {MemberId(p.member),      static_cast<MemberKind>(p.kind),
          LogIndex(p.match_index), timeOrNever(p.last_contact),
          p.active != 0,           p.snapshotting != 0};
}

ConsensusStatus statusOf(const ck_consensus_status& raw) {
  ConsensusStatus out;
  out.role = static_cast<Role>(raw.role);
  out.epoch = Epoch(raw.epoch);
  out.leader = MemberId(raw.leader);
  out.commitIndex = LogIndex(raw.commit_index);
  out.appliedIndex = LogIndex(raw.applied_index);
  out.lastIndex = LogIndex(raw.last_index);
  out.durableIndex = LogIndex(raw.durable_index);
  out.firstIndex = LogIndex(raw.first_index);
  out.snapshotIndex = LogIndex(raw.snapshot_index);
  out.configIndex = LogIndex(raw.config_index);
  out.lastTerm = raw.last_term;
  out.electedAt = timeOrNever(raw.elected_at);
  out.contactAt = timeOrNever(raw.contact_at);
  out.memberCount = raw.member_count;
  out.voterCount = raw.voter_count;
  return out;
}

}  // namespace

ConsensusPort::ConsensusPort(const ck_component& component, const ck_config& config, HostParts parts,
                             StorePort& store, TransportPort& transport, ConsensusListener& listener,
                             HostServices::FatalHandler onFatal, Broken onBroken)
    : parts_(parts),
      store_(store),
      transport_(transport),
      listener_(listener),
      onBroken_(std::move(onBroken)),
      needs_(component.flags),
      host_(std::make_unique<HostServices>(nameOf(component, config), parts, std::move(onFatal))) {
  host_->offer(CK_CONSENSUS_HOST, &ConsensusUpcalls::table, this);
  instance_ = std::make_unique<PluginInstance>(component, config, *host_, parts_.log);
  table_ = static_cast<const ck_consensus_1*>(instance_->table(CK_CONSENSUS_KIND, sizeof(ck_consensus_1)));
  self_ = instance_->self();
  meters_ = std::make_unique<ConsensusMeters>(*host_, parts_);
  store_.attach(*this, host_->name());
  transport_.attach(*this, host_->name());
}

ConsensusPort::~ConsensusPort() {
  store_.detach();
  transport_.detach();
  const bool idle = phase_ == Phase::Created || phase_ == Phase::StartFailed || phase_ == Phase::Stopped;
  if (!idle) instance_->abandon();
}

void ConsensusPort::start(const ClusterBoot& boot, const StoreImage& image) {
  const ck_store_image abiImage = image.abi();
  ck_cluster_boot abi{};
  abi.size = sizeof abi;
  abi.kind = static_cast<std::uint32_t>(boot.kind);
  abi.cluster = boot.cluster.value;
  abi.local = toAbi(boot.local);
  abi.image_in = &abiImage;
  ck_error error = makeError(CK_OK, "");
  ck_status status = CK_OK;
  phase_ = Phase::Running;  // upcalls may come inside start
  {
    PluginCall call(meters_->start);
    status = table_->start(self_, &abi, &error);
  }
  if (status == CK_OK) return;
  phase_ = Phase::StartFailed;
  parts_.tokens.cancelAll(host_->name());
  throw PluginError(host_->name(), "start", toStatus(status), textOf(error));
}

void ConsensusPort::stop(CallHandler done) {
  phase_ = Phase::Stopping;
  const ck_token token = parts_.tokens.issue({&host_->name(), Status::Unavailable},
                                             [this, done = std::move(done)](CallOutcome outcome) mutable {
                                               if (outcome.ok()) phase_ = Phase::Stopped;
                                               parts_.tokens.cancelAll(host_->name());
                                               done(std::move(outcome));
                                             });
  if (token == 0) return;
  PluginCall call(meters_->stop);
  table_->stop(self_, token);
}

void ConsensusPort::propose(std::string command, CallHandler done) {
  if (gathered_.commands.empty())
    parts_.loop.atTurnEnd([this, alive = lifetime_.watch()] {
      if (!alive.expired()) flushProposals();
    });
  gathered_.commands.push_back(std::move(command));
  gathered_.handlers.push_back(std::move(done));
}

void ConsensusPort::flushProposals() {
  std::swap(gathered_, crossing_);  // both keep their capacity
  const std::span<std::string> commands(crossing_.commands);
  const std::span<CallHandler> handlers(crossing_.handlers);
  for (std::size_t at = 0; at < commands.size(); at += maxCommandsPerCall) {
    const std::size_t count = std::min(maxCommandsPerCall, commands.size() - at);
    handOver(commands.subspan(at, count), handlers.subspan(at, count));
  }
  crossing_.commands.clear();
  crossing_.handlers.clear();
}

void ConsensusPort::handOver(std::span<std::string> commands, std::span<CallHandler> handlers) {
  if (!usable()) {
    for (CallHandler& handler : handlers)
      parts_.tokens.answerLater(std::move(handler),
                                failed(Status::Unavailable, "the consensus does not run"));
    return;
  }
  const ck_token first = parts_.tokens.issueRange({&host_->name(), Status::Unknown}, handlers);
  if (first == 0) return;
  spans_.clear();
  for (const std::string& command : commands) spans_.push_back(span(command));
  PluginCall call(meters_->propose);
  table_->propose(self_, spans_.data(), spans_.size(), first);
}

ck_token ConsensusPort::issue(CallHandler done, Status ifLost) {
  if (usable()) return parts_.tokens.issue({&host_->name(), ifLost}, std::move(done));
  parts_.tokens.answerLater(std::move(done), failed(Status::Unavailable, "the consensus does not run"));
  return 0;
}

void ConsensusPort::barrier(CallHandler done) {
  const ck_token token = issue(std::move(done), Status::Unavailable);
  if (token == 0) return;
  PluginCall call(meters_->barrier);
  table_->barrier(self_, token);
}

void ConsensusPort::changeMembers(const MemberChange& change, CallHandler done) {
  const ck_token token = issue(std::move(done), Status::Unknown);
  if (token == 0) return;
  ck_member_change abi{};
  abi.size = sizeof abi;
  abi.kind = static_cast<std::uint32_t>(change.kind);
  abi.peer = toAbi(change.peer);
  PluginCall call(meters_->changeMembers);
  table_->change_members(self_, &abi, token);
}

void ConsensusPort::stepDown(MemberId to, CallHandler done) {
  const ck_token token = issue(std::move(done), Status::Unknown);
  if (token == 0) return;
  PluginCall call(meters_->stepDown);
  table_->step_down(self_, to.value, token);
}

void ConsensusPort::applied(LogIndex index) {
  if (!usable()) return;
  PluginCall call(meters_->applied);
  table_->applied(self_, index.value);
}

void ConsensusPort::compact(const SnapshotMeta& meta) {
  if (!usable()) return;
  const ck_snap_meta abi = meta.abi();
  PluginCall call(meters_->compact);
  table_->compact(self_, &abi);
}

Result<ConsensusStatus> ConsensusPort::status() {
  if (!usable()) return Failure{Status::Unavailable, "the consensus does not run"};
  std::vector<ck_progress> progress(usualMembers);
  for (;;) {
    ck_consensus_status raw{};
    raw.size = sizeof raw;
    raw.progress_out = progress.data();
    raw.progress_capacity = progress.size();
    ck_status status = CK_OK;
    {
      PluginCall call(meters_->status);
      status = table_->status(self_, &raw);
    }
    if (status != CK_OK) return Failure{toStatus(status), "the consensus tells no status"};
    if (raw.progress_count > progress.size() && progress.size() < maxMembers) {
      progress.resize(std::min(raw.progress_count, maxMembers));
      continue;
    }
    ConsensusStatus out = statusOf(raw);
    const std::size_t count = std::min<std::size_t>(raw.progress_count, progress.size());
    for (std::size_t i = 0; i < count; ++i) out.progress.push_back(progressOf(progress[i]));
    return out;
  }
}

void ConsensusPort::poison() {
  failed_ = true;
  parts_.tokens.cancelAll(host_->name());
}

void ConsensusPort::durable(std::uint64_t upto, const ck_error* errorOrNull) {
  if (!alive()) return;
  PluginCall call(meters_->onDurable);
  table_->on_durable(self_, upto, errorOrNull);
}

void ConsensusPort::writable() {
  if (!alive()) return;
  PluginCall call(meters_->onWritable);
  table_->on_store_writable(self_);
}

void ConsensusPort::message(MemberId from, Lane lane, Buffer message) {
  if (!alive()) return;
  ck_buf passed = message.release();
  PluginCall call(meters_->onMessage);
  table_->on_message(self_, from.value, static_cast<std::uint32_t>(lane), &passed);
}

void ConsensusPort::peer(MemberId member, bool up) {
  if (!alive()) return;
  PluginCall call(meters_->onPeer);
  table_->on_peer(self_, member.value, up ? 1 : 0);
}

void ConsensusPort::writable(MemberId member, Lane lane) {
  if (!alive()) return;
  PluginCall call(meters_->onWritable);
  table_->on_transport_writable(self_, member.value, static_cast<std::uint32_t>(lane));
}

}  // namespace clusterkit

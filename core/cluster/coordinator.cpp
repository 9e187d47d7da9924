#include "cluster/coordinator.hpp"

#include <utility>

#include "cluster/command_codec.hpp"

namespace clusterkit {
namespace {

std::unique_ptr<const std::shared_ptr<const Membership>> shared(Membership membership) {
  return std::make_unique<const std::shared_ptr<const Membership>>(
      std::make_shared<const Membership>(std::move(membership)));
}

}  // namespace

Coordinator::Coordinator(EventLoop& loop, Log& log, Fatal fatal)
    : loop_(loop),
      log_(log),
      fatal_(std::move(fatal)),
      published_(std::make_unique<const ClusterState>()),
      membership_(shared(Membership())) {}

Coordinator::~Coordinator() = default;

void Coordinator::attach(PluginStack& stack, MemberId self, std::uint64_t boot) {
  stack_ = &stack;
  self_ = self;
  boot_ = boot;
  peers_ = std::make_unique<PeerLink>(stack.transport(), log_);
  writes_ = std::make_unique<WritePath>(loop_, stack.consensus(), *peers_, WritePath::Self{self, boot});
  reads_ = std::make_unique<ReadPath>(loop_, stack.consensus());
  snapshots_ = std::make_unique<Snapshotter>(loop_, stack.store(), stack.consensus(), log_);
}

void Coordinator::stop() {
  if (writes_) writes_->stop();
}

bool Coordinator::commit(std::span<const Committed> entries) {
  if (broken_) return false;
  StateBuilder builder(current_);
  for (const Committed& entry : entries)
    if (!applyOne(builder, entry)) return false;
  current_ = builder.state();
  publish(builder.takeEvents());
  for (const Resolved& r : resolved_) writes_->applied(r.origin, r.outcome);
  resolved_.clear();
  writes_->committed(entries.back().epoch);
  return true;
}

// A command that cannot be understood stops the node at that entry: to skip it would let the states part.
bool Coordinator::applyOne(StateBuilder& builder, const Committed& entry) {
  auto decoded = decodeCommand(entry.command);
  if (const auto* error = std::get_if<CommandError>(&decoded)) {
    broken_ = true;
    resolved_.clear();
    log_.error("command_not_understood", {{"index", entry.index}, {"reason", error->message}});
    fatal_("the log holds a command at index " + std::to_string(entry.index.value) +
           " that this version does not understand: " + error->message);
    return false;
  }
  const Command& command = std::get<Command>(decoded);
  Outcome outcome = builder.apply(entry.index, entry.epoch, command);
  if (command.origin.member == self_) resolved_.push_back({command.origin, std::move(outcome)});
  return true;
}

void Coordinator::publish(std::span<const std::shared_ptr<const ClusterEvent>> events) {
  published_.publish(std::make_unique<const ClusterState>(current_));
  recent_.add(current_);
  for (ClusterObserver* observer : observers_) observer->onState(current_, events);
}

void Coordinator::role(Role role, Epoch epoch, MemberId leader) {
  auto next = std::make_unique<Membership>(*membership());
  if (leader && (leader != next->leader || epoch != next->epoch)) next->leaderSince = loop_.wall();
  next->role = role;
  next->epoch = epoch;
  next->leader = leader;
  membership_.publish(shared(std::move(*next)));
  log_.info("role", {{"role", name(role)}, {"term", epoch}, {"leader", current_.nodeIdOf(leader)}});
  writes_->roleChanged(role, epoch, leader);
  for (ClusterObserver* observer : observers_) observer->onRole(role, epoch, leader);
}

void Coordinator::members(std::span<const Member> members, LogIndex index) {
  auto next = std::make_unique<Membership>(*membership());
  next->members.assign(members.begin(), members.end());
  next->configIndex = index;
  membership_.publish(shared(std::move(*next)));
  for (ClusterObserver* observer : observers_) observer->onMembers(members, index);
}

void Coordinator::snapshot(const SnapshotMeta& meta) { snapshots_->write(meta, current_); }

void Coordinator::restore(const SnapshotMeta& meta, Restored restored) {
  snapshots_->read(
      [this, index = meta.index, restored = std::move(restored)](Result<ClusterState> state) mutable {
        CallOutcome outcome;
        if (!state) {
          broken_ = true;
          outcome.status = state.failure().status;
          outcome.text = state.failure().text;
          restored(std::move(outcome));
          fatal_("the snapshot at index " + std::to_string(index.value) +
                 " cannot be used: " + state.failure().text);
          return;
        }
        current_ = std::move(state.value());
        recent_.clear();
        writes_->stateReplaced();
        publish({});
        log_.info("snapshot_restored", {{"index", index}, {"nodes", current_.nodes.size()}});
        restored(std::move(outcome));
      });
}

}  // namespace clusterkit

#include "controller/announcer.hpp"

#include <utility>

#include "cluster/command_codec.hpp"

namespace clusterkit {
namespace {

using namespace std::chrono_literals;

constexpr Duration kAskFor = 5s;
constexpr Duration kRetry = 500ms;

}  // namespace

Announcer::Announcer(EventLoop& loop, Coordinator& coordinator, LeaderGate& gate, Log& log, NodeSpec self)
    : loop_(loop), coordinator_(coordinator), gate_(gate), log_(log), self_(std::move(self)) {
  coordinator_.addObserver(*this);
}

Announcer::~Announcer() {
  if (retry_) loop_.cancel(retry_);
}

void Announcer::onState(const ClusterState&, Events) {
  if (!announced_) look();
}

void Announcer::onRole(Role, Epoch, MemberId) {
  if (!announced_) look();
}

void Announcer::look() {
  const ClusterState& state = coordinator_.current();
  const NodeRecord* record = state.findNode(self_.member);
  if (record != nullptr && record->spec.boot == self_.boot) {
    announced_ = true;  // joined in this run, or announced already
    return;
  }
  // Before the log has been replayed the record may be missing; a removed node has nothing to announce.
  if (asking_ || retry_ || record == nullptr || !coordinator_.membership()->leader) return;
  asking_ = true;
  proto::Duty duty;
  Command command;
  command.origin = {self_.member, 0, 1};  // the leader proposes it as its own
  command.body = RejoinNode{self_, {}};
  duty.mutable_announce()->set_command(encodeCommand(command));
  loop_.post(
      [this, alive = lifetime_.watch(), duty = std::make_unique<proto::Duty>(std::move(duty))]() mutable {
        if (alive.expired()) return;
        gate_.ask(std::move(*duty), loop_.now() + kAskFor, [this, alive](Result<proto::DutyResult> result) {
          if (!alive.expired()) answered(result);
        });
      });
}

void Announcer::answered(const Result<proto::DutyResult>& result) {
  asking_ = false;
  if (!result) log_.debug("announcement_not_taken", {{"reason", result.failure().text}});
  retry_ = loop_.timerAfter(kRetry, [this] {
    retry_ = {};
    if (!announced_) look();
  });
}

}  // namespace clusterkit

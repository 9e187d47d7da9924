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

void Announcer::onState(const ClusterState&, Events) { look(); }

void Announcer::onRole(Role, Epoch, MemberId) { look(); }

// For as long as it runs: a request to join that an earlier run has sent may come late and be taken. What
// seems to be a later run, of a folder that was restored or copied, is answered once, not for ever.
void Announcer::look() {
  if (asking_ || retry_) return;
  const NodeRecord* record = coordinator_.current().findNode(self_.member);
  // Before the log has been replayed the record may be missing; a removed node has nothing to announce.
  if (record == nullptr || record->spec.boot == self_.boot || !coordinator_.membership()->leader) return;
  if (record->spec.boot > self_.boot && taken_) return;
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
  taken_ = taken_ || bool(result);
  if (!result) log_.debug("announcement_not_taken", {{"reason", result.failure().text}});
  retry_ = loop_.timerAfter(kRetry, [this] {
    retry_ = {};
    look();
  });
}

}  // namespace clusterkit

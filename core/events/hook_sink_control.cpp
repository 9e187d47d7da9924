// What an operator can do with a hook sink while it runs.
#include <utility>

#include "events/hook_sink.hpp"

namespace clusterkit {

void HookSink::pause(Answered answered) {
  change([](SinkCursor& cursor) { cursor.paused = true; }, std::move(answered));
}

void HookSink::resume(Answered answered) {
  change([](SinkCursor& cursor) { cursor.paused = false; }, std::move(answered));
}

void HookSink::replay(EventSeq seq, Answered answered) {
  change(
      [seq](SinkCursor& cursor) {
        cursor = {seq, {}, cursor.paused, cursor.generation};
      },
      std::move(answered));
}

void HookSink::change(const Edit& edit, Answered answered) {
  switch (phase_) {
    case Phase::Standby: return changeElsewhere(edit, std::move(answered));
    case Phase::Running: break;
    case Phase::Loading:
    case Phase::WaitingForStart:
    case Phase::Stopped:
    case Phase::Failed:
      parts_.loop.post([answered = std::move(answered), state = status().state]() mutable {
        answered(Failure{Status::Conflict, "the sink is " + state});
      });
      return;
  }
  const SinkCursor before = cursor();
  SinkCursor wanted = before;
  edit(wanted);
  if (wanted.delivered != before.delivered) schedule_.moveTo(wanted);
  paused_ = wanted.paused;
  control_ = true;  // several that come while a save is under way are one step
  waiting_.push_back(std::move(answered));
  save();
  pump();
}

// Another node delivers: what it is to do is written where it looks.
void HookSink::changeElsewhere(const Edit& edit, Answered answered) {
  cursors_->load([this, alive = lifetime_.watch(), edit,
                  answered = std::move(answered)](Result<std::optional<SinkCursor>> found) mutable {
    if (alive.expired()) return answered(Failure{Status::Unavailable, "the node stops"});
    if (!found) return answered(found.failure());
    if (!found.value()) return answered(Failure{Status::Conflict, "the sink has not started yet"});
    SinkCursor wanted = *found.value();
    edit(wanted);
    ++wanted.generation;
    cursors_->save(wanted, CursorChange::Control,
                   [this, alive, answered = std::move(answered)](CallOutcome outcome) mutable {
                     if (!alive.expired() && outcome.ok()) return answered(status());
                     answered(Failure{outcome.status, outcome.text});
                   });
  });
}

SinkStatus HookSink::status() const {
  SinkStatus out;
  out.name = rules_.name;
  switch (phase_) {
    case Phase::Standby: out.state = "standby"; break;
    case Phase::Loading:
    case Phase::WaitingForStart: out.state = "starting"; break;
    case Phase::Running: out.state = paused_ ? "paused" : "running"; break;
    case Phase::Stopped: out.state = "stopped"; break;
    case Phase::Failed: out.state = "failed"; break;
  }
  for (const auto& [id, delivery] : underWay_)
    if (phase_ == Phase::Running && isStuck(delivery)) out.state = "stuck";
  out.delivered = schedule_.delivered();
  if (state_ != nullptr) out.newest = EventSeq(state_->nextEvent.value - 1);
  out.underWay = underWay_.size();
  out.attempts = schedule_.headAttempts();
  out.deliveredTotal = delivered_;
  out.retriesTotal = retries_;
  out.deadLettersTotal = given_;
  out.lastError = lastError_;
  return out;
}

}  // namespace clusterkit

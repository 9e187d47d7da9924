#include "events/hook_sink.hpp"

#include <algorithm>
#include <utility>

#include "cluster/planted.hpp"

namespace clusterkit {
namespace {

using namespace std::chrono_literals;

constexpr Duration kStuckAfter = 1s;            // past the deadline of a delivery
constexpr Duration kBusyPause = 100ms;          // before a sink that takes no more is asked again
constexpr Duration kSaveRetry = 1s;             // of a cursor that could not be saved
constexpr std::uint64_t kSkippedPerSave = 256;  // events that the filter held back

// Attempts that are worth a line: the first ones, then ever fewer.
bool isPowerOfTwo(std::uint32_t n) { return (n & (n - 1)) == 0; }

}  // namespace

HookSink::HookSink(SinkRules rules, Parts parts, std::unique_ptr<SinkPort> port,
                   std::unique_ptr<CursorStore> cursors, NodeRun self)
    : rules_(std::move(rules)),
      parts_(std::move(parts)),
      port_(std::move(port)),
      cursors_(std::move(cursors)),
      self_(self),
      meters_(parts_.metrics, rules_.name),
      schedule_(rules_.delivery) {
  port_->start();
}

HookSink::~HookSink() {
  if (waking_) parts_.loop.cancel(waking_);
  if (stuckTimer_) parts_.loop.cancel(stuckTimer_);
}

void HookSink::onState(const ClusterState& state) {
  state_ = &state;
  if (phase_ == Phase::WaitingForStart) awaitStart();
  if (phase_ == Phase::Running)
    if (const auto foreign = cursors_->setByOthers(generation_)) adopt(*foreign);
  pump();
}

void HookSink::setActive(bool active) {
  if (phase_ == Phase::Stopped || phase_ == Phase::Failed) return;
  if (active == (phase_ != Phase::Standby)) return;
  if (active) return load();
  adopt({});
  phase_ = Phase::Standby;
}

void HookSink::load() {
  phase_ = Phase::Loading;
  cursors_->load([this, alive = lifetime_.watch()](Result<std::optional<SinkCursor>> cursor) {
    if (alive.expired()) return;
    if (phase_ == Phase::Loading) loaded(std::move(cursor));
    tellLoaded();
  });
}

void HookSink::whenLoaded(Answered answered) {
  loading_.push_back(std::move(answered));
  if (phase_ != Phase::Loading) tellLoaded();
}

void HookSink::tellLoaded() {
  for (Answered& answer : std::exchange(loading_, {})) answer(status());
}

void HookSink::loaded(Result<std::optional<SinkCursor>> cursor) {
  if (!cursor) return fail(cursor.failure().text);
  if (cursor.value()) return begin(*cursor.value());
  phase_ = Phase::WaitingForStart;
  awaitStart();
}

void HookSink::begin(const SinkCursor& cursor) {
  phase_ = Phase::Running;
  adopt(cursor);
  parts_.log.info("sink_started",
                  {{"sink", rules_.name}, {"after", cursor.delivered}, {"paused", cursor.paused}});
  pump();
}

void HookSink::adopt(const SinkCursor& cursor) {
  paused_ = cursor.paused;
  generation_ = cursor.generation;
  schedule_.moveTo(cursor);
  savedUpTo_ = cursor.delivered;
  unsaved_ = 0;
  dirty_ = control_ = false;
  ++course_;
  for (Answered& answer : std::exchange(waiting_, {}))
    answer(Failure{Status::Conflict, "the sink's cursor was changed meanwhile"});
}

void HookSink::awaitStart() {
  if (state_ == nullptr || !state_->exists()) return;
  const auto start = ownStart();
  if (!start) return;
  begin({EventSeq(start->value - 1), {}, false, 0});
  save();
}

// The event that tells of this run of this node; when it is kept no more, the oldest that is.
std::optional<EventSeq> HookSink::ownStart() const {
  if (rules_.start == SinkStart::Oldest) return state_->oldestEvent();
  for (EventSeq seq = state_->oldestEvent(); seq < state_->nextEvent; seq = EventSeq(seq.value + 1)) {
    const ClusterEvent& event = *state_->findEvent(seq);
    const auto* join = std::get_if<NodeJoin>(&event.body);
    const auto* rejoin = std::get_if<NodeRejoin>(&event.body);
    const NodeRecord* node = join != nullptr     ? join->node.get()
                             : rejoin != nullptr ? rejoin->node.get()
                                                 : nullptr;
    if (node != nullptr && self_.of(node->spec)) return event.seq;
  }
  for (const auto& entry : state_->nodes)
    if (self_.of(entry.value->spec)) return state_->oldestEvent();
  return std::nullopt;
}

void HookSink::pump() {
  if (phase_ != Phase::Running || paused_ || state_ == nullptr) return;
  const std::size_t limit = rules_.delivery.concurrency;
  const std::size_t unsaved = planted(StateDefect::UnsavedDeliveriesUnbounded) ? 0 : unsaved_;
  const std::size_t room = limit - std::min(limit, unsaved + schedule_.running());
  for (Delivery& delivery : schedule_.next(*state_, parts_.loop.now(), room)) deliver(std::move(delivery));
  // What is due already waits for an answer or a cursor, not for a time.
  if (const MonotonicTime wake = schedule_.nextWake(); wake > parts_.loop.now()) wakeAt(wake);
  const EventSeq upTo = schedule_.delivered();
  if (upTo.value >= savedUpTo_.value + kSkippedPerSave) save();
  const std::uint64_t newest = state_->nextEvent.value - 1;
  meters_.lag.set(static_cast<double>(newest - std::min(newest, upTo.value)));
}

void HookSink::deliver(Delivery delivery) {
  const MonotonicTime now = parts_.loop.now();
  const MonotonicTime deadline = now + rules_.timeout;
  underWay_.emplace(delivery.id, UnderWay{delivery.event, delivery.attempt, deadline});
  watchDeadlines();
  auto line = parts_.line(*delivery.event);
  port_->deliver({delivery.event, std::move(line), delivery.attempt, deadline},
                 [this, alive = lifetime_.watch(), id = delivery.id, now](SinkAnswer answer) {
                   if (alive.expired()) return;
                   meters_.seconds.observe(std::chrono::duration<double>(parts_.loop.now() - now).count());
                   answered(id, std::move(answer));
                 });
}

void HookSink::answered(DeliveryId id, SinkAnswer answer) {
  const UnderWay was = underWay_.extract(id).mapped();
  if (answer.status == Status::Ok) return done(id);
  // What did not end well while the node stops, or after it has stepped down, is not over: it is delivered
  // again by the next run, or by the next leader.
  if (phase_ != Phase::Running) return schedule_.retry(id, parts_.loop.now(), {});
  if (answer.status == Status::Again) {
    schedule_.putBack(id, parts_.loop.now(), kBusyPause);
    return pump();
  }
  lastError_ = answer.text.empty() ? std::string(clusterkit::name(answer.status)) : answer.text;
  const bool hopeless = !answer.mayRetry();
  if (hopeless ||
      schedule_.fail(id, parts_.loop.now(), answer.retryAfter) == DeliverySchedule::Fate::GivenUp) {
    underWay_.emplace(id, was);
    return giveUp(id, answer);
  }
  ++retries_;
  meters_.retries.add(1);
  if (isPowerOfTwo(was.attempt))
    parts_.log.warn("sink_retry", {{"sink", rules_.name},
                                   {"seq", was.event->seq},
                                   {"type", eventType(was.event->body)},
                                   {"attempt", was.attempt},
                                   {"reason", lastError_}});
  pump();
}

void HookSink::giveUp(DeliveryId id, const SinkAnswer& answer) {
  const UnderWay was = underWay_.extract(id).mapped();
  ++given_;
  meters_.deadLetters.add(1);
  parts_.log.error("sink_gave_up", {{"sink", rules_.name},
                                    {"seq", was.event->seq},
                                    {"type", eventType(was.event->body)},
                                    {"attempts", was.attempt},
                                    {"reason", lastError_},
                                    {"kept", rules_.deadLetter}});
  if (!rules_.deadLetter) return done(id);
  parts_.deadLetters.keep(
      {rules_.name, was.event, parts_.line(*was.event), was.attempt, answer.text, parts_.loop.wall()},
      [this, alive = lifetime_.watch(), id](SinkAnswer kept) {
        if (alive.expired() || planted(StateDefect::DeadLetterNotAwaited)) return;
        if (kept.status == Status::Ok) return done(id);
        parts_.log.error("dead_letter_not_kept", {{"sink", rules_.name}, {"reason", kept.text}});
        schedule_.retry(id, parts_.loop.now(), kSaveRetry);
        pump();
      });
  if (planted(StateDefect::DeadLetterNotAwaited)) done(id);
}

void HookSink::done(DeliveryId id) {
  if (schedule_.finish(id)) {
    ++delivered_;
    ++unsaved_;
    meters_.delivered.add(1);
    save();
  }
  if (underWay_.empty()) lastError_.clear();
  pump();
}

bool HookSink::isStuck(const UnderWay& delivery) const {
  return parts_.loop.now() >= delivery.deadline + kStuckAfter;
}

void HookSink::watchDeadlines() {
  if (stuckTimer_) return;
  auto first = MonotonicTime::max();
  for (const auto& [id, delivery] : underWay_)
    if (!delivery.reported) first = std::min(first, delivery.deadline);
  if (first == MonotonicTime::max()) return;
  stuckTimer_ = parts_.loop.timerAt(first + kStuckAfter, [this] {
    stuckTimer_ = {};
    reportStuck();
    watchDeadlines();
  });
}

void HookSink::reportStuck() {
  for (auto& [id, delivery] : underWay_) {
    if (delivery.reported || !isStuck(delivery)) continue;
    delivery.reported = true;
    parts_.log.error("sink_stuck", {{"sink", rules_.name},
                                    {"seq", delivery.event->seq},
                                    {"type", eventType(delivery.event->body)},
                                    {"effect", "its further events wait; other sinks and the node do not"}});
  }
}

SinkCursor HookSink::cursor() const {
  SinkCursor out = schedule_.cursor();
  out.paused = paused_;
  out.generation = generation_;
  return out;
}

void HookSink::save() {
  dirty_ = true;
  if (saving_ || (phase_ != Phase::Running && phase_ != Phase::Stopped)) return;
  saving_ = true;
  dirty_ = false;
  const bool control = std::exchange(control_, false);
  Save save{cursor(), control ? CursorChange::Control : CursorChange::Progress, unsaved_, course_};
  if (control) ++save.cursor.generation;
  savedUpTo_ = save.cursor.delivered;
  cursors_->save(save.cursor, save.change,
                 [this, alive = lifetime_.watch(), save,
                  waiting = std::exchange(waiting_, {})](CallOutcome outcome) mutable {
                   if (!alive.expired()) saved(save, outcome, std::move(waiting));
                 });
}

void HookSink::saved(const Save& save, const CallOutcome& outcome, std::vector<Answered> answered) {
  saving_ = false;
  const bool current = save.course == course_;
  if (outcome.ok() && current) {
    generation_ = save.cursor.generation;
    unsaved_ -= std::min(unsaved_, save.covered);
  }
  for (Answered& answer : answered) {
    if (outcome.ok())
      answer(status());
    else
      answer(Failure{outcome.status, outcome.text});
  }
  if (!outcome.ok() && current && phase_ == Phase::Running) {
    parts_.log.warn("sink_cursor_not_saved", {{"sink", rules_.name}, {"reason", outcome.text}});
    // What an operator was refused must not be in force, and what others have set must be.
    if (save.change == CursorChange::Control || outcome.status == Status::Conflict) return reload();
    dirty_ = true;
    wakeAt(parts_.loop.now() + kSaveRetry);
  } else if (dirty_) {
    this->save();
  }
  pump();
  if (!saving_) endStop();
}

void HookSink::reload() {
  cursors_->load(
      [this, alive = lifetime_.watch(), course = course_](Result<std::optional<SinkCursor>> cursor) {
        if (alive.expired() || phase_ != Phase::Running || course != course_) return;
        if (!cursor) return fail(cursor.failure().text);
        if (cursor.value()) adopt(*cursor.value());
        pump();
      });
}

void HookSink::wakeAt(MonotonicTime when) {
  if (when == MonotonicTime::max() || (waking_ && wakingAt_ <= when)) return;
  if (waking_) parts_.loop.cancel(waking_);
  wakingAt_ = when;
  waking_ = parts_.loop.timerAt(when, [this] {
    waking_ = {};
    if (dirty_) save();
    pump();
  });
}

void HookSink::fail(const std::string& reason) {
  if (phase_ == Phase::Stopped || phase_ == Phase::Failed) return;
  phase_ = Phase::Failed;
  lastError_ = reason;
  parts_.log.error("sink_failed",
                   {{"sink", rules_.name},
                    {"reason", reason},
                    {"effect", "it gets no more events until it is reloaded or the node is started again"}});
}

// What ends well meanwhile is still written down, as far as the time goes.
void HookSink::stop(MonotonicTime deadline, Task done) {
  if (std::exchange(stopping_, true)) return parts_.loop.post(std::move(done));
  if (phase_ != Phase::Failed) phase_ = Phase::Stopped;
  port_->stop(deadline, [this, alive = lifetime_.watch(), deadline, d = std::move(done)]() mutable {
    if (alive.expired() || !saving_) return d();
    stopped_ = std::move(d);
    parts_.loop.timerAt(deadline, [this, alive] {
      if (!alive.expired()) endStop();
    });
  });
}

std::unique_ptr<SinkPort> HookSink::releasePort() {
  port_->leaveLoop();
  return std::move(port_);
}

void HookSink::endStop() {
  if (stopped_) std::exchange(stopped_, nullptr)();
}

}  // namespace clusterkit

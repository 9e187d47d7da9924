#include "simulation/sinks.hpp"

#include "events/local_cursor.hpp"
#include "events/replicated_cursor.hpp"

namespace clusterkit::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration kCalmAnswer = 1ms;
constexpr Duration kLateMost = 3s;  // after its time is over: long enough to be called stuck

class SimSink final : public SinkPort {
 public:
  SimSink(const SinkParts& parts, const SinkPlan& plan) : parts_(parts), plan_(plan) {}

  void deliver(OutgoingEvent event, Answered answered) override {
    if (!parts_.power.spend()) return;  // nobody will ever hear of it
    parts_.witness.sinkTold(parts_.member, plan_.rules, *event.event);
    SinkAnswer answer = someAnswer();
    parts_.loop.timerAfter(someTime(), [this, event = std::move(event), answer = std::move(answer),
                                        answered = std::move(answered)]() mutable {
      if (!parts_.power.isOn()) return;
      if (isOver(answer, event.attempt)) parts_.witness.sinkDone(parts_.member, plan_.rules, *event.event);
      answered(std::move(answer));
    });
  }
  void stop(MonotonicTime, Task done) override { parts_.loop.post(std::move(done)); }

 private:
  SinkAnswer someAnswer() {
    SinkAnswer answer;
    if (parts_.calm || !parts_.dice.chance(plan_.failPercent)) return answer;
    static const std::vector<Status> failures{Status::Retry, Status::Timeout, Status::Cancelled,
                                              Status::Unavailable, Status::Again};
    answer.status = plan_.rules.delivery.maxAttempts != 0 && parts_.dice.oneIn(8)
                        ? Status::Invalid
                        : parts_.dice.pick(failures);
    answer.text = "as the simulation wants it";
    if (parts_.dice.oneIn(4)) answer.retryAfter = parts_.dice.between(Duration(0ms), Duration(500ms));
    return answer;
  }

  Duration someTime() {
    if (parts_.calm) return kCalmAnswer;
    const Duration usual = parts_.dice.between(Duration(0ms), plan_.answerMax);
    return parts_.dice.chance(plan_.latePercent)
               ? plan_.rules.timeout + parts_.dice.between(Duration(0ms), Duration(kLateMost))
               : usual;
  }

  // As the schedule decides: acknowledged, or given up. What is kept as a dead letter is over once it is
  // kept.
  bool isOver(const SinkAnswer& answer, std::uint32_t attempt) const {
    if (answer.status == Status::Ok) return true;
    if (plan_.rules.deadLetter) return false;
    if (!answer.mayRetry()) return true;
    const std::uint32_t most = plan_.rules.delivery.maxAttempts;
    return most != 0 && attempt >= most && answer.status != Status::Again;
  }

  const SinkParts parts_;
  const SinkPlan& plan_;
};

// A node's own cursor, seen by the invariants.
class WatchedCursor final : public CursorStore {
 public:
  WatchedCursor(const SinkParts& parts, const SinkRules& sink, StorePort& store)
      : parts_(parts), sink_(sink), cursor_(store, sink.name) {}

  void load(Loaded loaded) override {
    cursor_.load([this, loaded = std::move(loaded)](Result<std::optional<SinkCursor>> cursor) mutable {
      if (cursor && parts_.power.isOn()) parts_.witness.sinkLoaded(parts_.member, sink_, cursor.value());
      loaded(std::move(cursor));
    });
  }
  void save(const SinkCursor& cursor, CursorChange change, CallHandler done) override {
    if (parts_.power.isOn()) parts_.witness.sinkSaving(parts_.member, sink_, cursor);
    cursor_.save(cursor, change, [this, cursor, done = std::move(done)](CallOutcome outcome) mutable {
      if (outcome.ok() && parts_.power.isOn()) parts_.witness.sinkSaved(parts_.member, sink_, cursor);
      done(std::move(outcome));
    });
  }

 private:
  const SinkParts parts_;
  const SinkRules& sink_;
  LocalCursor cursor_;
};

}  // namespace

SimSinks::SimSinks(const SinkParts& parts, const std::vector<SinkPlan>& plans, Log& log,
                   Coordinator& coordinator, StorePort& store, std::uint64_t boot)
    : parts_(parts),
      letters_(parts_, plans),
      workers_(parts_.loop),
      lines_([](const ClusterEvent&) { return std::string(); }),  // nobody reads them
      journal_({parts_.loop, workers_, log, metrics_, coordinator, lines_, letters_,
                NodeRun{parts_.member, boot}}) {
  for (const SinkPlan& plan : plans) {
    std::unique_ptr<CursorStore> cursors;
    if (plan.rules.scope == SinkScope::Leader)
      cursors = std::make_unique<ReplicatedCursor>(parts_.loop, coordinator, plan.rules.name);
    else
      cursors = std::make_unique<WatchedCursor>(parts_, plan.rules, store);
    journal_.add({plan.rules, "simulated", std::make_unique<SimSink>(parts_, plan), std::move(cursors)});
  }
}

std::string SimSinks::whatIsLeft(bool leads) const {
  for (const SinkStatus& sink : journal_.statuses()) {
    if (sink.scope == toString(SinkScope::Leader) && !leads) continue;
    if (sink.state == "running" && sink.delivered == sink.newest && sink.underWay == 0) continue;
    return sink.name + " of member " + std::to_string(parts_.member.value) + " is " + sink.state +
           " at event " + std::to_string(sink.delivered.value) + " of " + std::to_string(sink.newest.value);
  }
  return {};
}

}  // namespace clusterkit::sim

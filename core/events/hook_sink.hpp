// One hook sink of this node: takes events from the replicated state in the order of its schedule, hands them
// to its port, and keeps its cursor. Its trouble is its own: it holds no thread, lock or memory of anybody
// else. Everything [loop].
//
// A sink is given no more events than it may have under way beyond what its saved cursor covers: after a
// crash it is told again only of those, and of nothing that it had acknowledged and whose cursor was saved.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "events/cursor_store.hpp"
#include "events/dead_letters.hpp"
#include "events/delivery_schedule.hpp"
#include "events/sink_meters.hpp"
#include "events/sink_port.hpp"
#include "events/sink_status.hpp"
#include "host/event_loop.hpp"
#include "host/lifetime.hpp"
#include "host/log.hpp"

namespace clusterkit {

// One life of one data folder. The boots of two folders are equal soon.
struct NodeRun {
  MemberId member;
  std::uint64_t boot = 0;

  bool of(const NodeSpec& spec) const { return spec.member == member && spec.boot == boot; }
};

class HookSink {
 public:
  struct Parts {
    EventLoop& loop;
    Log& log;
    MetricsSink& metrics;
    DeadLetters& deadLetters;
    // The JSON line of an event, the same object for all who ask.
    std::function<std::shared_ptr<const std::string>(const ClusterEvent&)> line;
  };
  using Answered = UniqueFunction<void(Result<SinkStatus>)>;

  // Throws PluginError when the port does not start.
  HookSink(SinkRules rules, Parts parts, std::unique_ptr<SinkPort> port, std::unique_ptr<CursorStore> cursors,
           NodeRun self);
  ~HookSink();
  HookSink(const HookSink&) = delete;
  HookSink& operator=(const HookSink&) = delete;

  const std::string& name() const { return rules_.name; }
  // The state that is current from now on; it lives until the next call.
  void onState(const ClusterState& state);
  // May this node deliver? A sink of the leader's stands by elsewhere. Its cursor is loaded anew each time.
  void setActive(bool active);
  // The plugin has called for its own end.
  void fail(const std::string& reason);
  // Once it has been stopped, a further stop is done at once.
  void stop(MonotonicTime deadline, Task done);
  // Of a sink that was stopped: its port, to be destroyed where that may block.
  std::unique_ptr<SinkPort> releasePort();

  void pause(Answered answered);
  void resume(Answered answered);
  // Goes on with the event after `seq`, back or forwards; what is kept no more is told as a gap.
  void replay(EventSeq seq, Answered answered);
  SinkStatus status() const;
  // Answers with the status once the cursor is known.
  void whenLoaded(Answered answered);

 private:
  enum class Phase : std::uint8_t { Standby, Loading, WaitingForStart, Running, Stopped, Failed };

  struct UnderWay {
    std::shared_ptr<const ClusterEvent> event;
    std::uint32_t attempt;
    MonotonicTime deadline;
    bool reported = false;  // as stuck
  };

  void load();
  void loaded(Result<std::optional<SinkCursor>> cursor);
  void begin(const SinkCursor& cursor);
  void tellLoaded();
  void awaitStart();
  std::optional<EventSeq> ownStart() const;
  void pump();
  void deliver(Delivery delivery);
  void answered(DeliveryId id, SinkAnswer answer);
  void giveUp(DeliveryId id, const SinkAnswer& answer);
  void done(DeliveryId id);
  void watchDeadlines();
  void reportStuck();
  bool isStuck(const UnderWay& delivery) const;
  void save();
  struct Save {
    SinkCursor cursor;
    CursorChange change;
    std::size_t covered;  // deliveries done that it covers
    std::uint64_t course;
  };
  void saved(const Save& save, const CallOutcome& outcome, std::vector<Answered> answered);
  void reload();
  void endStop();
  void wakeAt(MonotonicTime when);
  using Edit = std::function<void(SinkCursor&)>;
  void change(const Edit& edit, Answered answered);
  void changeElsewhere(const Edit& edit, Answered answered);
  void adopt(const SinkCursor& cursor);
  SinkCursor cursor() const;

  const SinkRules rules_;
  Parts parts_;
  std::unique_ptr<SinkPort> port_;
  std::unique_ptr<CursorStore> cursors_;
  const NodeRun self_;
  SinkMeters meters_;
  DeliverySchedule schedule_;
  const ClusterState* state_ = nullptr;
  Phase phase_ = Phase::Standby;
  bool paused_ = false;
  std::uint64_t generation_ = 0;  // of the cursor that was saved or loaded last
  std::uint64_t course_ =
      0;  // rises whenever the cursor is set from elsewhere: older saves say nothing of it
  std::map<DeliveryId, UnderWay> underWay_;

  EventSeq savedUpTo_;       // by the last cursor that was handed to the store
  std::size_t unsaved_ = 0;  // deliveries done that no cursor in the store covers
  bool saving_ = false;
  bool dirty_ = false;             // something has changed since the last save was begun
  bool control_ = false;           // and an operator did it
  std::vector<Answered> waiting_;  // for a control that is to be saved first
  std::vector<Answered> loading_;  // who waits for the cursor
  Task stopped_;
  bool stopping_ = false;

  TimerId waking_;
  MonotonicTime wakingAt_{};
  TimerId stuckTimer_;
  std::uint64_t delivered_ = 0, retries_ = 0, given_ = 0;
  std::string lastError_;
  Lifetime lifetime_;
};

}  // namespace clusterkit

// Which event a hook sink gets next, and when: pure, time is given. Knows nothing of threads or plugins.
//
// Events are begun in the order of their numbers. With a concurrency of 1 each waits for the one before it.
// Above 1 they are ordered within their lane: events of one partition, key or service are one lane each, what
// concerns the cluster as a whole is one lane together. What failed keeps its place: later events of its lane
// wait.
//
// Memory is bounded by the window: events begun, or waiting behind one that is. Everything else stays where
// it is, in the replicated state. What the state no longer has becomes one Gap event in its place.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cluster/sink_cursor.hpp"
#include "cluster/state.hpp"
#include "events/sink_rules.hpp"

namespace clusterkit {

using DeliveryId = Number<struct DeliveryTag>;  // of one attempt; never used twice

struct Delivery {
  DeliveryId id;
  std::shared_ptr<const ClusterEvent> event;
  std::uint32_t attempt = 1;
};

class DeliverySchedule {
 public:
  enum class Fate : std::uint8_t { Retried, GivenUp };

  explicit DeliverySchedule(DeliveryRules rules, const SinkCursor& cursor = {});

  // At most `room` deliveries to begin now. The state's numbers never fall.
  std::vector<Delivery> next(const ClusterState& state, MonotonicTime now, std::size_t room);

  // The event of this delivery is done with. False: the delivery is not known (any more), nothing changes.
  bool finish(DeliveryId id);
  // It failed. Retried: next() gives it again, not before `retryAfter`. GivenUp: its attempts are used up; it
  // stays where it is until finish() or retry().
  Fate fail(DeliveryId id, MonotonicTime now, Duration retryAfter);
  void retry(DeliveryId id, MonotonicTime now, Duration retryAfter);
  // It was not begun after all: next() gives it again after this time, as the same attempt.
  void putBack(DeliveryId id, MonotonicTime now, Duration after);

  // Goes on from there, forwards or back. What is under way is waited for, its results count for nothing.
  void moveTo(const SinkCursor& cursor);

  // Done: all up to `delivered`, and those that `above` names.
  SinkCursor cursor() const;
  EventSeq delivered() const;
  std::size_t running() const { return running_.size() + orphans_.size(); }
  bool isWaiting() const { return !pending_.empty(); }
  // When next() may have more without a new state or result; max() when not.
  MonotonicTime nextWake() const;
  // Attempts that the event at the head has had; 0 when none is pending.
  std::uint32_t headAttempts() const;

 private:
  enum class Step : std::uint8_t { Waiting, Running, GivenUp, Done };
  struct Pending {
    std::shared_ptr<const ClusterEvent> event;
    EventSeq begin;  // of a gap: its first; else the event's own number
    std::string lane;
    std::uint32_t attempts = 0;
    MonotonicTime notBefore{};
    Step step = Step::Waiting;
  };
  using Queue = std::map<EventSeq, Pending>;

  void scan(const ClusterState& state);
  void admit(EventSeq seq, std::shared_ptr<const ClusterEvent> event, EventSeq begin);
  bool wants(const ClusterEvent& event) const;
  std::string laneOf(const ClusterEvent& event) const;
  std::size_t window() const;
  Duration pauseAfter(std::uint32_t attempts) const;
  Pending* underWay(DeliveryId id);
  void dropDone();

  DeliveryRules rules_;
  EventSeq scanned_;              // all up to here were looked at
  std::set<EventSeq> doneAbove_;  // of an earlier life, not yet reached by scanned_
  Queue pending_;
  std::map<DeliveryId, EventSeq> running_;
  std::set<DeliveryId> orphans_;  // begun before moveTo() and not answered yet
  DeliveryId lastId_;
};

}  // namespace clusterkit

// What a hook sink is promised, over all runs of all nodes: nothing is skipped, nothing is told before its
// turn, little is told twice, and all of it has happened.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cluster/state.hpp"
#include "events/sink_rules.hpp"
#include "simulation/verdict.hpp"

namespace clusterkit::sim {

class SinkDeliveries {
 public:
  using Events = std::span<const std::shared_ptr<const ClusterEvent>>;

  // After a batch was applied or a state was restored: what has happened, and the cursors of the leader's
  // sinks.
  void state(MemberId member, const ClusterState& state, Events events, Verdict& verdict);
  // An event is given to the sink. `inOffice`: it is the node's own, or the node leads in the newest term;
  // who was deposed may not know yet what its successor has told.
  void told(MemberId member, const SinkRules& sink, const ClusterEvent& event, bool inOffice,
            Verdict& verdict);
  // The sink has acknowledged it, or given it up and, where it has dead letters, that one is kept.
  void done(MemberId member, const SinkRules& sink, const ClusterEvent& event, Verdict& verdict);
  // The cursor of a node's own sink: read when it starts, given to the disk, and durable.
  void loaded(MemberId member, const SinkRules& sink, const std::optional<SinkCursor>& cursor,
              Verdict& verdict);
  void saving(MemberId member, const SinkRules& sink, const SinkCursor& cursor, Verdict& verdict);
  void saved(MemberId member, const SinkRules& sink, const SinkCursor& cursor);
  // Somebody holds it, lets it go on or, with an event, asks that it goes on after that one. From then on
  // repeats are not counted, and what lies before the event or was done with once may be skipped.
  void ordered(MemberId member, const SinkRules& sink, std::optional<EventSeq> after);

  std::size_t count() const { return count_; }  // of deliveries done

 private:
  // Of one cursor: the leader's sinks of one name share one.
  struct Course {
    SinkRules rules;
    std::optional<EventSeq> start;  // of the first cursor: what lies before was never its to tell
    EventSeq doneUpTo;
    std::set<EventSeq> doneAbove;
    std::set<EventSeq> unsaved;  // that were done and that no durable cursor covers; no gaps
    SinkCursor durable;
    std::set<EventSeq> replays;  // from where it was asked to go on
    bool ordered = false;
  };

  Course& courseOf(MemberId member, const SinkRules& sink);
  bool isHeldBack(const Course& course, EventSeq seq) const;
  EventSeq doneFrom(const Course& course, EventSeq base) const;
  bool isAllDone(const Course& course, EventSeq upTo) const;
  void advance(Course& course) const;
  static bool isCovered(const Course& course, EventSeq seq);
  void check(const Course& course, const SinkCursor& cursor, Verdict& verdict) const;
  void follow(Course& course, const SinkCursor& cursor) const;

  struct Known {
    LogIndex index;
    std::size_t type;
    std::string lane;  // events of one are told in order also where several are told at once
  };

  const Known* known(EventSeq seq) const;
  static std::string laneOf(const ClusterEvent& event);
  bool hasItsTurn(MemberId member, const Course& course, const ClusterEvent& event) const;

  std::vector<std::optional<Known>> known_;  // by number
  std::map<MemberId, EventSeq> oldest_;      // that the member keeps
  LogIndex newest_;                          // of the states whose cursors were looked at
  std::map<std::pair<std::string, MemberId>, Course> courses_;
  std::size_t count_ = 0;
};

}  // namespace clusterkit::sim

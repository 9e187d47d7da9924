// The hook sinks of a simulated node: the real journal, schedule and cursors (core/events), told of by a port
// that answers when and as its plan wants.
#pragma once

#include "cluster/event_lines.hpp"
#include "events/event_journal.hpp"
#include "host/workers.hpp"
#include "simulation/dice.hpp"
#include "simulation/plan.hpp"
#include "simulation/power.hpp"
#include "simulation/witness.hpp"

namespace clusterkit::sim {

// What sinks need of their node and their simulation; outlives them.
struct SinkParts {
  MemberId member;
  EventLoop& loop;
  Power& power;
  Dice& dice;
  Witness& witness;
  const bool& calm;  // no sink fails any more
};

class SimSinks {
 public:
  SimSinks(const SinkParts& parts, const std::vector<SinkPlan>& plans, Log& log, Coordinator& coordinator,
           StorePort& store, std::uint64_t boot);
  SimSinks(const SimSinks&) = delete;
  SimSinks& operator=(const SimSinks&) = delete;

  EventJournal& journal() { return journal_; }
  // What they still have to tell, in one line; empty: nothing. A leader's sink only counts at the leader.
  std::string whatIsLeft(bool leads) const;

 private:
  const SinkParts parts_;
  NoMetrics metrics_;
  LoopWorkers workers_;
  EventLines lines_;
  EventJournal journal_;
};

}  // namespace clusterkit::sim

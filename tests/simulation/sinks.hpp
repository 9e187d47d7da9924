// The hook sinks of a simulated node: the real journal, schedule and cursors (core/events), told of by a port
// that answers when and as its plan wants.
#pragma once

#include "cluster/event_lines.hpp"
#include "events/event_journal.hpp"
#include "host/workers.hpp"
#include "simulation/letters.hpp"

namespace clusterkit::sim {

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
  SimLetters letters_;
  NoMetrics metrics_;
  LoopWorkers workers_;
  EventLines lines_;
  EventJournal journal_;
};

}  // namespace clusterkit::sim

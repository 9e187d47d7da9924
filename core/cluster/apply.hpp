// apply: the one function that turns a command into a new state. Pure and deterministic: the same commands at
// the same indexes give the same states, outcomes and events on every node, in any batching, from any
// snapshot.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "cluster/command.hpp"
#include "cluster/event.hpp"
#include "cluster/outcome.hpp"
#include "cluster/state.hpp"

namespace clusterkit {

// A batch: begin with a state, apply any number of committed commands, then publish a copy of state() once.
// One thread.
class StateBuilder {
 public:
  explicit StateBuilder(ClusterState base) : state_(std::move(base)) {}

  // `index` must be above state().appliedIndex and `term` not below state().appliedTerm: throws
  // std::logic_error otherwise, which is a broken invariant of the caller. Every other failure is an Outcome.
  Outcome apply(LogIndex index, Epoch term, const Command& command);

  const ClusterState& state() const { return state_; }
  // The events of all commands applied since the last call, in order.
  std::vector<std::shared_ptr<const ClusterEvent>> takeEvents();

 private:
  ClusterState state_;
  std::vector<std::shared_ptr<const ClusterEvent>> events_;
};

// What a request with Idempotency::request gets when it must not be made a command again: the first one's
// outcome, or the refusal when the key was used otherwise or is forgotten. None: it is new.
std::optional<Outcome> outcomeOfRepeated(const ClusterState& state, const Idempotency& request);

// One command for itself; for tests and tools.
struct ApplyResult {
  ClusterState state;
  Outcome outcome;
  std::vector<std::shared_ptr<const ClusterEvent>> events;
};
ApplyResult apply(const ClusterState& state, LogIndex index, Epoch term, const Command& command);

}  // namespace clusterkit

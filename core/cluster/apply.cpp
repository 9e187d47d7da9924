#include "cluster/apply.hpp"

#include <algorithm>
#include <stdexcept>

#include "cluster/apply_step.hpp"
#include "cluster/command_codec.hpp"
#include "cluster/record_codec.hpp"

namespace clusterkit {
namespace {

Outcome dispatch(ApplyStep& step, const CommandBody& body) {
  const bool creates = std::holds_alternative<CreateCluster>(body);
  if (creates && step.state.exists()) {
    return refused(OutcomeCode::ClusterExists, "the cluster exists already");
  }
  if (!creates && !step.state.exists()) {
    return refused(OutcomeCode::NoCluster, "there is no cluster yet");
  }
  return std::visit([&step](const auto& command) { return applyBody(step, command); }, body);
}

Outcome applyOnce(ApplyStep& step, const Command& command) {
  if (!command.idempotency || !step.state.exists()) {
    Outcome outcome = dispatch(step, command.body);
    outcome.index = step.index;
    return outcome;
  }
  const std::string& request = command.idempotency->request;
  const std::uint64_t digest =
      request.empty() ? bodyDigest(step.seed(), command.body) : requestDigest(step.seed(), request);
  if (auto repeated = findRepeated(step.state, *command.idempotency, digest)) {
    if (!repeated->index) repeated->index = step.index;
    return *std::move(repeated);
  }
  Outcome outcome = dispatch(step, command.body);
  outcome.index = step.index;
  rememberOutcome(step, *command.idempotency, digest, outcome);
  return outcome;
}

// Health is told when its status or the set of unhealthy nodes changes, as the last event of the step.
void updateHealth(ApplyStep& step, const ClusterHealth& before) {
  ClusterHealth& health = step.state.health;
  if (step.nodesChanged) health = computeHealth(step.state);
  health.status = healthStatus(health);
  if (health.status != before.status || health.unhealthyNodeIds != before.unhealthyNodeIds) {
    step.emit(ClusterHealthChange{health});
  }
}

void storeEvents(ApplyStep& step, std::vector<std::shared_ptr<const ClusterEvent>>& out) {
  ClusterState& state = step.state;
  for (EventBody& body : step.events) {
    const EventSeq seq = state.nextEvent;
    state.nextEvent = EventSeq(seq.value + 1);
    auto event = std::make_shared<const ClusterEvent>(ClusterEvent{
        seq, step.index, state.mapEpoch(), step.now, eventId(state.facts->idAt(seq), seq), std::move(body)});
    state.events.append(event, encodeEvent(*event));
    out.push_back(std::move(event));
  }
  while (state.events.size() > state.facts->eventsRetain) state.events.dropOldest();
}

}  // namespace

Outcome StateBuilder::apply(LogIndex index, Epoch term, const Command& command) {
  if (index <= state_.appliedIndex || term < state_.appliedTerm) {
    throw std::logic_error("entry " + std::to_string(index.value) + " of term " + std::to_string(term.value) +
                           " applied after entry " + std::to_string(state_.appliedIndex.value) + " of term " +
                           std::to_string(state_.appliedTerm.value));
  }
  state_.appliedIndex = index;
  state_.appliedTerm = term;
  state_.lastStamp = std::max(state_.lastStamp, command.stamp);
  ApplyStep step{state_, index, term, state_.lastStamp, {}};
  const ClusterHealth healthBefore = state_.health;
  Outcome outcome = applyOnce(step, command);
  if (state_.exists()) updateHealth(step, healthBefore);
  storeEvents(step, events_);
  return outcome;
}

std::vector<std::shared_ptr<const ClusterEvent>> StateBuilder::takeEvents() {
  return std::exchange(events_, {});
}

std::optional<Outcome> outcomeOfRepeated(const ClusterState& state, const Idempotency& request) {
  auto repeated = findRepeated(state, request, requestDigest(state.facts->seed, request.request));
  if (repeated && !repeated->index) repeated->index = state.appliedIndex;
  return repeated;
}

ApplyResult apply(const ClusterState& state, LogIndex index, Epoch term, const Command& command) {
  StateBuilder builder(state);
  Outcome outcome = builder.apply(index, term, command);
  return {builder.state(), std::move(outcome), builder.takeEvents()};
}

}  // namespace clusterkit

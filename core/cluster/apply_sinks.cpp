// How far the hook sinks have come that only the leader serves: a new leader goes on where the old one
// stopped.
#include <algorithm>

#include "cluster/apply_step.hpp"
#include "cluster/record_codec.hpp"

namespace clusterkit {
namespace {

constexpr std::size_t kMaxSinks = 256;
constexpr std::size_t kMaxNameBytes = 32;
constexpr std::size_t kMaxAbove = 1024;

std::optional<Outcome> malformed(const ClusterState& state, const SetSinkCursor& command) {
  if (command.sink.empty() || command.sink.size() > kMaxNameBytes)
    return refused(OutcomeCode::InvalidArgument, "a sink's name must have 1 to 32 bytes");
  const auto& above = command.cursor.above;
  const bool ascending = std::is_sorted(above.begin(), above.end(), std::less_equal<>()) &&
                         (above.empty() || above.front() > command.cursor.delivered);
  if (above.size() > kMaxAbove || !ascending)
    return refused(OutcomeCode::InvalidArgument,
                   "a cursor's further events must ascend, at most 1024 of them");
  if (command.cursor.delivered >= state.nextEvent)
    return refused(OutcomeCode::InvalidArgument,
                   "event " + std::to_string(command.cursor.delivered.value) + " has not happened yet");
  if (!state.sinkCursors.find(command.sink) && state.sinkCursors.size() >= kMaxSinks)
    return refused(OutcomeCode::QuotaExceeded, "256 sinks of the leader have a cursor already");
  return std::nullopt;
}

bool follows(const SinkCursor& present, const SetSinkCursor& command) {
  const SinkCursor& next = command.cursor;
  if (command.change == CursorChange::Control) return next.generation == present.generation + 1;
  return next.generation == present.generation && next.delivered >= present.delivered;
}

}  // namespace

Outcome applyBody(ApplyStep& step, const SetSinkCursor& command) {
  ClusterState& state = step.state;
  if (auto bad = malformed(state, command)) return *std::move(bad);
  const SinkCursor* present = state.sinkCursors.find(command.sink);
  if (present && !follows(*present, command))
    return refused(OutcomeCode::VersionConflict,
                   "the cursor of sink " + command.sink + " was changed meanwhile", present->generation);
  state.sinkCursors.set(command.sink, command.cursor,
                        contentHash(step.seed(), toProto(command.sink, command.cursor)));
  Outcome outcome;
  outcome.version = command.cursor.generation;
  return outcome;
}

}  // namespace clusterkit

// Known defects that a build for tests can plant, one at a time, to show that the tests would notice: those
// of the replicated state, its write path, and what hook sinks are told of it. The consensus has its own
// (plugins/consensus-raft/core/planted.hpp), where the mechanism is explained.
#pragma once

#include <string_view>

namespace clusterkit {

#define CLUSTERKIT_STATE_DEFECTS(X) \
  X(DeadLetterNotAwaited)           \
  X(ForwardedCommandTakenTwice)     \
  X(LostEventsNotTold)              \
  X(RepeatedRequestAppliedAgain)    \
  X(ResultsOutsideTheSnapshot)      \
  X(SinkCursorRunsAhead)            \
  X(SinkServedBeforeItsTerm)        \
  X(UnsavedDeliveriesUnbounded)     \
  X(VersionNotCompared)

enum class StateDefect {
#define CLUSTERKIT_DEFECT(name) name,
  CLUSTERKIT_STATE_DEFECTS(CLUSTERKIT_DEFECT)
#undef CLUSTERKIT_DEFECT
};

#ifdef CLUSTERKIT_PLANTED_DEFECTS
std::string_view chosenDefect();  // tests/simulation/chosen_defect.cpp

inline bool planted(StateDefect defect) {
  static constexpr std::string_view names[] = {
#define CLUSTERKIT_DEFECT(name) #name,
      CLUSTERKIT_STATE_DEFECTS(CLUSTERKIT_DEFECT)
#undef CLUSTERKIT_DEFECT
  };
  return names[static_cast<int>(defect)] == chosenDefect();
}
#else
constexpr bool planted(StateDefect) { return false; }
#endif

}  // namespace clusterkit

// How far a hook sink has come, as it is kept on disk or in the replicated state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clusterkit/types.hpp"

namespace clusterkit {

struct SinkCursor {
  EventSeq delivered;            // every event up to here is done with
  std::vector<EventSeq> above;   // and these, ascending: others of a concurrent sink finished later
  bool paused = false;           // by an operator; survives a restart
  std::uint64_t generation = 0;  // rises with every pause, resume and replay: an older one must not undo it

  friend bool operator==(const SinkCursor&, const SinkCursor&) = default;
};

// What a saved cursor is: how far the sink has come, or what an operator has set (pause, resume, replay).
enum class CursorChange : std::uint8_t { Progress = 1, Control = 2 };
std::string_view toString(CursorChange change);

// "1 42 running 0 44,45": readable for whoever inspects a data folder.
std::string encodeCursor(const SinkCursor& cursor);
// Nothing when it is not of this form.
std::optional<SinkCursor> decodeCursor(std::string_view text);

}  // namespace clusterkit

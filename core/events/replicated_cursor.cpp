#include "events/replicated_cursor.hpp"

#include <utility>

namespace clusterkit {
namespace {

constexpr Duration kLimit = std::chrono::seconds(5);

CallOutcome outcomeOf(WriteResult result) {
  using Fate = WriteResult::Fate;
  if (result.fate == Fate::Applied && result.outcome.applied()) return {};
  if (result.fate == Fate::Applied) return failed(Status::Conflict, result.outcome.message);
  return failed(result.fate == Fate::NotDone ? Status::Unavailable : Status::Unknown, result.text);
}

}  // namespace

ReplicatedCursor::ReplicatedCursor(EventLoop& loop, Coordinator& coordinator, std::string sink)
    : loop_(loop), coordinator_(coordinator), sink_(std::move(sink)) {}

void ReplicatedCursor::load(Loaded loaded) {
  const SinkCursor* cursor = coordinator_.current().sinkCursors.find(sink_);
  loaded(cursor != nullptr ? std::optional(*cursor) : std::nullopt);
}

// Progress is the leader's to tell: once it leads no more, its successor knows better.
void ReplicatedCursor::save(const SinkCursor& cursor, CursorChange change, CallHandler done) {
  coordinator_.propose(
      SetSinkCursor{sink_, cursor, change}, std::nullopt, loop_.now() + kLimit,
      [done = std::move(done)](WriteResult result) mutable { done(outcomeOf(std::move(result))); },
      change == CursorChange::Progress ? Route::HereOnly : Route::ToLeader);
}

std::optional<SinkCursor> ReplicatedCursor::setByOthers(std::uint64_t generation) const {
  const SinkCursor* cursor = coordinator_.current().sinkCursors.find(sink_);
  return cursor != nullptr && cursor->generation > generation ? std::optional(*cursor) : std::nullopt;
}

}  // namespace clusterkit

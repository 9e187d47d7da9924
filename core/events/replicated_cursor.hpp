// The cursor of a sink that only the leader serves: part of the replicated state, so that the next leader
// goes on where this one stopped.
#pragma once

#include <string>

#include "cluster/coordinator.hpp"
#include "events/cursor_store.hpp"

namespace clusterkit {

class ReplicatedCursor final : public CursorStore {
 public:
  // `coordinator` outlives this object.
  ReplicatedCursor(EventLoop& loop, Coordinator& coordinator, std::string sink);

  void load(Loaded loaded) override;
  void save(const SinkCursor& cursor, CursorChange change, CallHandler done) override;
  std::optional<SinkCursor> setByOthers(std::uint64_t generation) const override;

 private:
  EventLoop& loop_;
  Coordinator& coordinator_;
  const std::string sink_;
};

}  // namespace clusterkit

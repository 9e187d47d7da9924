// Where a hook sink's cursor is kept. Everything [loop].
#pragma once

#include <optional>

#include "cluster/sink_cursor.hpp"
#include "host/call_outcome.hpp"

namespace clusterkit {

class CursorStore {
 public:
  using Loaded = UniqueFunction<void(Result<std::optional<SinkCursor>>)>;

  virtual ~CursorStore() = default;
  // Nothing when the sink has never had one.
  virtual void load(Loaded loaded) = 0;
  // One at a time. Ok: it survives what it is meant to survive. Conflict: somebody else has set it meanwhile.
  virtual void save(const SinkCursor& cursor, CursorChange change, CallHandler done) = 0;
  // What somebody else has set since this generation: another node, for a cursor that is replicated.
  virtual std::optional<SinkCursor> setByOthers(std::uint64_t /*generation*/) const { return std::nullopt; }
};

}  // namespace clusterkit

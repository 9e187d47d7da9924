// A cursor of this node alone, kept in its store beside the log: durable when saved.
#pragma once

#include <string>

#include "events/cursor_store.hpp"
#include "host/store_port.hpp"

namespace clusterkit {

class LocalCursor final : public CursorStore {
 public:
  // `sink` is the name of its section; `store` outlives this object.
  LocalCursor(StorePort& store, const std::string& sink);

  void load(Loaded loaded) override;
  void save(const SinkCursor& cursor, CursorChange change, CallHandler done) override;

 private:
  StorePort& store_;
  const std::string name_;
};

}  // namespace clusterkit

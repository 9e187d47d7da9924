#include "events/local_cursor.hpp"

#include <utility>

namespace clusterkit {

LocalCursor::LocalCursor(StorePort& store, const std::string& sink)
    : store_(store), name_("core.sink." + sink) {}

void LocalCursor::load(Loaded loaded) {
  store_.getMeta(
      name_, [name = name_, loaded = std::move(loaded)](Result<std::optional<std::string>> value) mutable {
        if (!value) return loaded(value.failure());
        if (!value.value()) return loaded(std::optional<SinkCursor>());
        if (auto cursor = decodeCursor(*value.value())) return loaded(std::move(cursor));
        loaded(Failure{Status::Corrupt,
                       "the cursor " + name + " in the store cannot be read: '" + *value.value() + "'"});
      });
}

void LocalCursor::save(const SinkCursor& cursor, CursorChange, CallHandler done) {
  store_.putMeta(name_, encodeCursor(cursor), std::move(done));
}

}  // namespace clusterkit

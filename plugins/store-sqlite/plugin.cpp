// Entry of the plugin "sqlite": log, hard state, snapshots and named values in one folder, kept with SQLite.
#include <clusterkit/store.hpp>

#include "sqlite_store.hpp"

using clusterkit::sqlite::SqliteStore;

CK_STORE(SqliteStore, "sqlite", "0.1.0", "durable log, state and snapshots in SQLite", 0);

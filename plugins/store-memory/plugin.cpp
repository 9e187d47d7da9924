// Entry of the plugin "memory": a deterministic store that forgets everything when the process ends.
#include <clusterkit/store.hpp>

#include "memory_store.hpp"

using clusterkit::memory::MemoryStore;

CK_STORE(MemoryStore, "memory", "0.1.0", "log, state and snapshots in memory, for tests and simulation",
         CK_COMPONENT_DETERMINISTIC);

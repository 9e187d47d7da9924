// How many files and sockets this process may have open at one time.
#pragma once

#include <cstdint>

namespace clusterkit {

// Raises the soft limit (RLIMIT_NOFILE) to `wanted`, as far as the hard limit allows, and never lowers it.
// Returns what is allowed now. Before threads and children exist, which inherit it.
std::uint64_t allowOpenFiles(std::uint64_t wanted);

}  // namespace clusterkit

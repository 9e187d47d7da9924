// etcd's KV service through gRPC's C++ library: what a program that uses etcd pays for its calls.
#pragma once

#include "load/round.hpp"

namespace clusterkit::bench {

// Throws std::invalid_argument, with what to install, when this program was built without the library.
Driver grpcLibrary();

}  // namespace clusterkit::bench

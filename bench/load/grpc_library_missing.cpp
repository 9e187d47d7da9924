#include <stdexcept>

#include "load/grpc_library.hpp"

namespace clusterkit::bench {

Driver grpcLibrary() {
  throw std::invalid_argument(
      "--etcd-client: 'grpc++' is not built in: install libgrpc++-dev and protobuf-compiler-grpc "
      "(scripts/install-deps --bench), then configure and build again");
}

}  // namespace clusterkit::bench

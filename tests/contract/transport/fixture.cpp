#include "contract/transport/transport_contract.hpp"
#include "support/process.hpp"

namespace clusterkit::contract {

std::string TransportContract::freeEndpoint() {
  const std::string port = std::to_string(test::freePort());
  return net.id() == "inproc" ? "place-" + port : "127.0.0.1:" + port;
}

std::uint64_t TransportContract::fill(Node& node, const PeerOf& absent, std::uint32_t lane) {
  node.setPeers({absent});
  std::uint64_t taken = 0;
  while (taken < 10'000 && node.send(absent.member, "message " + std::to_string(taken), lane) == CK_OK)
    ++taken;
  return taken;
}

}  // namespace clusterkit::contract

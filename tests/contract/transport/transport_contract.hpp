// The suite's fixture: every test runs on every transport.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/transport/network.hpp"

namespace clusterkit::contract {

using namespace std::chrono_literals;

class TransportContract : public testing::TestWithParam<const char*> {
 protected:
  // The option that bounds what waits on the bulk lane.
  Options smallBulkQueue() const {
    return net.id() == "inproc" ? Options{{"queue", "64KiB"}} : Options{{"bulk_queue", "64KiB"}};
  }
  // An endpoint where nobody listens, until a node of this test does.
  std::string freeEndpoint();

  // Declares a peer under an endpoint where nobody listens yet and fills the lane: how many it took.
  std::uint64_t fill(Node& node, const PeerOf& absent, std::uint32_t lane);

  Network net{GetParam()};
};

}  // namespace clusterkit::contract

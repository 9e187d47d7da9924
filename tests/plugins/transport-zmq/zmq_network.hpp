// Fixture of the tests that only make sense over ZeroMQ and TCP.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/transport/network.hpp"
#include "stranger.hpp"
#include "support/process.hpp"
#include "tcp_proxy.hpp"

namespace clusterkit::zmq {

using namespace std::chrono_literals;
using contract::Message;
using contract::Node;
using contract::Options;
using contract::PeerOf;

class ZmqNetwork : public testing::Test {
 protected:
  static std::uint16_t portOf(const Node& node) {
    return static_cast<std::uint16_t>(std::stoi(node.endpoint().substr(node.endpoint().rfind(':') + 1)));
  }
  static std::string local(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

  // A message makes it from one to the other, again and again if need be, with a short life each.
  bool passes(Node& from, Node& to, std::chrono::milliseconds limit = 10s) {
    const std::size_t before = to.received().size();
    return net.until(
        [&] {
          from.send(to.member(), "probe", CK_LANE_CONTROL, from.now() + 20'000'000);
          return to.received().size() > before;
        },
        limit);
  }

  // A stranger's connection, like any, is answered while the nodes' loops run.
  bool sends(test::Stranger& stranger, const std::vector<std::string>& parts,
             std::chrono::milliseconds limit = 2s) {
    return net.until([&] { return stranger.send(parts); }, limit);
  }
  // What it hears first; empty when nothing comes.
  std::string hears(test::Stranger& stranger, std::chrono::milliseconds limit) {
    std::string heard;
    net.until([&] { return !(heard = stranger.receive(0)).empty(); }, limit);
    return heard;
  }

  contract::Network net{"zmq"};
};

}  // namespace clusterkit::zmq

// Looks names up on the host's pool, so that a slow name service never holds up the node loop nor libzmq's
// thread (which would look up, blocking, at each connect).
#pragma once

#include <clusterkit/plugin.hpp>

#include <functional>
#include <memory>
#include <string>

#include "endpoint.hpp"

namespace clusterkit::zmq {

class Resolver {
 public:
  struct Answer {
    std::string address;  // "tcp://1.2.3.4:5", IPv4 preferred; empty when it failed
    std::string problem;
  };
  using Done = std::function<void(const Answer&)>;

  explicit Resolver(Host host) : host_(host) {}

  // `done` runs on the loop, unless this object is gone by then. [loop]
  void resolve(const Endpoint& endpoint, Done done);

 private:
  Host host_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace clusterkit::zmq

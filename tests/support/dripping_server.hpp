// A server on the loopback that takes every connection and answers with the beginning of an HTTP answer, a
// byte now and then and for ever.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

namespace clusterkit::test {

class DrippingServer {
 public:
  explicit DrippingServer(std::chrono::milliseconds pause = std::chrono::milliseconds(20));
  ~DrippingServer();
  DrippingServer(const DrippingServer&) = delete;
  DrippingServer& operator=(const DrippingServer&) = delete;

  std::uint16_t port() const { return port_; }
  int dripped() const { return dripped_; }  // bytes, to all clients together

 private:
  void run(std::chrono::milliseconds pause);

  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> dripped_{0};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace clusterkit::test

// Passes TCP connections on to another port, until told to let them starve: they stay open and carry nothing,
// as when the other host lost its power. New connections pass.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace clusterkit::test {

class TcpProxy {
 public:
  TcpProxy(std::uint16_t listenPort, std::uint16_t targetPort);
  ~TcpProxy();

  void starveOpenConnections();
  void refuseNewConnections();  // they are accepted and starve too

 private:
  struct Connection {
    int client = -1, server = -1;
    bool starved = false;
  };
  void run();
  void accept();
  bool pass(int from, int to);

  const std::uint16_t targetPort_;
  int listener_;
  std::atomic<bool> ending_{false}, starveNew_{false};
  std::mutex mutex_;
  std::vector<Connection> connections_;
  std::thread thread_;
};

}  // namespace clusterkit::test

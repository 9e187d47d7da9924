// Somebody on the network who is no node: speaks ZeroMQ as it likes, or only TCP.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace clusterkit::test {

struct StrangerKeys {
  std::string publicKey, secretKey, serverKey;  // Z85; empty: no CURVE
};

class Stranger {
 public:
  // routingId empty: the other side picks one.
  Stranger(const std::string& endpoint, const std::string& routingId = "", const StrangerKeys& keys = {});
  ~Stranger();
  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;

  bool send(const std::vector<std::string>& parts);  // false: not connected, or no room
  std::string receive(int milliseconds);             // empty: nothing came

 private:
  void* context_;
  void* socket_;
};

struct KeyPairText {
  std::string publicKey, secretKey;
};
KeyPairText newKeys();

// A frame as plugins/transport-zmq/frame.hpp documents it.
std::string frameBytes(int kind, int lane, std::uint64_t from, std::uint64_t to, std::uint64_t session,
                       std::uint64_t sequence, const std::string& payload = "");

// A plain TCP connection; closed with the object.
class TcpStranger {
 public:
  explicit TcpStranger(std::uint16_t port);
  ~TcpStranger();
  TcpStranger(TcpStranger&& other) noexcept;
  TcpStranger& operator=(TcpStranger&&) = delete;

  void send(const std::string& bytes);
  bool cutWithin(int milliseconds);  // true when the other side closed it

 private:
  int fd_;
};

// Greets every connection with the same bytes and closes it.
class SpeakingServer {
 public:
  SpeakingServer(std::uint16_t port, std::string greeting);
  ~SpeakingServer();
  int accepted() const { return accepted_; }

 private:
  const std::string greeting_;
  int listener_;
  std::atomic<bool> ending_{false};
  std::atomic<int> accepted_{0};
  std::thread thread_;
};

}  // namespace clusterkit::test

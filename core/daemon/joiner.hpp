// Asks the seeds, one after the other and for ever, to be taken into their cluster. On a thread of its own,
// because asking blocks; told to stop, it ends at once, or within a second while it connects, whatever a seed
// does. Only the resolution of a name by the system is not cut short.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "daemon/address.hpp"
#include "host/cluster_types.hpp"
#include "host/log.hpp"
#include "http/http_client.hpp"

namespace clusterkit {

struct JoinAcceptance {
  ClusterId cluster;
  std::uint32_t nodes = 0;
  std::vector<Peer> members;  // whom to accept messages from
};
struct JoinRefusal {
  enum class Kind { NoAnswer, Refused, Removed };  // Removed: this member was taken out for good
  Kind kind = Kind::NoAnswer;
  std::string reason;
};
// Asks one node once; blocks for some seconds at most, less when `abort` is thrown. `body` is that of POST
// /join.
std::variant<JoinAcceptance, JoinRefusal> askToJoin(const std::string& address, const std::string& body,
                                                    std::shared_ptr<const http::AbortSwitch> abort);

class Joiner {
 public:
  // On the joiner's thread, once.
  using Joined = std::function<void(JoinAcceptance)>;

  struct Request {
    std::vector<Address> seeds;
    std::string body;        // of POST /join
    std::string ownAddress;  // a seed that is this node itself is passed over
  };

  Joiner(Request request, Log& log, Joined joined);
  ~Joiner();  // stops
  Joiner(const Joiner&) = delete;
  Joiner& operator=(const Joiner&) = delete;

  void giveUp();  // [any] the thread is about to end: joined() will not be called any more, or has been
  void stop();    // and waits for it

 private:
  void run();
  bool trySeed(const Address& seed);
  bool pause(std::chrono::milliseconds length);
  void report(const std::string& seed, const std::string& reason);

  Request request_;
  Log& log_;
  Joined joined_;
  std::string lastReport_;  // the same reason is not logged again and again
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  const std::shared_ptr<http::AbortSwitch> abort_ = std::make_shared<http::AbortSwitch>();
  std::thread thread_;
};

}  // namespace clusterkit

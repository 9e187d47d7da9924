// The transport's work, on the node loop: the loop waits for the sockets (CK_HOST_READINESS), so that a
// message comes from libzmq's thread to whom it is for without another thread between; on an idle machine
// such a hand-over costs more than all the rest.
//
// Everything here is [loop]. Commands are carried out at once, and what they leave to look at by a post;
// upcalls are never made inside a call of the host.
#pragma once

#include <variant>

#include "exchange.hpp"
#include "socket_waits.hpp"

namespace clusterkit::zmq {

struct SendMessages {
  std::vector<Outgoing::Ptr> messages;
};
struct DeclarePeers {
  std::vector<PeerSpec> specs;
};
struct SetAddress {
  std::uint64_t member;
  std::string endpoint, address, problem;
};
using Command = std::variant<SendMessages, DeclarePeers, SetAddress>;

class IoLoop {
 public:
  using AskAddress = std::function<void(std::uint64_t member)>;

  IoLoop(Host host, std::unique_ptr<Exchange> exchange, std::shared_ptr<Waker> waker, AskAddress askAddress);
  ~IoLoop();
  IoLoop(const IoLoop&) = delete;
  IoLoop& operator=(const IoLoop&) = delete;

  void submit(Command command);
  // Closes the sockets, away from the loop because libzmq may take its time, and completes the token when the
  // port is free. Nothing else may be asked afterwards.
  void stop(ck_token token);

 private:
  void lookSoon();
  void look();
  void service();
  void carryOut(Command& command);
  void tell(std::vector<Upcall> upcalls);
  void close();

  const Host host_;
  const ck_transport_host_1* const upcalls_;
  const AskAddress askAddress_;
  std::unique_ptr<Exchange> exchange_;  // null once stopped
  SocketWaits waits_;
  Timer deadline_;
  bool lookNeeded_ = false;
  bool lookPosted_ = false;
  std::shared_ptr<IoLoop*> self_ = std::make_shared<IoLoop*>(this);  // for posts that may come late
};

}  // namespace clusterkit::zmq

// The transport's own thread, and the gate through which the node loop may do its work for it.
//
// Sockets belong to whoever holds the gate (a mutex; ZeroMQ allows sockets to move between threads behind
// one). Commands go through a queue. Who submits one also tries the gate, and if nobody is inside, carries it
// out at once: a message then reaches libzmq without waking our thread first, and on an idle machine such a
// wake-up costs more than all the rest. If somebody is inside, the thread is woken instead; the caller never
// waits. Upcalls are always made by the I/O thread, outside the gate.
#pragma once

#include <mutex>
#include <thread>
#include <variant>

#include "exchange.hpp"

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
struct Stop {
  ck_token token;  // 0: nobody waits for it
};
using Command = std::variant<SendMessages, DeclarePeers, SetAddress, Stop>;

class IoLoop {
 public:
  using AskAddress = std::function<void(std::uint64_t member)>;  // called on the I/O thread

  // Starts the thread.
  IoLoop(Host host, std::unique_ptr<Exchange> exchange, std::shared_ptr<Waker> waker, AskAddress askAddress);
  ~IoLoop();  // stops and joins; NOLINT(bugprone-exception-escape)

  void submit(Command command);  // [loop]

 private:
  void run();
  void runUntilStopped();
  void carryOutAll();
  void carryOut(Command& command);
  void tell(std::vector<Upcall> upcalls);
  void sleep(std::vector<pollfd>& waits, std::uint64_t deadline);

  const Host host_;
  const ck_transport_host_1* const upcalls_;
  const std::shared_ptr<Waker> waker_;
  const AskAddress askAddress_;

  std::mutex gate_;
  std::unique_ptr<Exchange> exchange_;  // behind the gate
  bool lookNeeded_ = false;             // behind the gate: the I/O thread has to look at something
  bool stopped_ = false;                // behind the gate
  ck_token stopToken_ = 0;              // behind the gate

  std::mutex queueMutex_;
  std::vector<Command> queue_;

  std::thread thread_;
};

}  // namespace clusterkit::zmq

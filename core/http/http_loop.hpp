// The thread that serves all connections: waits until a socket is ready, an answer has come or a deadline
// passes.
#pragma once

#include <Poco/Net/PollSet.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "http/connection.hpp"
#include "http/spare_descriptor.hpp"

namespace clusterkit::http {

class HttpLoop {
 public:
  // `listener` is bound and listens.
  HttpLoop(const ServerOptions& options, const Poco::Net::ServerSocket& listener, RequestHandler& handler,
           HttpStats& stats);
  ~HttpLoop();
  HttpLoop(const HttpLoop&) = delete;
  HttpLoop& operator=(const HttpLoop&) = delete;

  void run();   // until stop() and the answers under way are out, or `stopGrace` has passed
  void stop();  // [any]
  // [any] Asks what waits again; also after this object is gone.
  std::function<void()> signaller() const;

 private:
  using Ready = Poco::Net::PollSet::SocketModeMap;

  void turn();
  Poco::Timespan timeToWait(MonotonicTime now) const;
  void serve(const Ready& ready, MonotonicTime now);
  void acceptAll(MonotonicTime now);
  bool acceptOne(MonotonicTime now);
  void admit(Poco::Net::StreamSocket socket, MonotonicTime now);
  bool makeRoomFor(const std::string& source, MonotonicTime now);
  Connection* oldest(const std::string* source, bool (Connection::*eligible)() const);
  bool makeDescriptor(MonotonicTime now);
  void deliver(std::vector<Delivery> deliveries, MonotonicTime now);
  void settle(Connection& connection);
  void waitersChanged();
  void closeConnection(Connection& connection);
  void keepDeadlines(MonotonicTime now);
  void askWaiters(MonotonicTime now);
  void resumeWaiting(MonotonicTime now);
  void beginStopping();

  const ServerOptions options_;
  Poco::Net::ServerSocket listener_;
  Poco::Net::PollSet polled_;
  Poco::Net::StreamSocket waker_;  // an eventfd, polled like a socket
  ConnectionEnvironment environment_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> byDescriptor_;  // null where no connection has this number
  std::unordered_map<std::string, std::size_t> perSource_;
  Waiters<Connection, &Connection::waiterSlot> waiters_;
  bool listening_ = false;  // as the mailbox was told
  Deadlines deadlines_;
  std::vector<std::uint64_t> waitingForTurn_;
  std::string scratch_;
  std::uint64_t nextId_ = 1;
  bool accepting_ = false;
  bool stopping_ = false;
  MonotonicTime acceptAgain_;
  SpareDescriptor spare_;
  MonotonicTime stopBy_;
  std::atomic<bool> stopRequested_{false};
};

}  // namespace clusterkit::http

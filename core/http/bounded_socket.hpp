// A client's socket whose waits all end: at the request's deadline, after too long a silence, or when it is
// told to. Poco's own timeouts hold between two bytes only, so a server that drips could hold a thread for
// ever.
#pragma once

#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/StreamSocket.h>

#include <memory>
#include <string>

#include "http/http_client.hpp"

namespace clusterkit::http {

Poco::Timespan toPoco(std::chrono::milliseconds time);

class BoundedSocket : public Poco::Net::StreamSocket {
 public:
  BoundedSocket(const ClientTimeouts& timeouts, std::shared_ptr<const AbortSwitch> abort);
  // A request begins: its time runs from now on.
  void begin();
};

// A session on such a socket; it is kept over reconnects.
class BoundedSession : public Poco::Net::HTTPClientSession {
 public:
  BoundedSession(const std::string& host, std::uint16_t port, const BoundedSocket& socket)
      : HTTPClientSession(host, port) {
    attachSocket(socket);
  }
};

}  // namespace clusterkit::http

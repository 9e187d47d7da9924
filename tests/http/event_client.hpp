// A client of server-sent events on a plain socket.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "http/raw_client.hpp"

namespace clusterkit::http::test {

struct ServerEvent {
  std::string id, type, data;
  std::string comment;  // of a heartbeat
};

class EventClient {
 public:
  // Asks for `target`; `headers` are lines that end with CR LF.
  EventClient(std::uint16_t port, const std::string& target, const std::string& headers = "");
  EventClient(EventClient&&) = default;

  // Head of the answer; of an error, with its body. Comes once, before the first event.
  std::optional<RawResponse> begin();
  // The next block, whatever is in it; nothing when the connection ends or time is up.
  std::optional<ServerEvent> next();
  // The next `count` events with data; fewer when the stream ends.
  std::vector<ServerEvent> events(std::size_t count);
  RawClient& socket() { return socket_; }

 private:
  RawClient socket_;
};

}  // namespace clusterkit::http::test

// Bytes on their way to one client: small pieces are gathered into one send, large shared bodies are sent
// from where they are. HTTP loop only.
#pragma once

#include <Poco/Net/StreamSocket.h>

#include <deque>
#include <string>

#include "http/message.hpp"

namespace clusterkit::http {

class OutputQueue {
 public:
  // The string to write small pieces to.
  std::string& tail();
  void append(Body body);

  enum class Flush : std::uint8_t { done, blocked, failed };
  // Sends as much as the socket takes. `failed`: the client is gone.
  Flush flush(Poco::Net::StreamSocket& socket);

  bool empty() const { return segments_.empty(); }
  std::size_t size() const;                     // bytes not yet sent
  std::uint64_t sent() const { return sent_; }  // bytes since the connection began

 private:
  struct Segment {
    std::string own;
    Bytes shared;
    std::size_t offset = 0;
    std::string_view rest() const {
      return (shared ? std::string_view(*shared) : std::string_view(own)).substr(offset);
    }
  };
  std::deque<Segment> segments_;
  std::uint64_t sent_ = 0;
};

}  // namespace clusterkit::http

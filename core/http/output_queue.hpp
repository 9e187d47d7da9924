// Bytes on their way to one client: small pieces are gathered into one send, shared ones are sent from where
// they are. HTTP loop only.
#pragma once

#include <Poco/Net/StreamSocket.h>

#include <string>
#include <vector>

#include "http/message.hpp"

namespace clusterkit::http {

class OutputQueue {
 public:
  // Adds bytes that only this client gets.
  void write(std::string_view bytes) {
    writeWith([bytes](std::string& out) { out += bytes; });
  }
  // The same for what is composed in place; `compose` appends to the string it is given.
  template <class Compose>
  void writeWith(Compose compose) {
    std::string& out = tail();
    const std::size_t before = out.size();
    compose(out);
    size_ += out.size() - before;
  }
  // Copies a small body, shares a large one.
  void append(Body body);
  // Never copies: for pieces that many clients get.
  void share(Bytes bytes);

  enum class Flush : std::uint8_t { done, blocked, failed };
  // Sends as much as the socket takes. `failed`: the client is gone.
  Flush flush(Poco::Net::StreamSocket& socket);

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }    // bytes not yet sent
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
  std::string& tail();
  void sentSome(std::size_t bytes);

  std::vector<Segment> segments_;  // those before first_ are out
  std::size_t first_ = 0;
  std::size_t size_ = 0;
  std::uint64_t sent_ = 0;
};

}  // namespace clusterkit::http

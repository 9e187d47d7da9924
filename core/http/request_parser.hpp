// Turns bytes into requests, strictly. The grammar is Boost.Beast's; on top of it every doubt about where a
// request ends is an error, because a server and a proxy that disagree there let one client speak for
// another. Pure: no sockets, no clock. One thread.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "http/errors.hpp"
#include "http/message.hpp"

namespace clusterkit::http {

struct ParserLimits {
  std::size_t targetBytes = 16 * 1024;
  std::size_t headerBytes = 8 * 1024;  // all header lines together, without the request line
  std::size_t headerCount = 100;
  std::size_t bodyBytes = 2 * 1024 * 1024;
};

class RequestParser {
 public:
  explicit RequestParser(const ParserLimits& limits);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  enum class Event : std::uint8_t {
    needMore,  // give the unconsumed bytes again, with more behind them
    head,      // request() has everything but the body; call limitBody, then feed again
    complete,  // request() is whole; take it and call reset
    failed,    // error(); the connection must end after the answer
  };
  struct Step {
    Event event;
    std::size_t consumed;
  };

  // `input` starts with the first byte that was not consumed before.
  Step feed(std::string_view input);

  const Request& request() const;
  const Error& error() const;
  bool hasBody() const;  // after `head`: bytes of a body follow
  // After `head`: the length of the body as announced; of a chunked one, the most it may have.
  std::size_t announcedBody() const;
  // After `head`: a lower limit for this request. False when the announced length is over it.
  bool limitBody(std::size_t bytes);
  // True between the first byte of a request and its end.
  bool started() const;

  Request take();
  void reset();  // ready for the next request

 private:
  class Beast;  // keeps Boost's headers out of this one
  std::unique_ptr<Beast> beast_;
};

}  // namespace clusterkit::http

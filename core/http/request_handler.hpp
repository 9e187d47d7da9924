// What the server asks of those who answer requests.
#pragma once

#include <variant>

#include "http/message.hpp"
#include "http/responder.hpp"

namespace clusterkit::http {

// How large a body this request may bring.
struct BodyLimit {
  std::size_t bytes = 0;
};

class RequestHandler {
 public:
  virtual ~RequestHandler() = default;

  // [loop] The head of a request is in, its body is not yet: either the answer that refuses it, or how much
  // of a body is worth reading.
  virtual std::variant<BodyLimit, Response> admit(const Request& head) = 0;

  // [loop] Must not block. Answers through `responder`, now or later (move it away to keep it). May throw: a
  // RequestError is answered as it says, anything else as 500.
  virtual void handle(const Request& request, Responder& responder) = 0;

  // [loop] For the headers of every answer.
  virtual Position position() const = 0;
};

}  // namespace clusterkit::http

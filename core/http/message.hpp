// A parsed request and an answer, as values. No sockets here.
#pragma once

#include <clusterkit/types.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/errors.hpp"

namespace clusterkit::http {

enum class Method : std::uint8_t { get, head, put, post, del, patch, options, other };

std::string_view nameOf(Method method);

struct Header {
  std::string name;
  std::string value;
};

// In the order they came. Names compare without regard to case.
class Headers {
 public:
  void add(std::string_view name, std::string_view value) {
    list_.push_back({std::string(name), std::string(value)});
  }
  const std::string* find(std::string_view name) const;  // the first one; null when absent
  std::size_t count(std::string_view name) const;
  const std::vector<Header>& all() const { return list_; }
  std::size_t size() const { return list_.size(); }

 private:
  std::vector<Header> list_;
};

struct Request {
  Method method = Method::other;
  std::string path;   // still percent-encoded; starts with '/'
  std::string query;  // still percent-encoded, without '?'
  Headers headers;
  std::string body;
  std::string remoteAddress;  // numeric, without port
  bool keepAlive = true;      // what the client allows
  bool http11 = true;
  bool expectContinue = false;
};

using Bytes = std::shared_ptr<const std::string>;

// Bytes that one answer owns or that many answers share; shared bytes are never copied when they are large.
class Body {
 public:
  Body() = default;
  Body(std::string own) : own_(std::move(own)) {}
  Body(const char* own) : own_(own) {}
  Body(Bytes shared) : shared_(std::move(shared)) {}

  std::string_view view() const { return shared_ ? std::string_view(*shared_) : std::string_view(own_); }
  // Takes the bytes out as a shared value.
  Bytes share() && {
    return shared_ ? std::move(shared_) : std::make_shared<const std::string>(std::move(own_));
  }

 private:
  std::string own_;
  Bytes shared_;
};

inline constexpr std::string_view kJson = "application/json";
inline constexpr std::string_view kPlainText = "text/plain; charset=utf-8";
inline constexpr std::string_view kOctets = "application/octet-stream";
inline constexpr std::string_view kEventStream = "text/event-stream";

// How far the cluster was when an answer was made; in every answer's headers.
struct Position {
  LogIndex index;
  Epoch epoch;
};

struct Response {
  int status = 200;
  std::string_view contentType = kJson;  // refers to a literal
  std::vector<Header> headers;
  Body body;
  std::optional<Position>
      position;        // of the state the answer was read from; otherwise the newest when it is sent
  bool close = false;  // the connection ends with this answer

  // Throws std::invalid_argument for a value with control characters: nothing from outside gets into headers
  // unchecked.
  Response& with(std::string_view name, std::string value);
};

Response jsonResponse(std::string body);
Response errorResponse(const Error& error);

// Status line and headers, the empty line included. A stream ends with its connection: so its pieces need no
// frame around them and are the same bytes for all clients.
enum class Framing : std::uint8_t { length, untilClose };
struct HeadOptions {
  Framing framing = Framing::length;
  bool keepAlive = true;
  bool http11 = true;
  Position position;
};
void appendHead(std::string& out, const Response& response, const HeadOptions& options);

bool equalsIgnoreCase(std::string_view a, std::string_view b);

}  // namespace clusterkit::http

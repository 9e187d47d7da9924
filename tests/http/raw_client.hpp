// A client that sends exactly the bytes it is told to, for requests that no HTTP library would send.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace clusterkit::http::test {

struct RawResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  // The value of a header; names compare without regard to case. Empty when absent.
  std::string header(std::string_view name) const;
};

class RawClient {
 public:
  explicit RawClient(std::uint16_t port);  // throws std::runtime_error when nobody listens
  ~RawClient();
  RawClient(RawClient&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), input_(std::move(other.input_)) {}
  RawClient& operator=(RawClient&&) = delete;

  bool send(std::string_view bytes);  // false when the server has closed
  void endSending();                  // FIN
  void reset();                       // RST, and closed
  void setReceiveBuffer(int bytes);   // so that the server soon cannot write any more

  // The next response with its body by Content-Length; nothing when the connection ends or time is up.
  enum class Body { Expected, None };
  std::optional<RawResponse> receive(Body body = Body::Expected);
  // In two steps: the head, then the body that it announces.
  std::optional<RawResponse> receiveHead();
  std::optional<RawResponse> receiveBody(RawResponse head);
  // Whether the server ends the connection (FIN or RST) without sending anything more within the time.
  bool endsWithin(std::chrono::milliseconds time);
  std::string receiveSome();  // whatever comes next; empty at the end
  // What comes before the next `mark`, which is taken too; nothing when the connection ends or time is up.
  std::optional<std::string> receiveUntil(std::string_view mark);

 private:
  bool fill();

  int fd_ = -1;
  std::string input_;
};

// Sends one request on a connection of its own and gives the answer; status 0 when there is none.
RawResponse exchange(std::uint16_t port, std::string_view request);

}  // namespace clusterkit::http::test

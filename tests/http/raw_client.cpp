#include "http/raw_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace clusterkit::http::test {
namespace {

constexpr int kPatienceMs = 10000;

bool readable(int fd, int timeoutMs) {
  pollfd waiting{fd, POLLIN, 0};
  return ::poll(&waiting, 1, timeoutMs) > 0;
}

}  // namespace

std::string RawResponse::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key.size() == name.size() && ::strncasecmp(key.data(), name.data(), name.size()) == 0) return value;
  }
  return {};
}

RawClient::RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd_ < 0 || ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("nobody listens on port " + std::to_string(port));
  }
}

RawClient::~RawClient() {
  if (fd_ >= 0) ::close(fd_);
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void RawClient::endSending() { ::shutdown(fd_, SHUT_WR); }

void RawClient::reset() {
  const linger hard{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  ::close(std::exchange(fd_, -1));
}

void RawClient::setReceiveBuffer(int bytes) {
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

bool RawClient::fill() {
  std::array<char, 65536> buffer;
  if (!readable(fd_, kPatienceMs)) return false;
  const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
  if (got <= 0) return false;
  input_.append(buffer.data(), static_cast<std::size_t>(got));
  return true;
}

std::string RawClient::receiveSome() {
  if (input_.empty()) fill();
  return std::exchange(input_, {});
}

std::optional<RawResponse> RawClient::receive(Body body) {
  auto response = receiveHead();
  const bool bodiless =
      !response || response->status == 100 || response->status == 204 || response->status == 304;
  if (body == Body::None || bodiless) return response;
  return receiveBody(std::move(*response));
}

std::optional<RawResponse> RawClient::receiveHead() {
  while (input_.find("\r\n\r\n") == std::string::npos) {
    if (!fill()) return std::nullopt;
  }
  RawResponse response;
  const std::size_t headEnd = input_.find("\r\n\r\n") + 2;
  const std::string head = input_.substr(0, headEnd);
  input_.erase(0, headEnd + 2);
  response.status = std::stoi(head.substr(9, 3));
  std::size_t line = head.find("\r\n") + 2;
  while (line < head.size()) {
    const std::size_t end = head.find("\r\n", line);
    const std::size_t colon = head.find(": ", line);
    response.headers.emplace_back(head.substr(line, colon - line), head.substr(colon + 2, end - colon - 2));
    line = end + 2;
  }
  return response;
}

std::optional<RawResponse> RawClient::receiveBody(RawResponse response) {
  const std::size_t size = std::stoul(response.header("Content-Length"));
  while (input_.size() < size) {
    if (!fill()) return std::nullopt;
  }
  response.body = input_.substr(0, size);
  input_.erase(0, size);
  return response;
}

std::optional<std::string> RawClient::receiveUntil(std::string_view mark) {
  std::size_t found = 0;
  while ((found = input_.find(mark)) == std::string::npos) {
    if (!fill()) return std::nullopt;
  }
  std::string before = input_.substr(0, found);
  input_.erase(0, found + mark.size());
  return before;
}

bool RawClient::endsWithin(std::chrono::milliseconds time) {
  if (!input_.empty() || !readable(fd_, static_cast<int>(time.count()))) return false;
  char byte = 0;
  return ::recv(fd_, &byte, 1, 0) <= 0;
}

RawResponse exchange(std::uint16_t port, std::string_view request) {
  RawClient client(port);
  client.send(request);
  return client.receive().value_or(RawResponse{});
}

}  // namespace clusterkit::http::test

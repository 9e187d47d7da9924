#include "support/http.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <functional>
#include <sstream>
#include <utility>

namespace clusterkit::test {
namespace {

using Clock = std::chrono::steady_clock;

class Connection {
 public:
  Connection(const HttpServer& server, std::chrono::milliseconds limit) : deadline_(Clock::now() + limit) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server.port);
    const bool known = ::inet_pton(AF_INET, server.host.c_str(), &address.sin_addr) == 1;
    ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    int error = 0;
    socklen_t size = sizeof error;
    open_ =
        known && wait(POLLOUT) && ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { ::close(fd_); }

  bool open() const { return open_; }

  bool send(const std::string& bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      if (!wait(POLLOUT)) return false;
      const ssize_t n = ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) return false;
      sent += static_cast<std::size_t>(n);
    }
    return true;
  }

  // Reads until `enough` says so, the other side closes, or the time is over.
  std::string receive(const std::function<bool(const std::string&)>& enough) {
    std::string got;
    char buffer[65536];
    while (!enough(got) && wait(POLLIN)) {
      const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
      if (n <= 0) break;
      got.append(buffer, static_cast<std::size_t>(n));
    }
    return got;
  }

 private:
  bool wait(short events) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
    pollfd p{fd_, events, 0};
    return left > 0 && ::poll(&p, 1, static_cast<int>(left)) == 1;
  }

  int fd_ = -1;
  bool open_ = false;
  Clock::time_point deadline_;
};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

// Fills status and headers from a complete head; where the body starts.
std::size_t parseHead(const std::string& bytes, HttpAnswer& answer) {
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string::npos) return 0;
  std::istringstream head(bytes.substr(0, end));
  std::string line;
  std::getline(head, line);
  if (line.size() > 12) answer.status = std::atoi(line.c_str() + 9);
  while (std::getline(head, line)) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos) answer.headers[lower(line.substr(0, colon))] = line.substr(colon + 2);
  }
  return end + 4;
}

bool complete(const std::string& bytes, const std::string& method) {
  HttpAnswer answer;
  const std::size_t start = parseHead(bytes, answer);
  if (start == 0) return false;
  if (method == "HEAD" || answer.status == 204 || answer.status == 304) return true;
  const auto length = answer.headers.find("content-length");
  return length != answer.headers.end() && bytes.size() - start >= std::stoul(length->second);
}

}  // namespace

HttpAnswer http(const HttpServer& server, const HttpRequest& request, std::chrono::milliseconds limit) {
  std::string text = request.method + " " + request.target + " HTTP/1.1\r\nHost: " + server.host + ":" +
                     std::to_string(server.port) + "\r\nConnection: close\r\n";
  for (const auto& [name, value] : request.headers) text += name + ": " + value + "\r\n";
  if (!request.body.empty() || request.method == "PUT" || request.method == "POST")
    text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  text += "\r\n" + request.body;

  Connection connection(server, limit);
  if (!connection.open()) return {};
  connection.send(text);  // a server may answer and close before it has read a long body
  const std::string bytes =
      connection.receive([&](const std::string& got) { return complete(got, request.method); });
  HttpAnswer answer;
  const std::size_t start = parseHead(bytes, answer);
  if (start == 0 || !complete(bytes, request.method)) return {};
  answer.body = bytes.substr(start);
  return answer;
}

std::string rawExchange(const HttpServer& server, const std::string& bytes, std::chrono::milliseconds limit) {
  Connection connection(server, limit);
  if (!connection.open()) return {};
  connection.send(bytes);
  return connection.receive([](const std::string&) { return false; });
}

}  // namespace clusterkit::test

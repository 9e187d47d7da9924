#include "receiver.hpp"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>

namespace clusterkit::webhook {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

Received parseHead(const std::string& head) {
  Received request;
  std::istringstream lines(head);
  std::getline(lines, request.line);
  if (request.line.ends_with('\r')) request.line.pop_back();
  for (std::string line; std::getline(lines, line) && line != "\r";) {
    if (line.ends_with('\r')) line.pop_back();
    const auto colon = line.find(": ");
    if (colon == std::string::npos) throw std::runtime_error("header line without ': ': " + line);
    request.headers[lower(line.substr(0, colon))] = line.substr(colon + 2);
  }
  return request;
}

std::shared_ptr<SSL_CTX> makeTls(const ReceiverTls& files) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (SSL_CTX_use_certificate_chain_file(context.get(), files.certFile.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context.get(), files.keyFile.c_str(), SSL_FILETYPE_PEM) != 1)
    throw std::runtime_error("the receiver's certificate cannot be used");
  if (!files.clientCaFile.empty()) {
    SSL_CTX_load_verify_locations(context.get(), files.clientCaFile.c_str(), nullptr);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return context;
}

}  // namespace

std::string answer(int status, const std::string& headers) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\n" + headers + "Content-Length: 0\r\n\r\n";
}

bool Visitor::more() {
  char bytes[4096];
  const auto n = tls_ != nullptr ? SSL_read(tls_, bytes, sizeof bytes)
                                 : static_cast<int>(::recv(descriptor_, bytes, sizeof bytes, 0));
  if (n <= 0) return false;
  buffer_.append(bytes, static_cast<std::size_t>(n));
  return true;
}

std::optional<Received> Visitor::read() {
  std::size_t end;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
    if (!more()) return std::nullopt;
  Received request = parseHead(buffer_.substr(0, end + 2));
  const std::size_t length = std::stoul(request.headers.at("content-length"));
  while (buffer_.size() < end + 4 + length)
    if (!more()) return std::nullopt;
  request.body = buffer_.substr(end + 4, length);
  buffer_.erase(0, end + 4 + length);
  return request;
}

bool Visitor::send(const std::string& bytes) {
  if (tls_ != nullptr) return SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size())) > 0;
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const auto n = ::send(descriptor_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return false;
    sent += static_cast<std::size_t>(n);
  }
  return true;
}

void Visitor::waitForEnd() {
  while (more()) buffer_.clear();
}

Receiver::Receiver(Script script, std::optional<ReceiverTls> tls)
    : script_(std::move(script)),
      tls_(tls ? makeTls(*tls) : nullptr),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("the receiver cannot listen");
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { acceptAll(); });
}

Receiver::~Receiver() {
  ending_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int descriptor : open_) ::shutdown(descriptor, SHUT_RDWR);
  }
  for (std::thread& visit : visits_) visit.join();
  ::close(listener_);
}

std::string Receiver::url(const std::string& path) const {
  return (tls_ ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port_) + path;
}

Receiver::Script Receiver::always(const std::string& answer) {
  return [answer](Visitor& visitor) {
    while (visitor.read() && visitor.send(answer)) {
    }
  };
}

void Receiver::acceptAll() {
  while (!ending_) {
    const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (descriptor < 0) continue;
    const int number = ++connections_;
    {
      const std::lock_guard lock(mutex_);
      open_.push_back(descriptor);
    }
    visits_.emplace_back([this, descriptor, number] { serve(descriptor, number); });
  }
}

void Receiver::serve(int descriptor, int number) {
  std::unique_ptr<SSL, void (*)(SSL*)> tls(tls_ ? SSL_new(tls_.get()) : nullptr, SSL_free);
  if (tls) SSL_set_fd(tls.get(), descriptor);
  if (!tls || SSL_accept(tls.get()) == 1) {
    Visitor visitor(descriptor, number, tls.get());
    script_(visitor);
    if (tls) SSL_shutdown(tls.get());
  }
  const std::lock_guard lock(mutex_);
  std::erase(open_, descriptor);
  ::close(descriptor);
}

}  // namespace clusterkit::webhook

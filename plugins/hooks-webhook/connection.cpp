#include "connection.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPChunkedStream.h>
#include <Poco/Net/HTTPFixedLengthStream.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <optional>
#include <sstream>
#include <string_view>

namespace clusterkit::webhook {
namespace {

constexpr std::size_t kHeadLimit = 32 * 1024;
constexpr std::size_t kBodyLimit = 64 * 1024;
constexpr int kEnd = -1;

bool endsHead(const std::string& head) { return head.ends_with("\r\n\r\n") || head.ends_with("\n\n"); }

// 101 is final: it would be the last HTTP on this connection.
bool isInterim(int status) { return status / 100 == 1 && status != 101; }

// Many receivers write head and body apart. Nagle's algorithm holds their second packet until the first is
// acknowledged, which the kernel would put off by 40 ms.
void acknowledgeAtOnce(int descriptor) {
  const int yes = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_QUICKACK, &yes, sizeof yes);  // only slower if it fails
}

bool hasNoBody(int status) { return status == 204 || status == 304; }

}  // namespace

void AnswerHead::parse(const std::string& text) {
  // "HTTP/1.1 200 OK"; the words behind the number say nothing to a program.
  static constexpr std::string_view form = "HTTP/1.d ddd";
  const auto fits = [](char wanted, char c) { return wanted == 'd' ? c >= '0' && c <= '9' : c == wanted; };
  const bool isStatusLine = text.size() > form.size() &&
                            std::equal(form.begin(), form.end(), text.begin(), fits) &&
                            std::string_view(" \r\n").find(text[form.size()]) != std::string_view::npos;
  if (!isStatusLine) throw BadAnswer("answered something that is not HTTP/1");
  setVersion(text.substr(0, 8));
  status_ = std::stoi(text.substr(9, 3));
  std::istringstream fields(text.substr(text.find('\n') + 1));
  try {
    clear();
    read(fields);
  } catch (const Poco::Exception&) {
    throw BadAnswer("answered with malformed headers");
  }
}

Connection::Connection(const Poco::Net::StreamSocket& socket)
    : HTTPSession(socket, true), descriptor_(socket.impl()->sockfd()) {}

Answer Connection::post(const std::string& request) {
  std::optional<std::string> sendError;
  try {
    write(request.data(), static_cast<std::streamsize>(request.size()));
  } catch (const Poco::Exception& error) {
    // A receiver that refuses a request early closes before it has read all of it: its answer may be there.
    sendError = error.displayText();
  }
  acknowledgeAtOnce(descriptor_);
  try {
    readHead();
  } catch (const NoAnswer&) {
    if (sendError) throw NoAnswer(*sendError);
    throw;
  }
  while (isInterim(head_.status())) readFurtherHead();
  if (sendError) head_.setKeepAlive(false);
  return {head_.status(), head_.get("Retry-After", "")};
}

void Connection::readHead() {
  std::string head;
  while (!endsHead(head)) {
    if (head.size() == kHeadLimit) throw BadAnswer("sent a head of more than 32 KiB");
    head += static_cast<char>(nextByte(head));
  }
  head_.parse(head);
}

void Connection::readFurtherHead() {
  try {
    readHead();
  } catch (const NoAnswer& error) {
    throw BadAnswer(std::string(error.what()) + " but an interim one");
  }
}

int Connection::nextByte(const std::string& head) {
  std::string why = "closed the connection";
  try {
    const int byte = get();
    if (byte != kEnd) return byte;
  } catch (const Poco::Exception& error) {
    why = error.displayText();
  }
  if (head.empty()) throw NoAnswer(why + " without an answer");
  throw BadAnswer(why + " within the head of its answer");
}

bool Connection::finish() noexcept {
  try {
    if (!head_.getKeepAlive()) return false;
    if (!hasNoBody(head_.status())) {
      if (head_.getChunkedTransferEncoding()) {
        Poco::Net::HTTPChunkedInputStream body(*this);
        if (!discard(body)) return false;
      } else if (head_.hasContentLength()) {
        const auto length = head_.getContentLength64();
        if (length < 0 || length > static_cast<std::int64_t>(kBodyLimit)) return false;
        Poco::Net::HTTPFixedLengthInputStream body(*this, length);
        if (!discard(body)) return false;
      } else {
        return false;  // it ends with the connection
      }
    }
    return buffered() == 0 && networkException() == nullptr;
  } catch (...) {
    return false;  // the answer has been taken; only the connection is lost
  }
}

bool Connection::discard(std::istream& body) {
  std::array<char, 4096> bytes;
  std::size_t total = 0;
  while (body.read(bytes.data(), bytes.size()), body.gcount() > 0) {
    total += static_cast<std::size_t>(body.gcount());
    if (total > kBodyLimit) return false;
  }
  return !body.bad();
}

bool Connection::silent() {
  pollfd readable{descriptor_, POLLIN, 0};
  return ::poll(&readable, 1, 0) == 0;
}

void Connection::cut() noexcept { ::shutdown(descriptor_, SHUT_RDWR); }

}  // namespace clusterkit::webhook

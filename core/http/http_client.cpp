#include "http/http_client.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/StreamCopier.h>

#include <istream>
#include <ostream>

#include "http/bounded_socket.hpp"
#include "http/query.hpp"

namespace clusterkit::http {
namespace {

// More than any answer of the API is; protects the client from a server that never ends.
constexpr std::size_t kLargestAnswer = 64 * 1024 * 1024;

struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};

HostPort parseAddress(std::string address) {
  const std::string original = address;
  if (address.starts_with("http://")) address.erase(0, 7);
  while (address.ends_with('/')) address.pop_back();
  const std::size_t colon = address.rfind(':');
  const auto port =
      colon == std::string::npos ? std::nullopt : parseDecimal(std::string_view(address).substr(colon + 1));
  if (!port || *port == 0 || *port > 65535 || address.find('/') != std::string::npos) {
    throw std::invalid_argument("'" + original + "' is no address; it should look like 127.0.0.1:8080");
  }
  std::string host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty()) host = "127.0.0.1";
  return {std::move(host), static_cast<std::uint16_t>(*port)};
}

std::string readAll(std::istream& in) {
  std::string body;
  char buffer[16384];
  while (in.read(buffer, sizeof buffer) || in.gcount() > 0) {
    body.append(buffer, static_cast<std::size_t>(in.gcount()));
    if (body.size() > kLargestAnswer) throw Poco::IOException("the answer is too large");
  }
  return body;
}

}  // namespace

struct HttpClient::Session {
  Session(const HostPort& address, const ClientTimeouts& timeouts, std::shared_ptr<const AbortSwitch> abort)
      : socket(timeouts, std::move(abort)), http(address.host, address.port, socket) {}
  BoundedSocket socket;
  BoundedSession http;
  bool used = false;

  ClientAnswer exchange(Poco::Net::HTTPRequest& request, const std::string& body) {
    std::ostream& out = http.sendRequest(request);
    out << body;
    out.flush();
    Poco::Net::HTTPResponse response;
    std::istream& in = http.receiveResponse(response);
    ClientAnswer answer;
    answer.status = static_cast<int>(response.getStatus());
    for (const auto& [name, value] : response) answer.headers.add(name, value);
    answer.body = readAll(in);
    // Poco ends a body that was cut short like one that was whole.
    const bool hasLength = response.hasContentLength() && request.getMethod() != "HEAD";
    if (hasLength && response.getContentLength64() != static_cast<Poco::Int64>(answer.body.size())) {
      throw Poco::IOException("the answer was cut short");
    }
    used = true;
    return answer;
  }
};

HttpClient::HttpClient(const std::string& address, ClientTimeouts timeouts,
                       std::shared_ptr<const AbortSwitch> abort)
    : address_(address),
      session_(std::make_unique<Session>(parseAddress(address), timeouts, std::move(abort))) {
  session_->http.setKeepAlive(true);
  session_->http.setTimeout(toPoco(timeouts.connect), toPoco(timeouts.answer), toPoco(timeouts.answer));
}

HttpClient::~HttpClient() = default;

bool isAddress(const std::string& text) {
  try {
    parseAddress(text);
    return true;
  } catch (const std::invalid_argument&) {
    return false;
  }
}

ClientAnswer HttpClient::get(const std::string& target, const std::vector<Header>& headers) {
  return send(Method::get, target, {}, headers);
}
ClientAnswer HttpClient::put(const std::string& target, const std::string& body,
                             const std::vector<Header>& headers) {
  return send(Method::put, target, body, headers);
}
ClientAnswer HttpClient::post(const std::string& target, const std::string& body,
                              const std::vector<Header>& headers) {
  return send(Method::post, target, body, headers);
}
ClientAnswer HttpClient::del(const std::string& target, const std::vector<Header>& headers) {
  return send(Method::del, target, {}, headers);
}

ClientAnswer HttpClient::send(Method method, const std::string& target, const std::string& body,
                              const std::vector<Header>& headers) {
  Poco::Net::HTTPRequest request(std::string(nameOf(method)), target, Poco::Net::HTTPMessage::HTTP_1_1);
  if (method == Method::put || method == Method::post) {
    request.setContentLength64(static_cast<Poco::Int64>(body.size()));
    if (method == Method::post && !body.empty()) request.setContentType(std::string(kJson));
  }
  for (const Header& header : headers) request.set(header.name, header.value);
  ClientError::Reached reached = ClientError::Reached::No;
  session_->socket.begin();
  for (;;) {
    try {
      // A connection that was refused or not made in time has carried nothing; any other failure may have.
      if (!session_->http.connected()) reached = ClientError::Reached::No;
      return session_->exchange(request, body);
    } catch (const Poco::Net::ConnectionRefusedException& failure) {
      session_->http.reset();
      throw ClientError(reached, address_ + " does not answer: connection refused");
    } catch (const Poco::Exception& failure) {
      session_->http.reset();
      const bool again = method == Method::get && std::exchange(session_->used, false);
      if (again) continue;
      throw ClientError(ClientError::Reached::Possibly,
                        address_ + " does not answer: " + failure.displayText());
    }
  }
}

}  // namespace clusterkit::http

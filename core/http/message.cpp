#include "http/message.hpp"

#include <algorithm>
#include <stdexcept>

namespace clusterkit::http {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

void appendHeader(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

}  // namespace

bool equalsIgnoreCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view nameOf(Method method) {
  switch (method) {
    case Method::get: return "GET";
    case Method::head: return "HEAD";
    case Method::put: return "PUT";
    case Method::post: return "POST";
    case Method::del: return "DELETE";
    case Method::patch: return "PATCH";
    case Method::options: return "OPTIONS";
    case Method::other: break;
  }
  return "other";
}

const std::string* Headers::find(std::string_view name) const {
  for (const Header& header : list_) {
    if (equalsIgnoreCase(header.name, name)) return &header.value;
  }
  return nullptr;
}

std::size_t Headers::count(std::string_view name) const {
  return static_cast<std::size_t>(std::count_if(
      list_.begin(), list_.end(), [&](const Header& h) { return equalsIgnoreCase(h.name, name); }));
}

Response& Response::with(std::string_view name, std::string value) {
  const auto isControl = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(value.begin(), value.end(), isControl)) {
    throw std::invalid_argument("a control character in response header " + std::string(name));
  }
  headers.push_back({std::string(name), std::move(value)});
  return *this;
}

Response jsonResponse(std::string body) {
  Response response;
  response.body = Body(std::move(body));
  return response;
}

Response errorResponse(const Error& error) {
  Response response;
  response.status = statusOf(error.code);
  response.body = Body(errorBody(error));
  if (wantsRetryAfter(error.code)) response.with("Retry-After", std::to_string(error.retryAfter.count()));
  return response;
}

void appendHead(std::string& out, const Response& response, const HeadOptions& options) {
  out += "HTTP/1.1 ";
  out += std::to_string(response.status);
  out += ' ';
  out += reasonPhrase(response.status);
  out += "\r\n";
  const bool bodiless = response.status == 204 || response.status == 304;
  if (!bodiless) {
    appendHeader(out, "Content-Type", response.contentType);
    if (options.framing == Framing::length) {
      appendHeader(out, "Content-Length", std::to_string(response.body.view().size()));
    }
  }
  for (const Header& header : response.headers) appendHeader(out, header.name, header.value);
  const Position position = response.position.value_or(options.position);
  appendHeader(out, "X-ClusterKit-Index", std::to_string(position.index.value));
  appendHeader(out, "X-ClusterKit-Epoch", std::to_string(position.epoch.value));
  if (!options.keepAlive) appendHeader(out, "Connection", "close");
  if (options.keepAlive && !options.http11) appendHeader(out, "Connection", "keep-alive");
  out += "\r\n";
}

}  // namespace clusterkit::http

#include "http/event_client.hpp"

namespace clusterkit::http::test {

EventClient::EventClient(std::uint16_t port, const std::string& target, const std::string& headers)
    : socket_(port) {
  socket_.send("GET " + target + " HTTP/1.1\r\nHost: test\r\nAccept: text/event-stream\r\n" + headers +
               "\r\n");
}

std::optional<RawResponse> EventClient::begin() {
  auto head = socket_.receiveHead();
  if (head && !head->header("Content-Length").empty()) return socket_.receiveBody(std::move(*head));
  return head;
}

std::optional<ServerEvent> EventClient::next() {
  const auto block = socket_.receiveUntil("\n\n");
  if (!block) return std::nullopt;
  ServerEvent event;
  std::size_t line = 0;
  while (line < block->size()) {
    const std::size_t end = std::min(block->find('\n', line), block->size());
    const std::string text = block->substr(line, end - line);
    const auto value = [&](std::string_view name) {
      return text.starts_with(name) ? std::optional(text.substr(name.size())) : std::nullopt;
    };
    if (const auto id = value("id: ")) event.id = *id;
    if (const auto type = value("event: ")) event.type = *type;
    if (const auto data = value("data: ")) event.data = *data;
    if (const auto comment = value(": ")) event.comment = *comment;
    line = end + 1;
  }
  return event;
}

std::vector<ServerEvent> EventClient::events(std::size_t count) {
  std::vector<ServerEvent> got;
  while (got.size() < count) {
    auto event = next();
    if (!event) break;
    if (!event->data.empty()) got.push_back(std::move(*event));
  }
  return got;
}

}  // namespace clusterkit::http::test

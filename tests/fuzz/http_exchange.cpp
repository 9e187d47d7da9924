#include "fuzz/http_exchange.hpp"

#include <sys/socket.h>

#include "fuzz/paired_socket.hpp"
#include "fuzz/require.hpp"

namespace clusterkit::fuzz {
namespace {

constexpr std::size_t kScratchBytes = 64 * 1024;

}  // namespace

void TwoSinks::listSinks(http::Callback<std::vector<http::SinkView>> done) {
  done(std::vector<http::SinkView>{sinkOf("audit"), sinkOf("hook")});
}

void TwoSinks::controlSink(std::string name, http::SinkControl control, http::Callback<http::SinkView> done) {
  if (name != "audit" && name != "hook")
    return done(http::Failure{http::FailureKind::NotFound, "this node has no sink '" + name + "'"});
  if (std::holds_alternative<http::ReloadSink>(control))
    return done(http::Failure{http::FailureKind::Unsupported, "there is no configuration to read again"});
  done(sinkOf(name));
}

http::SinkView TwoSinks::sinkOf(const std::string& name) {
  http::SinkView sink;
  sink.name = name;
  sink.plugin = "script";
  sink.scope = "every";
  sink.state = "running";
  return sink;
}

HttpExchange::HttpExchange()
    : environment_{options_, api_, stats_, std::make_shared<http::Mailbox>(-1), 0},
      scratch_(kScratchBytes, '\0'),
      now_(std::chrono::steady_clock::now()) {
  environment_.mailbox->adoptThread();
  cluster_.view.lastSync = WallTime{};  // an age would be another one in every answer
  auto [client, server] = makePairedSockets();
  client.setBlocking(false);
  server.setBlocking(false);
  client_ = client;
  connection_ = std::make_unique<http::Connection>(1, server, environment_, now_);
}

void HttpExchange::send(std::string_view bytes) {
  while (!bytes.empty() && !connection_->finished()) {
    const auto piece = bytes.substr(0, kScratchBytes);
    if (client_.sendBytes(piece.data(), static_cast<int>(piece.size())) != static_cast<int>(piece.size()))
      return;
    bytes.remove_prefix(piece.size());
    work();
  }
}

void HttpExchange::end() {
  client_.shutdownSend();
  work();
  if (!connection_->finished()) connection_->stopSoon(now_);
  work();
}

// As the loop does it: everything that can go on goes on, until nothing does.
void HttpExchange::work() {
  for (int turns = 0; turns < 1000 && !connection_->finished(); ++turns) {
    connection_->onReadable(scratch_, now_);
    if (connection_->wantsWrite()) connection_->onWritable(now_);
    for (http::Delivery& delivery : environment_.mailbox->takeLocal()) {
      connection_->onDelivery(std::move(delivery), now_);
      connection_->onWritable(now_);
    }
    waited_ = waited_ || connection_->waits();
    const std::size_t before = answered_.size();
    takeAnswers();
    if (!connection_->wantsResume() && answered_.size() == before) return;
    connection_->resume(now_);
  }
  takeAnswers();
  require(connection_->finished() || !connection_->wantsResume(), "a connection comes to rest");
}

void HttpExchange::takeAnswers() {
  char bytes[16 * 1024];
  for (;;) {
    const ssize_t size = ::recv(client_.impl()->sockfd(), bytes, sizeof bytes, MSG_DONTWAIT);
    if (size <= 0) return;
    answered_.append(bytes, static_cast<std::size_t>(size));
  }
}

}  // namespace clusterkit::fuzz

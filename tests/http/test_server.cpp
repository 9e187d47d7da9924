#include "http/test_server.hpp"

#include <stdexcept>

#include "http/raw_client.hpp"

namespace clusterkit::http::test {
namespace {

Response plain(std::string text) {
  Response response;
  response.contentType = kPlainText;
  response.body = Body(std::move(text));
  return response;
}

}  // namespace

TestHandler::TestHandler() {
  router_.add({Method::get, "/hello", 0, [](Call& call) { call.responder.respond(plain("hello")); }});
  router_.add({Method::put, "/store/{key...}", kStoreLimit, [this](Call& call) { put(call); }});
  router_.add({Method::post, "/store/{key...}", kStoreLimit, [this](Call& call) { put(call); }});
  router_.add({Method::get, "/keep", 0, [this](Call& call) {
                 const std::lock_guard lock(mutex_);
                 responders_.push_back(std::move(call.responder));
                 kept_.notify_all();
               }});
  router_.add(
      {Method::get, "/drop", 0, [](Call& call) { const Responder dropped = std::move(call.responder); }});
  router_.add({Method::get, "/throw", 0, [](Call&) { throw std::runtime_error("broken on purpose"); }});
  router_.add({Method::get, "/throw-number", 0, [](Call&) { throw 7; }});
  router_.add({Method::get, "/refuse", 0,
               [](Call&) { throw RequestError(ErrorCode::conflict, "refused on purpose", Applied::no); }});
  router_.add({Method::get, "/split-header", 0, [](Call& call) {
                 Response response = plain("never");
                 response.with("X-Key", "a\r\nSet-Cookie: stolen=1");
                 call.responder.respond(std::move(response));
               }});
  const auto big = std::make_shared<const std::string>(kBigBytes, 'x');
  router_.add({Method::get, "/big", 0, [big](Call& call) {
                 Response response = plain("");
                 response.body = Body(big);
                 call.responder.respond(std::move(response));
               }});
}

void TestHandler::put(Call& call) {
  const std::lock_guard lock(mutex_);
  stored_[call.path.at(0)] = call.request.body;
  call.responder.respond(plain("stored " + std::to_string(call.request.body.size())));
}

std::variant<BodyLimit, Response> TestHandler::admit(const Request& head) {
  auto found = router_.resolve(head);
  if (auto* refusal = std::get_if<Response>(&found)) return std::move(*refusal);
  return BodyLimit{std::get<const Route*>(found)->bodyLimit};
}

void TestHandler::handle(const Request& request, Responder& responder) {
  {
    const std::lock_guard lock(mutex_);
    seen_.push_back(std::string(nameOf(request.method)) + " " + request.path);
  }
  const auto found = router_.resolve(request);
  const Route* route = std::get<const Route*>(found);
  const std::vector<std::string> path = Router::parameters(*route, request.path);
  Call call{request, path, responder};
  route->endpoint(call);
}

Responder TestHandler::takeKept() {
  std::unique_lock lock(mutex_);
  if (!kept_.wait_for(lock, std::chrono::seconds(10), [this] { return !responders_.empty(); })) {
    throw std::runtime_error("no request reached /keep");
  }
  Responder first = std::move(responders_.front());
  responders_.pop_front();
  return first;
}

std::map<std::string, std::string> TestHandler::stored() const {
  const std::lock_guard lock(mutex_);
  return stored_;
}

std::vector<std::string> TestHandler::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

ServerOptions onFreePort(ServerOptions options) {
  options.listen = "127.0.0.1:0";
  return options;
}

TestServer::TestServer(ServerOptions options) : server_(onFreePort(std::move(options)), handler_) {
  server_.start();
}

bool TestServer::answers() const {
  const auto begin = std::chrono::steady_clock::now();
  const RawResponse response = exchange(port(), "GET /hello HTTP/1.1\r\nHost: test\r\n\r\n");
  return response.status == 200 && response.body == "hello" &&
         std::chrono::steady_clock::now() - begin < std::chrono::seconds(1);
}

}  // namespace clusterkit::http::test

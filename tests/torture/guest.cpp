#include "torture/guest.hpp"

namespace clusterkit::test {

Guest::Guest(TestNode& node, std::vector<HttpServer> others, std::uint64_t seed)
    : node_(node), others_(std::move(others)), dice_(seed), thread_([this] { work(); }) {}

void Guest::stop() {
  stopped_ = true;
  if (thread_.joinable()) thread_.join();
}

void Guest::work() {
  while (!stopped_) {
    node_.loseData();
    node_.start();
    eventually([&] { return stopped_ || !node_.running() || node_.ready(); }, 60s);
    const bool came = node_.running() && node_.ready();
    std::this_thread::sleep_for(dice_.between(Duration(0), Duration(2s)));
    eventually([&] { return stopped_ || removed(); }, 60s);
    if (stopped_) return;
    // One that is removed and hears of it ends by itself. Who would tell it may be away.
    const auto code = node_.process().waitExit(20s);
    if (code && *code != 0) wrong_.push_back(node_.id() + " ended with " + std::to_string(*code));
    if (!code) node_.kill9();
    visits_ += came && code ? 1 : 0;
  }
}

// An answer that was lost may have been that of the removal: then it is not there any more.
bool Guest::removed() {
  const HttpRequest request{.method = "DELETE", .target = "/v1/nodes/" + node_.id()};
  const HttpAnswer answer = http(dice_.pick(others_), request, 3s);
  return answer.status == 200 || answer.status == 404;
}

bool Guest::leave() {
  return eventually([&] { return removed(); }, 30s);
}

}  // namespace clusterkit::test

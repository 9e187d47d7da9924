#include "torture/guest.hpp"

#include <signal.h>

namespace clusterkit::test {

Guest::Guest(TestNode& node, std::vector<HttpServer> others, std::uint64_t seed)
    : node_(node), others_(std::move(others)), dice_(seed), thread_([this] { work(); }) {}

void Guest::stop() {
  stopped_ = true;
  if (thread_.joinable()) thread_.join();
}

void Guest::work() {
  while (!stopped_) {
    visit_ = "visit-" + std::to_string(dice_.next());
    node_.loseData();
    node_.start();
    eventually([&] { return stopped_ || !node_.running() || node_.ready(); }, 60s);
    const bool came = node_.running() && node_.ready();
    std::this_thread::sleep_for(dice_.between(Duration(0), Duration(2s)));
    eventually([&] { return stopped_ || removed(); }, 60s);
    if (stopped_) return;
    // One that is removed and hears of it ends by itself. Who would tell it may be away.
    const bool ended = hasEnded(20s);
    if (!ended) node_.kill9();
    visits_ += came && ended ? 1 : 0;
  }
}

bool Guest::hasEnded(std::chrono::milliseconds limit) {
  const auto code = node_.process().waitExit(limit);
  if (code && *code != 0) wrong_.push_back(node_.id() + " ended with " + std::to_string(*code));
  return code.has_value();
}

// Under its key the removal is the leader's to decide, and is done once. One that was never let in is not
// there.
bool Guest::removed() {
  const HttpRequest request{
      .method = "DELETE", .target = "/v1/nodes/" + node_.id(), .headers = {{"Idempotency-Key", visit_}}};
  const HttpAnswer answer = http(dice_.pick(others_), request, 3s);
  return answer.status == 200 || answer.status == 404;
}

bool Guest::leave() {
  if (!eventually([&] { return removed(); }, 30s)) return false;
  if (node_.process().waitExit(10s)) return hasEnded(0ms);
  node_.process().signal(SIGTERM);  // it was never let in, and goes on asking
  return hasEnded(20s);
}

}  // namespace clusterkit::test

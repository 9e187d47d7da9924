#include "torture/followers.hpp"

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Parser.h>

#include <algorithm>
#include <sstream>

namespace clusterkit::test {
namespace {

using namespace std::chrono_literals;
using Poco::JSON::Array;
using Poco::JSON::Object;

constexpr auto kPatience = 3s;  // with one poll, which itself waits for a second

std::string textOf(const Object& json) {
  std::ostringstream out;
  json.stringify(out);
  return out.str();
}

}  // namespace

Followers::Followers(std::vector<HttpServer> servers, std::size_t threads, std::uint64_t seed)
    : servers_(std::move(servers)), at_(threads) {
  for (std::size_t i = 0; i < threads; ++i)
    threads_.emplace_back([this, i, own = seed + i + 1] { follow(i, own); });
}

void Followers::stop() {
  stopped_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

std::uint64_t Followers::slowest() const { return *std::min_element(at_.begin(), at_.end()); }

// Stays at a node while it answers, and comes to others that may be far behind, or be ahead.
void Followers::follow(std::size_t number, std::uint64_t seed) {
  sim::Dice dice(seed);
  HttpServer server = dice.pick(servers_);
  while (!stopped_) {
    const std::uint64_t since = at_[number];
    const HttpAnswer answer =
        httpGet(server, "/v1/events?wait=1s&limit=1000&since=" + std::to_string(since), kPatience);
    if (answer.status == 200) at_[number] = take(answer.body, since);
    if (answer.status != 200 || dice.oneIn(20)) server = dice.pick(servers_);
    // A node that is only just starting says so.
    if (answer.status == 200 || answer.status == 0 || answer.status == 503) continue;
    const std::lock_guard lock(mutex_);
    wrong_.push_back("since " + std::to_string(since) + ": " + std::to_string(answer.status) + " " +
                     answer.body);
  }
}

// Returns the number of the last event.
std::uint64_t Followers::take(const std::string& body, std::uint64_t since) {
  const auto answer = Poco::JSON::Parser().parse(body).extract<Object::Ptr>();
  const Array::Ptr events = answer->getArray("events");
  const std::lock_guard lock(mutex_);
  for (unsigned i = 0; i < events->size(); ++i) {
    const Object::Ptr event = events->getObject(i);
    const auto seq = event->getValue<std::uint64_t>("seq");
    if (seq != since + 1) wrong_.push_back("after " + std::to_string(since) + " came " + std::to_string(seq));
    since = seq;
    KeyVersion write;
    if (event->getValue<std::string>("type") == "value_change")
      write = {event->getValue<std::string>("key"), event->getValue<std::uint64_t>("version")};
    compare(seq, textOf(*event), write);
  }
  return since;
}

void Followers::compare(std::uint64_t seq, const std::string& line, const KeyVersion& write) {
  const auto [known, fresh] = told_.emplace(seq, line);
  if (!fresh && known->second != line) wrong_.push_back(known->second + " is elsewhere " + line);
  if (fresh && !write.key.empty()) writes_.insert(write);
}

}  // namespace clusterkit::test

#include "cli/events_command.hpp"

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/ParseHandler.h>
#include <Poco/JSON/Parser.h>

#include <chrono>
#include <iostream>
#include <optional>
#include <set>
#include <sstream>
#include <thread>

#include "http/query.hpp"

namespace clusterkit::cli {
namespace {

using namespace std::chrono_literals;
using Poco::JSON::Object;

constexpr auto kPause = 1s;           // before a node that did not answer is asked again
constexpr const char* kWait = "10s";  // of one long poll: shorter than the client's patience

struct Wish {
  bool follow = false;
  std::optional<std::uint64_t> since;
  std::string types;
};

Wish wishOf(const std::vector<std::string>& arguments) {
  Wish wish;
  for (const std::string& word : arguments) {
    if (word == "--follow")
      wish.follow = true;
    else if (const auto number = http::parseDecimal(word))
      wish.since = number;
    else if (word.starts_with("-"))
      throw UsageError("events '" + word + "': allowed are --follow, a number, and types of events");
    else
      wish.types = word;
  }
  return wish;
}

// In the order of the fields, which is the order that people know from the documentation.
Object::Ptr parseInOrder(const std::string& json) {
  Poco::JSON::Parser parser(new Poco::JSON::ParseHandler(true));
  return parser.parse(json).extract<Object::Ptr>();
}

std::string jsonOf(const Poco::Dynamic::Var& value) {
  std::ostringstream out;
  Poco::JSON::Stringifier::stringify(value, out);
  return out.str();
}

class Follower {
 public:
  Follower(const Session& session, Wish wish) : session_(session), wish_(std::move(wish)) {}

  void run() {
    if (!wish_.since) wish_.since = wish_.follow ? place("last_seq") : place("oldest_seq") - 1;
    while (step() || wish_.follow) {
    }
  }

 private:
  std::string target() const {
    std::string out = "/v1/events?limit=1000&since=" + std::to_string(*wish_.since);
    if (!wish_.types.empty()) out += "&types=" + http::percentEncode(wish_.types);
    return out + "&wait=" + (wish_.follow ? kWait : "0s");
  }

  // An answer without `since` is where the journal stands.
  std::uint64_t place(const std::string& name) const {
    return parseInOrder(checked(session_.client.get("/v1/events")))->getValue<std::uint64_t>(name);
  }

  // Prints what comes next. False when there is nothing more now.
  bool step() {
    std::optional<http::ClientAnswer> answer;
    try {
      answer = session_.client.get(target());
    } catch (const http::ClientError& silent) {
      if (!wish_.follow) throw;
      return pause(silent.what());
    }
    if (wish_.follow && answer->status == 503) return pause("the node is not ready");
    if (wish_.follow && answer->status == 410) return skipGap(*answer);
    const Object::Ptr page = parseInOrder(checked(*answer));
    const Poco::JSON::Array::Ptr list = page->getArray("events");
    for (const auto& event : *list) print(jsonOf(event));
    const auto last = page->getValue<std::uint64_t>("last_seq");
    const bool moved = last != *wish_.since;
    wish_.since = last;
    if (moved) told_ = false;
    return moved;
  }

  void print(const std::string& json) const {
    session_.out << (session_.output == Output::Json ? json : eventText(json)) << std::endl;
  }

  bool skipGap(const http::ClientAnswer& answer) {
    const std::string* oldest = answer.headers.find("X-ClusterKit-Oldest-Seq");
    const auto number = oldest != nullptr ? http::parseDecimal(*oldest) : std::nullopt;
    if (!number) throw RequestRefused("the node does not say which event is the oldest");
    std::cerr << "clusterkit: the events from " << *wish_.since + 1 << " to " << *number - 1
              << " are not kept any more\n";
    wish_.since = *number - 1;
    return true;
  }

  // Said once, however long it lasts.
  bool pause(const std::string& why) {
    if (!std::exchange(told_, true)) std::cerr << "clusterkit: " << why << "; asking again\n";
    std::this_thread::sleep_for(kPause);
    return true;
  }

  const Session& session_;
  Wish wish_;
  bool told_ = false;
};

}  // namespace

std::string eventText(const std::string& json) {
  const Object::Ptr event = parseInOrder(json);
  std::string out = event->getValue<std::string>("seq") + " " + event->getValue<std::string>("timestamp") +
                    " " + event->getValue<std::string>("type");
  static const std::set<std::string> shown = {"seq", "timestamp", "type", "id", "index", "epoch"};
  for (const std::string& name : event->getNames()) {
    if (shown.contains(name)) continue;
    const auto value = event->get(name);
    out += " " + name + "=" + (value.isString() ? value.toString() : jsonOf(value));
  }
  return out;
}

void events(const Session& session, const std::vector<std::string>& arguments) {
  Follower(session, wishOf(arguments)).run();
}

}  // namespace clusterkit::cli

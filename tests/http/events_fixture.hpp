// The API in front of a cluster whose events a test causes one by one.
#pragma once

#include <string>

#include "cluster/event_json.hpp"
#include "http/api_fixture.hpp"
#include "http/event_client.hpp"
#include "support/eventually.hpp"

namespace clusterkit::http::test {

using clusterkit::test::eventually;

class EventsTest : public ApiTest {
 protected:
  using ApiTest::ApiTest;

  std::uint64_t newest() const { return cluster_.state()->nextEvent.value - 1; }
  std::uint64_t oldest() const { return cluster_.state()->oldestEvent().value; }
  // Each write is one event; gives the number of the last one.
  std::uint64_t writeValues(int count, const std::string& key = "k") {
    for (int i = 0; i < count; ++i) cluster_.apply(SetValue{key, std::to_string(i), {}});
    return newest();
  }
  void forgetHistory() { writeValues(static_cast<int>(cluster_.state()->facts->eventsRetain) + 10); }
  std::string path(std::uint64_t since, const std::string& more = "") const {
    return "/v1/events?since=" + std::to_string(since) + more;
  }
  std::string lineOf(std::uint64_t seq) const {
    return eventJson(*cluster_.state()->findEvent(EventSeq(seq)));
  }
  // The body of an answer with the events from `first` to `last`.
  std::string bodyOf(std::uint64_t first, std::uint64_t last) const {
    std::string events;
    for (std::uint64_t seq = first; seq <= last; ++seq) events += (events.empty() ? "" : ",") + lineOf(seq);
    return "{\"events\":[" + events + "],\"last_seq\":" + std::to_string(last) +
           ",\"oldest_seq\":" + std::to_string(oldest()) + "}";
  }
  bool nobodyIsConnected() {
    return eventually([this] { return server_.stats().open == 0; });
  }
};

}  // namespace clusterkit::http::test

#include "event_items.hpp"

#include <Poco/JSON/Handler.h>
#include <Poco/JSON/Parser.h>

#include <clusterkit/plugin.hpp>
#include <limits>

namespace clusterkit::script {
namespace {

using Kind = EventItem::Kind;

class Recorder final : public Poco::JSON::Handler {
 public:
  explicit Recorder(std::vector<EventItem>& items) : items_(items) {}

  void reset() override {}
  void startObject() override { open(Kind::object); }
  void endObject() override { close(); }
  void startArray() override { open(Kind::array); }
  void endArray() override { close(); }
  void key(const std::string& name) override { items_.push_back({Kind::key, 0, 0, 0, name}); }
  void null() override { items_.push_back({Kind::null, nextPlace()}); }
  void value(int v) override { integer(v); }
  void value(unsigned v) override { integer(v); }
  void value(Poco::Int64 v) override { integer(v); }
  void value(Poco::UInt64 v) override {
    if (v <= static_cast<Poco::UInt64>(std::numeric_limits<std::int64_t>::max()))
      integer(static_cast<std::int64_t>(v));
    else
      value(static_cast<double>(v));
  }
  void value(const std::string& v) override { items_.push_back({Kind::text, nextPlace(), 0, 0, v}); }
  void value(double v) override { items_.push_back({Kind::number, nextPlace(), 0, v}); }
  void value(bool v) override { items_.push_back({Kind::boolean, nextPlace(), v ? 1 : 0}); }

 private:
  struct Open {
    bool array;
    std::int64_t place;    // its own
    std::int64_t members;  // of an array, so far
  };

  void integer(std::int64_t v) { items_.push_back({Kind::integer, nextPlace(), v}); }
  std::int64_t nextPlace() {
    if (open_.empty()) return EventItem::kOutermost;
    return open_.back().array ? ++open_.back().members : EventItem::kInObject;
  }
  void open(Kind kind) {
    const std::int64_t place = nextPlace();
    items_.push_back({kind, place});
    open_.push_back({kind == Kind::array, place, 0});
  }
  void close() {
    items_.push_back({Kind::end, open_.back().place});
    open_.pop_back();
  }

  std::vector<EventItem>& items_;
  std::vector<Open> open_;
};

}  // namespace

std::vector<EventItem> itemsOf(const std::string& json) {
  std::vector<EventItem> items;
  try {
    Poco::JSON::Parser(Poco::JSON::Handler::Ptr(new Recorder(items))).parse(json);
  } catch (const Poco::Exception& e) {
    throw Error(CK_INVALID, "the event is no JSON: " + e.displayText());
  }
  if (items.empty() || items.front().kind != Kind::object)
    throw Error(CK_INVALID, "the event is no JSON object");
  return items;
}

}  // namespace clusterkit::script

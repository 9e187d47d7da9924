// C++ SDK for hook sinks: derive from Sink, write one deliver, then CK_SINK(Class, "id", "version",
// "summary"). deliver may block: it runs on the sink's own worker, one event at a time.
#pragma once

#include "plugin.hpp"
#include "sink.h"

namespace clusterkit {

// A view of one event; valid until deliver returns.
class Event {
 public:
  explicit Event(const ck_event& raw) : raw_(raw) {}
  std::uint64_t seq() const { return raw_.seq; }
  std::uint64_t index() const { return raw_.index; }
  std::uint64_t epoch() const { return raw_.epoch; }
  std::uint32_t attempt() const { return raw_.attempt; }
  std::string_view type() const { return raw_.type; }
  std::string_view subject() const { return raw_.subject; }
  std::string_view json() const { return view(raw_.json); }
  const ck_event& raw() const { return raw_; }

 private:
  const ck_event& raw_;
};

// What became of a delivery. Throwing clusterkit::Error(CK_RETRY, text) is a retry with that text.
struct Verdict {
  ck_status status = CK_OK;
  std::string text;
};
inline Verdict ack() { return {}; }
inline Verdict retry(std::string why) { return {CK_RETRY, std::move(why)}; }
inline Verdict reject(std::string why) { return {CK_INVALID, std::move(why)}; }  // goes to the dead letters

class Sink {
 public:
  virtual ~Sink() = default;
  virtual Verdict deliver(const Event& event) = 0;
};

namespace sdk {

template <class T>
struct SinkTraits {
  static ck_status deliver(void* s, const ck_event* event, ck_error* error) noexcept {
    return guardedError<T>(s, error, [&](T& o) {
      const Verdict verdict = o.deliver(Event(*event));
      return verdict.status == CK_OK ? CK_OK : setError(error, verdict.status, verdict.text);
    });
  }
  static constexpr ck_sink_simple_1 table{sizeof(ck_sink_simple_1), 0, deliver};
  static const void* iface(void*, const char* id) noexcept {
    return sdk::iface<T>(CK_SINK_SIMPLE_KIND, table, id);
  }
};

}  // namespace sdk
}  // namespace clusterkit

#define CK_SINK(Class, id, version, summary) \
  CK_SINGLE_COMPONENT(Class, clusterkit::sdk::SinkTraits, CK_SINK_SIMPLE_KIND, id, version, summary, 0)

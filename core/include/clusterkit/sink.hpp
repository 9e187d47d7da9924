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
  // When this delivery should have ended, in nanoseconds on the clock of Host::now; 0: never.
  std::uint64_t deadline() const { return CK_HAS(&raw_, deadline) ? raw_.deadline : 0; }
  const ck_event& raw() const { return raw_; }

 private:
  const ck_event& raw_;
};

// What became of a delivery. Throwing clusterkit::Error(CK_RETRY, text) is a retry with that text.
struct Verdict {
  ck_status status = CK_OK;
  std::string text;
  std::uint32_t retryAfterMs = 0;  // with retry(): not earlier than this; 0: by the sink's own backoff
};
inline Verdict ack() { return {}; }
inline Verdict retry(std::string why, std::chrono::milliseconds after = {}) {
  return {CK_RETRY, std::move(why), static_cast<std::uint32_t>(after.count())};
}
inline Verdict reject(std::string why) { return {CK_INVALID, std::move(why)}; }  // goes to the dead letters

class Sink {
 public:
  virtual ~Sink() = default;
  virtual Verdict deliver(const Event& event) = 0;
  // The sink ends, with its node or for a reload: a deliver under way on another thread should end soon, by
  // retry() unless it is done. [any]
  virtual void cancel() {}
};

namespace sdk {

template <class T>
struct SinkTraits {
  static ck_status deliver(void* s, const ck_event* event, ck_error* error) noexcept {
    return guardedError<T>(s, error, [&](T& o) {
      const Verdict verdict = o.deliver(Event(*event));
      if (verdict.status == CK_OK) return CK_OK;
      if (error != nullptr) error->retry_after_ms = verdict.retryAfterMs;
      return setError(error, verdict.status, verdict.text);
    });
  }
  static void cancel(void* s) noexcept {
    guardedVoid<AfterThrow::report, T>(s, [](T& o) { o.cancel(); });
  }
  static constexpr ck_sink_simple_1 table{sizeof(ck_sink_simple_1), 0, deliver, cancel};
  static const void* iface(void*, const char* id) noexcept {
    return sdk::iface<T>(CK_SINK_SIMPLE_KIND, table, id);
  }
};

}  // namespace sdk
}  // namespace clusterkit

#define CK_SINK(Class, id, version, summary) \
  CK_SINGLE_COMPONENT(Class, clusterkit::sdk::SinkTraits, CK_SINK_SIMPLE_KIND, id, version, summary, 0)

// deliver may run on several threads at once: as many as the section's `concurrency` says. Events of one
// subject still come one after the other.
#define CK_CONCURRENT_SINK(Class, id, version, summary)                                              \
  CK_SINGLE_COMPONENT(Class, clusterkit::sdk::SinkTraits, CK_SINK_SIMPLE_KIND, id, version, summary, \
                      CK_COMPONENT_CONCURRENT)

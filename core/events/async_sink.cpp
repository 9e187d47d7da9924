#include "events/async_sink.hpp"

#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

#include "host/current_plugin.hpp"

namespace clusterkit {

// What the plugin calls, from any thread; seen by the loop.
struct SinkUpcalls {
  static void post(void* cx, std::uint64_t batch, const char* function, SinkAnswer answer) noexcept {
    const UpcallGuard guard(cx);
    auto* sink = guard.port<AsyncSink>();
    if (sink == nullptr) return;
    sink->parts_.loop.post(
        [sink, alive = sink->lifetime_.watch(), batch, function, answer = std::move(answer)]() mutable {
          if (!alive.expired()) sink->settle(batch, function, std::move(answer));
        });
  }
  static void ack(void* cx, std::uint64_t batch, std::uint64_t) noexcept { post(cx, batch, "ack", {}); }
  static void nack(void* cx, std::uint64_t batch, std::uint64_t, std::uint32_t disposition,
                   const ck_error* why) noexcept {
    SinkAnswer answer;
    if (disposition != CK_NACK_DROP) {
      answer.status = disposition == CK_NACK_RETRY ? Status::Retry : Status::Invalid;
      if (why != nullptr) answer.text = textOf(*why);
      if (why != nullptr) answer.retryAfter = std::chrono::milliseconds(why->retry_after_ms);
    }
    post(cx, batch, "nack", std::move(answer));
  }
  static constexpr ck_sink_host_1 table{sizeof(ck_sink_host_1), 0, ack, nack};
};

AsyncSink::AsyncSink(const ck_component& component, const ck_config& config, HostParts parts,
                     HostServices::FatalHandler onFatal)
    : parts_(parts),
      host_(std::make_unique<HostServices>(nameOf(component, config), parts, std::move(onFatal))) {
  host_->offer(CK_SINK_HOST, &SinkUpcalls::table, this);
  instance_ = std::make_unique<PluginInstance>(component, config, *host_, parts.log);
  // `probe` behind these two is optional.
  table_ = static_cast<const ck_sink_1*>(instance_->table(CK_SINK_KIND, offsetof(ck_sink_1, probe)));
  if (!CK_HAS(table_, stop))
    throw PluginError(host_->name(), "iface", Status::Unsupported, "its table " CK_SINK_KIND " lacks stop");
}

AsyncSink::~AsyncSink() {
  if (!hasLeft_) leaveLoop();
  if (!running_) return;
  instance_->abandon();
  keepForEver(std::move(underWay_));
}

void AsyncSink::leaveLoop() {
  parts_.tokens.cancelAll(host_->name());
  hasLeft_ = true;
}

// Events stay valid until they are acknowledged, and the threads of an instance that did not stop go on.
void AsyncSink::keepForEver(UnderWayMap events) {
  static std::mutex mutex;
  static auto& kept = *new std::vector<UnderWayMap>;
  const std::lock_guard lock(mutex);
  kept.push_back(std::move(events));
}

void AsyncSink::probe() {
  if (!CK_HAS(table_, probe)) return;
  ck_error error = makeError(CK_OK, "");
  ck_status status = CK_OK;
  {
    const OnPluginStack onStack(host_->label(), "probe");
    status = table_->probe(instance_->self(), &error);
  }
  if (status != CK_OK) throw PluginError(host_->name(), "probe", toStatus(status), textOf(error));
}

void AsyncSink::start() {
  ck_error error = makeError(CK_OK, "");
  ck_status status = CK_OK;
  {
    const OnPluginStack onStack(host_->label(), "start");
    status = table_->start(instance_->self(), &error);
  }
  if (status != CK_OK) throw PluginError(host_->name(), "start", toStatus(status), textOf(error));
  running_ = true;
}

void AsyncSink::deliver(OutgoingEvent event, Answered answered) {
  const std::uint64_t batch = ++lastBatch_;
  auto abi = std::make_unique<AbiEvent>(event);
  const ck_event& raw = abi->raw();
  underWay_.emplace(batch, UnderWay{std::move(abi), std::move(answered)});
  ck_status status = CK_OK;
  {
    const OnPluginStack onStack(host_->label(), "deliver");
    status = table_->deliver(instance_->self(), &raw, 1, batch);
  }
  if (status == CK_OK) return;
  auto refused = underWay_.extract(batch);
  answerLater(std::move(refused.mapped().answered), {toStatus(status), "refused by deliver", {}});
}

void AsyncSink::answerLater(Answered answered, SinkAnswer answer) {
  parts_.loop.post([a = std::move(answered), answer = std::move(answer)]() mutable { a(std::move(answer)); });
}

void AsyncSink::settle(std::uint64_t batch, const char* function, SinkAnswer answer) {
  auto found = underWay_.extract(batch);
  if (found.empty()) return parts_.faults.report(host_->name(), function, "names no batch that is under way");
  found.mapped().answered(std::move(answer));
}

void AsyncSink::stop(MonotonicTime deadline, Task done) {
  auto once = std::make_shared<Task>(std::move(done));
  const auto finish = [once] {
    if (Task task = std::exchange(*once, nullptr)) task();
  };
  const TimerId timer = parts_.loop.timerAt(deadline, finish);
  const ck_token token = parts_.tokens.issue({&host_->name(), Status::Unavailable},
                                             [this, alive = lifetime_.watch(), timer, finish](CallOutcome) {
                                               if (!alive.expired()) {
                                                 running_ = false;
                                                 parts_.loop.cancel(timer);
                                               }
                                               finish();
                                             });
  if (token == 0) return;  // out of tokens: the deadline ends it
  const OnPluginStack onStack(host_->label(), "stop");
  table_->stop(instance_->self(), static_cast<std::uint64_t>(deadline.time_since_epoch().count()), token);
}

}  // namespace clusterkit

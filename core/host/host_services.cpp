#include "host/host_services.hpp"

#include <atomic>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "host/current_plugin.hpp"
#include "host/host_readiness.hpp"
#include "host/host_record.hpp"

namespace clusterkit {

namespace {

constexpr std::size_t maxLogFields = 32;

std::string_view orUnnamed(const char* text) { return text != nullptr ? text : "unnamed"; }

// Also when the services are closed: what an instance waits for in destroy must come.
std::uint64_t hostNow(void* cx) noexcept {
  const RecordGuard record(cx);
  const MonotonicTime now = record ? record->parts.loop.now() : std::chrono::steady_clock::now();
  return static_cast<std::uint64_t>(now.time_since_epoch().count());
}

std::int64_t hostWall(void* cx) noexcept {
  const RecordGuard record(cx);
  return record ? record->parts.loop.wall().time_since_epoch().count() : 0;
}

void hostRandom(void* cx, void* out, std::uint64_t bytes) noexcept {
  if (out == nullptr) return;
  const RecordGuard record(cx);
  if (record)
    record->parts.loop.random(out, bytes);
  else
    std::memset(out, 0, bytes);
}

// The plugin's function on the loop, unless the instance is gone by then.
void runForPlugin(HostRecord* owner, const char* what, ck_fn fn, void* arg) {
  const RecordGuard record(owner);
  if (!record) return;
  const OnPluginStack onStack(record->label.c_str(), what);
  fn(arg);
}

std::uint64_t hostTimerAt(void* cx, std::uint64_t when, ck_fn fn, void* arg) noexcept {
  constexpr std::uint64_t none = ~std::uint64_t{0};  // never 0, never set
  const RecordGuard record(cx);
  if (!record) return none;
  if (fn == nullptr || !record->parts.loop.onLoop()) {
    record->fault("timer_at", fn == nullptr ? "function is null" : "called outside of the loop");
    return none;
  }
  const auto at =
      MonotonicTime(Duration(static_cast<std::int64_t>(std::min<std::uint64_t>(when, INT64_MAX))));
  HostRecord* const owner = record.get();
  return record->parts.loop.timerAt(at, [owner, fn, arg] { runForPlugin(owner, "a timer", fn, arg); }).value;
}

std::int32_t hostTimerCancel(void* cx, std::uint64_t timer) noexcept {
  const RecordGuard record(cx);
  if (!record) return 1;
  if (!record->parts.loop.onLoop()) {
    record->fault("timer_cancel", "called outside of the loop");
    return 0;
  }
  return record->parts.loop.cancel(TimerId(timer)) ? 1 : 0;
}

void hostPost(void* cx, ck_fn fn, void* arg) noexcept {
  const RecordGuard record(cx);
  if (!record) return;
  if (fn == nullptr) return record->fault("post", "function is null");
  HostRecord* const owner = record.get();
  record->parts.loop.post([owner, fn, arg] { runForPlugin(owner, "a posted function", fn, arg); });
}

ck_status hostOffload(void* cx, ck_fn work, ck_fn done, void* arg) noexcept {
  const RecordGuard record(cx);
  if (!record) return CK_CANCELLED;
  if (work == nullptr || done == nullptr) {
    record->fault("offload", "function is null");
    return CK_INVALID;
  }
  HostRecord* const owner = record.get();
  const bool taken = record->parts.workers.tryRun([owner, work, done, arg] {
    runForPlugin(owner, "offloaded work", work, arg);
    const RecordGuard alive(owner);
    if (alive)
      alive->parts.loop.post([owner, done, arg] { runForPlugin(owner, "offload's done", done, arg); });
  });
  return taken ? CK_OK : CK_AGAIN;
}

ck_status hostComplete(void* cx, ck_token token, const ck_result* result) noexcept {
  const RecordGuard record(cx);
  if (record) return record->parts.tokens.complete(record->name, token, result);
  if (result != nullptr) Buffer(result->payload_take).reset();
  return CK_STALE;
}

LogLevel levelOf(std::int32_t level) {
  if (level <= CK_LOG_DEBUG) return LogLevel::Debug;
  return level >= CK_LOG_ERROR ? LogLevel::Error : static_cast<LogLevel>(level);
}

std::int32_t hostLogEnabled(void* cx, std::int32_t level) noexcept {
  const RecordGuard record(cx);
  return record && record->parts.log.enabled(levelOf(level)) ? 1 : 0;
}

void hostLog(void* cx, std::int32_t level, const char* event, const ck_field* fields,
             std::uint64_t n) noexcept {
  const RecordGuard record(cx);
  if (!record || !record->parts.log.enabled(levelOf(level))) return;
  std::vector<LogField> out;
  out.reserve(maxLogFields + 1);
  out.emplace_back("plugin", record->label);
  for (std::uint64_t i = 0; fields != nullptr && i < n && i < maxLogFields; ++i)
    out.emplace_back(orUnnamed(fields[i].key), view(fields[i].value));
  record->parts.log.write(levelOf(level), orUnnamed(event), out);
}

void hostMetric(void* cx, const char* name, std::int32_t kind, double value) noexcept {
  const RecordGuard record(cx);
  if (record) record->metric(orUnnamed(name), kind, value);
}

void hostFatal(void* cx, const ck_error* why) noexcept {
  const RecordGuard record(cx);
  if (!record) return;
  Failure failure{Status::Fatal, "it gave no reason"};
  if (why != nullptr) failure = {toStatus(why->code), textOf(*why)};
  if (record->fatalSeen.exchange(true)) return;
  HostRecord* const owner = record.get();
  record->parts.loop.post([owner, failure = std::move(failure)] {
    const RecordGuard alive(owner);
    if (alive && alive->onFatal) alive->onFatal(failure);
  });
}

const void* hostIface(void* cx, const char* id) noexcept {
  const RecordGuard record(cx);
  if (!record || id == nullptr) return nullptr;
  for (const auto& [offered, table] : record->offers)
    if (offered == id) return table;
  if (std::strcmp(id, CK_HOST_READINESS) == 0 && record->parts.loop.descriptors() != nullptr)
    return &hostReadiness;
  return nullptr;
}

}  // namespace

HostServices::HostServices(PluginName name, HostParts parts, FatalHandler onFatal)
    : record_(HostRecord::make(std::move(name), parts, std::move(onFatal))) {
  record_->host = {sizeof(ck_host), CK_ABI_MAJOR, CK_ABI_MINOR,    record_,   hostNow,     hostWall,
                   hostRandom,      hostTimerAt,  hostTimerCancel, hostPost,  hostOffload, hostComplete,
                   hostLogEnabled,  hostLog,      hostMetric,      hostFatal, hostIface};
}

HostServices::~HostServices() { close(Duration(0)); }

const ck_host* HostServices::table() const { return &record_->host; }
const PluginName& HostServices::name() const { return record_->name; }
const char* HostServices::label() const { return record_->label.c_str(); }

void HostServices::offer(const char* ifaceId, const void* upcalls, void* port) {
  record_->offers.emplace_back(ifaceId, upcalls);
  record_->port = port;
}

bool HostServices::close(Duration limit) { return record_->close(limit); }

UpcallGuard::UpcallGuard(void* cx) : record_(static_cast<HostRecord*>(cx)), port_(nullptr) {
  if (!record_->enter()) {
    record_ = nullptr;
    return;
  }
  port_ = record_->port;
}

UpcallGuard::~UpcallGuard() {
  if (record_ != nullptr) record_->leave();
}

}  // namespace clusterkit

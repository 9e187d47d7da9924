// C++ SDK, base: header-only, on top of plugin.h. Include the header of your kind (sink.hpp, store.hpp, ...)
// instead.
//
// A plugin class throws clusterkit::Error (or anything else) where it likes: every call from the host passes
// a thunk made by one template here, which turns exceptions into a ck_status and, for kinds whose state may
// be torn, into ck_host.fatal.
#pragma once

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "plugin.h"

namespace clusterkit {

inline std::string_view view(ck_span s) { return {reinterpret_cast<const char*>(s.data), s.size}; }
inline ck_span span(std::string_view s) {
  return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}

// The one exception type that carries a status across a thunk.
class Error : public std::runtime_error {
 public:
  Error(ck_status status, const std::string& text, int osErrno = 0)
      : std::runtime_error(text), status_(status), osErrno_(osErrno) {}
  ck_status status() const { return status_; }
  int osErrno() const { return osErrno_; }

 private:
  ck_status status_;
  int osErrno_;
};

// Fills a fixed buffer, so that reporting works when memory does not. `out` may be null.
inline ck_status setError(ck_error* out, ck_status code, std::string_view text, int osErrno = 0) noexcept {
  if (out != nullptr) {
    const std::size_t n = text.size() < sizeof out->msg - 1 ? text.size() : sizeof out->msg - 1;
    out->code = code;
    out->os_errno = osErrno;
    std::memcpy(out->msg, text.data(), n);
    out->msg[n] = '\0';
  }
  return code;
}

inline ck_error makeError(ck_status code, std::string_view text, int osErrno = 0) noexcept {
  ck_error e{};
  e.size = sizeof e;
  setError(&e, code, text, osErrno);
  return e;
}

// To be called in a catch block: what was thrown, as an error.
inline ck_error currentError() noexcept {
  try {
    throw;
  } catch (const Error& e) {
    return makeError(e.status(), e.what(), e.osErrno());
  } catch (const std::system_error& e) {
    return makeError(CK_IO, e.what(), e.code().value());
  } catch (const std::bad_alloc&) {
    return makeError(CK_NO_SPACE, "out of memory", ENOMEM);
  } catch (const std::exception& e) {
    return makeError(CK_INTERNAL, e.what());
  } catch (...) {
    return makeError(CK_INTERNAL, "something that is no std::exception was thrown");
  }
}

// Owned bytes. Move-only; drops what it holds exactly once.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(ck_buf taken) : buf_(taken) {}
  Buffer(Buffer&& other) noexcept : buf_(std::exchange(other.buf_, ck_buf{})) {}
  Buffer& operator=(Buffer&& other) noexcept {
    if (this != &other) {
      reset();
      buf_ = std::exchange(other.buf_, ck_buf{});
    }
    return *this;
  }
  ~Buffer() { reset(); }

  // Takes a buffer that was handed over as `_take`, leaving the caller's empty.
  static Buffer take(ck_buf* from) { return Buffer(from ? std::exchange(*from, ck_buf{}) : ck_buf{}); }

  static Buffer of(std::string bytes) {
    auto owner = std::make_unique<std::string>(std::move(bytes));
    ck_buf b{reinterpret_cast<const std::uint8_t*>(owner->data()), owner->size(), owner.get(),
             [](ck_buf* self) noexcept {
               delete static_cast<std::string*>(self->owner);
               *self = ck_buf{};
             }};
    owner.release();
    return Buffer(b);
  }

  // A struct as payload, together with whatever it points into: `make` fills the T from the Owner's memory.
  template <class T, class Owner>
  static Buffer ofStruct(std::unique_ptr<Owner> owner, T* first, std::uint64_t count = 1) {
    ck_buf b{reinterpret_cast<const std::uint8_t*>(first), sizeof(T) * count, owner.release(),
             [](ck_buf* self) noexcept {
               delete static_cast<Owner*>(self->owner);
               *self = ck_buf{};
             }};
    return Buffer(b);
  }

  std::string_view bytes() const { return {reinterpret_cast<const char*>(buf_.data), buf_.size}; }
  ck_buf release() { return std::exchange(buf_, ck_buf{}); }
  void reset() {
    if (buf_.drop != nullptr) buf_.drop(&buf_);
    buf_ = ck_buf{};
  }

 private:
  ck_buf buf_{};
};

// A key=value of a log line. Numbers become text.
struct Field {
  Field(const char* k, std::string v) : key(k), text(std::move(v)) {}
  Field(const char* k, const char* v) : key(k), text(v) {}
  Field(const char* k, std::string_view v) : key(k), text(v) {}
  template <class N>
  requires std::is_arithmetic_v<N> Field(const char* k, N v) : key(k), text(std::to_string(v)) {}

  const char* key;
  std::string text;
};

// The host's services; a copyable view. See ck_host for threads.
class Host {
 public:
  explicit Host(const ck_host* host) : host_(host) {}
  const ck_host* raw() const { return host_; }

  std::uint64_t now() const { return host_->now(host_->cx); }
  std::int64_t wall() const { return host_->wall(host_->cx); }
  void random(void* out, std::uint64_t bytes) const { host_->random(host_->cx, out, bytes); }

  // Runs fn on the loop. [any]
  template <class F>
  void post(F fn) const {
    struct Call {
      const ck_host* host;
      F fn;
    };
    auto call = std::make_unique<Call>(Call{host_, std::move(fn)});
    host_->post(
        host_->cx,
        [](void* arg) noexcept {
          std::unique_ptr<Call> c(static_cast<Call*>(arg));
          try {
            c->fn();
          } catch (...) {
            const ck_error e = currentError();
            c->host->fatal(c->host->cx, &e);
          }
        },
        call.release());
  }

  ck_status complete(ck_token token, ck_status status, std::uint64_t value0 = 0, std::uint64_t value1 = 0,
                     Buffer payload = {}) const {
    ck_result r{};
    r.size = sizeof r;
    r.status = status;
    r.value0 = value0;
    r.value1 = value1;
    r.payload_take = payload.release();
    r.error = makeError(status, "");
    return host_->complete(host_->cx, token, &r);
  }
  ck_status fail(ck_token token, const ck_error& error) const {
    ck_result r{};
    r.size = sizeof r;
    r.status = error.code;
    r.error = error;
    return host_->complete(host_->cx, token, &r);
  }
  ck_status fail(ck_token token, ck_status status, std::string_view text) const {
    return fail(token, makeError(status, text));
  }

  bool logs(std::int32_t level) const { return host_->log_enabled(host_->cx, level) != 0; }
  void log(std::int32_t level, const char* event, std::initializer_list<Field> fields = {}) const {
    if (!logs(level)) return;
    std::vector<ck_field> raw;
    raw.reserve(fields.size());
    for (const Field& f : fields) raw.push_back({f.key, span(f.text)});
    host_->log(host_->cx, level, event, raw.data(), raw.size());
  }
  void count(const char* name, double by = 1) const { host_->metric(host_->cx, name, CK_METRIC_COUNTER, by); }
  void gauge(const char* name, double value) const { host_->metric(host_->cx, name, CK_METRIC_GAUGE, value); }
  void timing(const char* name, double seconds) const {
    host_->metric(host_->cx, name, CK_METRIC_TIMING, seconds);
  }
  void fatal(const ck_error& why) const { host_->fatal(host_->cx, &why); }

  template <class Table>
  const Table* iface(const char* id) const {
    return static_cast<const Table*>(host_->iface(host_->cx, id));
  }

 private:
  const ck_host* host_;
};

// A timer that belongs to its holder: cancelled when destroyed. Start and cancel on the loop.
class Timer {
 public:
  Timer(Host host, std::function<void()> fn) : host_(host), fn_(std::move(fn)) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { cancel(); }

  // Fires once at `when` (clock of Host::now); a timer that runs already is moved, if it has to be.
  void startAt(std::uint64_t when) {
    if (id_ != 0 && when == when_) return;
    cancel();
    when_ = when;
    id_ = host_.raw()->timer_at(
        host_.raw()->cx, when, [](void* arg) noexcept { static_cast<Timer*>(arg)->fire(); }, this);
  }
  void cancel() {
    if (id_ != 0) host_.raw()->timer_cancel(host_.raw()->cx, std::exchange(id_, 0));
  }
  bool running() const { return id_ != 0; }

 private:
  void fire() noexcept {
    id_ = 0;
    try {
      fn_();
    } catch (...) {
      host_.fatal(currentError());
    }
  }

  Host host_;
  std::function<void()> fn_;
  std::uint64_t id_ = 0;
  std::uint64_t when_ = 0;
};

// The instance's checked configuration; valid in the constructor only.
class Config {
 public:
  explicit Config(const ck_config* config) : config_(config) {}

  std::string instance() const { return config_->instance; }
  std::string dataDir() const { return config_->data_dir; }
  bool has(const char* name) const { return config_->str(config_->cx, name) != nullptr; }
  std::string str(const char* name) const {
    const char* s = config_->str(config_->cx, name);
    return s != nullptr ? s : "";
  }
  std::int64_t num(const char* name) const { return config_->num(config_->cx, name); }
  std::uint64_t size(const char* name) const { return static_cast<std::uint64_t>(num(name)); }
  bool flag(const char* name) const { return num(name) != 0; }
  std::chrono::nanoseconds duration(const char* name) const { return std::chrono::nanoseconds(num(name)); }
  std::vector<std::string> list(const char* name) const {
    std::vector<std::string> out;
    const std::uint64_t n = config_->count(config_->cx, name);
    for (std::uint64_t i = 0; i < n; ++i) out.emplace_back(config_->item(config_->cx, name, i));
    return out;
  }

 private:
  const ck_config* config_;
};

// What a plugin's constructor gets.
struct Setup {
  Host host;
  Config config;
};

// Rows of a config schema: static constexpr ck_option options[] = {option("path", ...), endOfOptions}.
constexpr ck_option option(const char* name, std::uint32_t type, const char* fallback, const char* help,
                           std::int64_t min = 0, std::int64_t max = 0) {
  return {name, type, 0, fallback, min, max, nullptr, help};
}
constexpr ck_option requiredOption(const char* name, std::uint32_t type, const char* help) {
  return {name, type, CK_OPTION_REQUIRED, nullptr, 0, 0, nullptr, help};
}
constexpr ck_option choiceOption(const char* name, const char* choices, const char* fallback,
                                 const char* help) {
  return {name, CK_TYPE_ENUM, 0, fallback, 0, 0, choices, help};
}
inline constexpr ck_option endOfOptions{};

namespace sdk {

// What `self` points at: the object with the host it reports to.
template <class T>
struct Instance {
  explicit Instance(const Setup& setup) : host(setup.host), object(setup) {}
  Host host;
  T object;
  std::string keep;  // bytes that a call handed out and that must live as long as the instance
};

// The firewall. Fallback is what the host gets after a throw; Poison says whether the instance is of no more
// use then.
enum class AfterThrow { poison, report };

template <auto Fallback, AfterThrow Policy, class T, class F>
auto guarded(void* self, F&& call) noexcept -> decltype(call(std::declval<T&>())) {
  auto& instance = *static_cast<Instance<T>*>(self);
  try {
    return call(instance.object);
  } catch (...) {
    if constexpr (Policy == AfterThrow::poison) instance.host.fatal(currentError());
    return Fallback;
  }
}

// For calls that answer through a token: the token is failed, so that nobody waits for ever.
template <AfterThrow Policy, class T, class F>
void guardedAsync(void* self, ck_token token, F&& call) noexcept {
  auto& instance = *static_cast<Instance<T>*>(self);
  try {
    call(instance.object);
  } catch (...) {
    const ck_error error = currentError();
    instance.host.fail(token, error);
    if constexpr (Policy == AfterThrow::poison) instance.host.fatal(error);
  }
}

template <AfterThrow Policy, class T, class F>
void guardedVoid(void* self, F&& call) noexcept {
  auto& instance = *static_cast<Instance<T>*>(self);
  try {
    call(instance.object);
  } catch (...) {
    if constexpr (Policy == AfterThrow::poison) instance.host.fatal(currentError());
  }
}

// For calls that fill a ck_error: what was thrown goes there.
template <class T, class F>
ck_status guardedError(void* self, ck_error* error, F&& call) noexcept {
  auto& instance = *static_cast<Instance<T>*>(self);
  try {
    return call(instance.object);
  } catch (...) {
    const ck_error e = currentError();
    return setError(error, e.code, e.msg, e.os_errno);
  }
}

template <class T>
ck_status create(const ck_host* host, const ck_config* config, void** self, ck_error* error) noexcept {
  try {
    *self = new Instance<T>(Setup{Host(host), Config(config)});
    return CK_OK;
  } catch (...) {
    const ck_error e = currentError();
    return setError(error, e.code, e.msg, e.os_errno);
  }
}

template <class T>
void destroy(void* self) noexcept {
  delete static_cast<Instance<T>*>(self);
}

template <class T>
constexpr const ck_option* optionsOf() {
  if constexpr (requires { T::options; })
    return T::options;
  else
    return nullptr;
}

// T::extension(iface_id) may offer further tables.
template <class T, class Table>
const void* iface(const char* kind, const Table& table, const char* wanted) {
  if (std::string_view(wanted) == kind) return &table;
  if constexpr (requires { T::extension(wanted); }) return T::extension(wanted);
  return nullptr;
}

template <class T, const void* (*Iface)(void*, const char*)CK_NOEXCEPT>
constexpr ck_component component(const char* kind, const char* id, const char* summary, const char* version,
                                 std::uint32_t flags) {
  return {sizeof(ck_component), flags, kind,      id,    summary,   version, optionsOf<T>(),
          sizeof(ck_option),    0,     create<T>, Iface, destroy<T>};
}

}  // namespace sdk
}  // namespace clusterkit

// Common part of CK_STORE, CK_SINK, ...: the note, the component and the entry of a file with one component.
#define CK_SINGLE_COMPONENT(Class, Traits, kind_, id_, version_, summary_, flags_)                           \
  CK_LIBRARY_NOTE(id_, version_, 0);                                                                         \
  CK_COMPONENT_NOTE(kind_, id_, version_, summary_, flags_);                                                 \
  static constexpr ck_component ck_component_of_this_file =                                                  \
      clusterkit::sdk::component<Class, Traits<Class>::iface>(kind_, id_, summary_, version_, flags_);       \
  static constexpr const ck_component* ck_components_of_this_file[] = {&ck_component_of_this_file, nullptr}; \
  CK_EXPORT_ENTRY clusterkit_plugin_v1 = {                                                                   \
      sizeof(ck_entry), CK_ABI_MAJOR, CK_ABI_MINOR, 0, 0, 0, id_, version_, ck_components_of_this_file}

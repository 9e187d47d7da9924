#include "host/transport_proxy.hpp"

#include "host/plugin_call.hpp"
#include "host/transport_inbox.hpp"
#include "host/transport_meters.hpp"

namespace clusterkit {

namespace {
constexpr std::uint8_t consensusByte = static_cast<std::uint8_t>(Channel::Consensus);
constexpr std::uint64_t maxMessagesPerSend = 65'536;
}  // namespace

bool TransportProxy::require(bool condition, const char* function, const char* rule) {
  if (!condition) port_.parts_.faults.report(*user_, function, rule);
  return condition;
}

bool TransportProxy::check(const ck_message& message) {
  if (!require(message.size >= sizeof(ck_message), "send", "message is too short") ||
      !require(message.to != 0 && message.lane < CK_LANE_COUNT, "send", "member is 0 or lane is unknown") ||
      !require(message.part_count == 0 || message.parts_in != nullptr, "send", "parts are null"))
    return false;
  for (std::uint64_t i = 0; i < message.part_count; ++i) {
    const ck_span& part = message.parts_in[i];
    if (!require(part.size == 0 || part.data != nullptr, "send", "a part's bytes are null")) return false;
  }
  return true;
}

// Copies the messages (not their bytes) and adds one part to each.
void TransportProxy::mark(const ck_message* messages, std::uint64_t count) {
  parts_.clear();
  messages_.assign(messages, messages + count);
  for (ck_message& message : messages_) {
    parts_.insert(parts_.end(), message.parts_in, message.parts_in + message.part_count);
    parts_.push_back({&consensusByte, 1});
    ++message.part_count;
    message.size = sizeof(ck_message);
  }
  std::size_t at = 0;  // only now, as parts_ may have moved while it grew
  for (ck_message& message : messages_) {
    message.parts_in = parts_.data() + at;
    at += message.part_count;
  }
}

ck_status TransportProxy::send(const ck_message* messages, std::uint64_t count, std::uint64_t* accepted) {
  if (!require(port_.parts_.loop.onLoop(), "send", "transport called outside of the loop")) return CK_INVALID;
  if (!require(accepted != nullptr, "send", "accepted is null")) return CK_INVALID;
  *accepted = 0;
  if (!require(messages != nullptr || count == 0, "send", "messages are null") ||
      !require(count <= maxMessagesPerSend, "send", "too many messages at once"))
    return CK_INVALID;
  for (std::uint64_t i = 0; i < count; ++i)
    if (!check(messages[i])) return CK_INVALID;
  if (!port_.usable()) return CK_UNAVAILABLE;
  if (count == 0) return CK_OK;
  mark(messages, count);
  ck_status status = CK_OK;
  {
    PluginCall call(port_.meters_->send);
    status = port_.table_->send(port_.self_, messages_.data(), count, accepted);
  }
  if (*accepted > count) {
    port_.parts_.faults.report(port_.host_->name(), "send", "accepted more messages than it was given");
    *accepted = count;
  }
  return status;
}

struct TransportProxy::Calls {
  static TransportProxy& of(void* self) { return *static_cast<TransportProxy*>(self); }

  static ck_status start(void* self, std::uint64_t, char*, ck_span*, ck_error* error) noexcept {
    of(self).require(false, "start", "only the host starts the transport");
    return setError(error, CK_DENIED, "only the host starts the transport");
  }
  static ck_status setPeers(void* self, const ck_peer*, std::uint64_t) noexcept {
    of(self).require(false, "set_peers", "peers are declared by the members upcall");
    return CK_DENIED;
  }
  static ck_status send(void* self, const ck_message* messages, std::uint64_t count,
                        std::uint64_t* accepted) noexcept {
    return of(self).send(messages, count, accepted);
  }
  // [any], so they are passed on without a meter.
  static ck_status stats(void* self, std::uint64_t member, ck_peer_stats* out) noexcept {
    TransportProxy& p = of(self);
    if (!p.require(out != nullptr, "stats", "out is null")) return CK_INVALID;
    const OnPluginStack onStack(p.port_.host_->label(), "stats");
    return p.port_.table_->stats(p.port_.self_, member, out);
  }
  static std::uint64_t maxMessage(void* self) noexcept { return of(self).port_.maxMessage(); }
  static void stop(void* self, ck_token token) noexcept {
    TransportProxy& p = of(self);
    p.require(false, "stop", "only the host stops the transport");
    p.port_.parts_.tokens.answer(token, failed(Status::Denied, "only the host stops the transport"));
  }
};

const ck_transport_1 TransportProxy::table{sizeof(ck_transport_1), 0,           Calls::start,
                                           Calls::setPeers,        Calls::send, Calls::stats,
                                           Calls::maxMessage,      Calls::stop};

}  // namespace clusterkit

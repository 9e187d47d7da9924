// C++ SDK for transports: derive from Transport, then CK_TRANSPORT(Class, "id", "version", "summary", flags).
// The contract of each call is in transport.h.
#pragma once

#include "plugin.hpp"
#include "transport.h"

namespace clusterkit {

class Transport {
 public:
  struct Local {
    std::string endpoint;  // at most 127 bytes; what others should connect to
    std::string publicKey;
  };

  virtual ~Transport() = default;
  virtual Local start(std::uint64_t localMember) = 0;  // throws Error
  virtual ck_status setPeers(const ck_peer* peers, std::uint64_t count) = 0;
  virtual ck_status send(const ck_message* messages, std::uint64_t count, std::uint64_t& accepted) = 0;
  virtual ck_status stats(std::uint64_t member, ck_peer_stats& out) = 0;
  virtual std::uint64_t maxMessage() const = 0;
  virtual void stop(ck_token token) = 0;
};

namespace sdk {

template <class T>
struct TransportTraits {
  static constexpr AfterThrow policy = AfterThrow::poison;

  static ck_status start(void* s, std::uint64_t member, char* endpoint, ck_span* key,
                         ck_error* error) noexcept {
    return guardedError<T>(s, error, [&](T& o) {
      Transport::Local local = o.start(member);
      if (local.endpoint.size() > 127)
        throw Error(CK_INVALID, "endpoint is longer than 127 bytes: " + local.endpoint);
      std::memcpy(endpoint, local.endpoint.c_str(), local.endpoint.size() + 1);
      std::string& kept = static_cast<Instance<T>*>(s)->keep;
      kept = std::move(local.publicKey);
      *key = span(kept);
      return CK_OK;
    });
  }
  static ck_status setPeers(void* s, const ck_peer* peers, std::uint64_t n) noexcept {
    return guarded<CK_INTERNAL, policy, T>(s, [&](T& o) { return o.setPeers(peers, n); });
  }
  static ck_status send(void* s, const ck_message* m, std::uint64_t n, std::uint64_t* accepted) noexcept {
    return guarded<CK_INTERNAL, policy, T>(s, [&](T& o) { return o.send(m, n, *accepted); });
  }
  static ck_status stats(void* s, std::uint64_t member, ck_peer_stats* out) noexcept {
    return guarded<CK_INTERNAL, policy, T>(s, [&](T& o) { return o.stats(member, *out); });
  }
  static std::uint64_t maxMessage(void* s) noexcept {
    return guarded<std::uint64_t{0}, policy, T>(s, [](T& o) { return o.maxMessage(); });
  }
  static void stop(void* s, ck_token t) noexcept {
    guardedAsync<policy, T>(s, t, [&](T& o) { o.stop(t); });
  }

  static constexpr ck_transport_1 table{
      sizeof(ck_transport_1), 0, start, setPeers, send, stats, maxMessage, stop};
  static const void* iface(void*, const char* id) noexcept {
    return sdk::iface<T>(CK_TRANSPORT_KIND, table, id);
  }
};

}  // namespace sdk
}  // namespace clusterkit

#define CK_TRANSPORT(Class, id, version, summary, flags) \
  CK_SINGLE_COMPONENT(Class, clusterkit::sdk::TransportTraits, CK_TRANSPORT_KIND, id, version, summary, flags)

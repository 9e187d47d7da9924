// What the driver reaches through the host: the node's store and transport, and the upcalls of consensus. A
// copyable view.
#pragma once

#include <clusterkit/consensus.hpp>
#include <functional>
#include <memory>
#include <utility>

namespace clusterkit::raft {

// The result of a store call. Takes the payload.
struct StoreResult {
  ck_status status = CK_OK;
  std::uint64_t value0 = 0;
  Buffer payload;
  std::string text;
  bool ok() const { return status == CK_OK; }
};

class Ports {
 public:
  explicit Ports(Host services) : host(services), up(services.iface<ck_consensus_host_1>(CK_CONSENSUS_HOST)) {
    if (up == nullptr) throw Error(CK_UNSUPPORTED, "the host offers no " CK_CONSENSUS_HOST);
    store = up->store(cx(), &storeSelf);
    transport = up->transport(cx(), &transportSelf);
    if (store == nullptr || transport == nullptr)
      throw Error(CK_UNSUPPORTED, "raft needs a store and a transport, the host offers none");
  }

  void* cx() const { return host.raw()->cx; }

  // A token whose completion runs `done` on the loop.
  ck_token expect(std::function<void(StoreResult)> done) const {
    struct Call {
      Host host;
      std::function<void(StoreResult)> done;
    };
    auto call = std::make_unique<Call>(Call{host, std::move(done)});
    const auto run = [](void* arg, const ck_result* result) noexcept {
      const std::unique_ptr<Call> c(static_cast<Call*>(arg));
      try {
        c->done({result->status, result->value0, Buffer(result->payload_take), result->error.msg});
      } catch (...) {
        c->host.fatal(currentError());
      }
    };
    return up->expect(cx(), run, call.release());
  }

  Host host;
  const ck_consensus_host_1* up;
  const ck_store_1* store = nullptr;
  void* storeSelf = nullptr;
  const ck_transport_1* transport = nullptr;
  void* transportSelf = nullptr;
};

}  // namespace clusterkit::raft

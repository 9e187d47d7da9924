// What the driver reaches through the host: the node's store and transport, and the upcalls of consensus. A
// copyable view.
#pragma once

#include <clusterkit/consensus.hpp>
#include <functional>
#include <iterator>
#include <list>
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

  // A token whose completion runs `done` on the loop. What a node that is killed never answers goes with the
  // last copy of this view.
  ck_token expect(std::function<void(StoreResult)> done) const {
    Call& call = calls_->emplace_back(Call{host, std::move(done), calls_.get(), {}});
    call.self = std::prev(calls_->end());
    const auto run = [](void* arg, const ck_result* result) noexcept {
      const Call& waiting = *static_cast<Call*>(arg);
      std::list<Call> finished;
      finished.splice(finished.end(), *waiting.among, waiting.self);
      try {
        waiting.done({result->status, result->value0, Buffer(result->payload_take), result->error.msg});
      } catch (...) {
        waiting.host.fatal(currentError());
      }
    };
    return up->expect(cx(), run, &call);
  }

  Host host;
  const ck_consensus_host_1* up;
  const ck_store_1* store = nullptr;
  void* storeSelf = nullptr;
  const ck_transport_1* transport = nullptr;
  void* transportSelf = nullptr;

 private:
  struct Call {
    Host host;
    std::function<void(StoreResult)> done;
    std::list<Call>* among;
    std::list<Call>::iterator self;
  };
  std::shared_ptr<std::list<Call>> calls_ = std::make_shared<std::list<Call>>();
};

}  // namespace clusterkit::raft

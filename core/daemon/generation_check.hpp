// Finds out that the cluster went on without this node: somewhere a survivor was made the whole cluster
// (`clusterkit recover`), and what this node would do from now on is history. Nobody tells it over the
// transport, for messages of another generation are dropped, so it asks the nodes that it knows by HTTP which
// generation they are of: all of them when it starts and while no leader is known, else those that the
// cluster does not hear.
//
// Everything [loop].
#pragma once

#include <functional>
#include <memory>

#include "cluster/coordinator.hpp"
#include "daemon/generation_search.hpp"
#include "host/event_loop.hpp"
#include "http/http_client.hpp"

namespace clusterkit {

class GenerationCheck final : public ClusterObserver {
 public:
  // At most once.
  using Superseded = std::function<void(ClusterId by)>;

  // `cluster`: of this node. Registers itself with the coordinator; all outlive it.
  GenerationCheck(EventLoop& loop, Workers& workers, Coordinator& coordinator, ClusterId cluster,
                  Superseded superseded);
  ~GenerationCheck() override;
  GenerationCheck(const GenerationCheck&) = delete;
  GenerationCheck& operator=(const GenerationCheck&) = delete;

  void stop();  // asks nobody and tells nothing any more

  void onState(const ClusterState& state, Events events) override;
  void onRole(Role, Epoch, MemberId) override {}
  void onMembers(std::span<const Member>, LogIndex) override {}

 private:
  using Whom = GenerationSearch::Whom;
  void lookLater();
  bool look(Whom whom);

  EventLoop& loop_;
  Workers& workers_;
  Coordinator& coordinator_;
  const ClusterId cluster_;
  GenerationSearch search_;
  Superseded superseded_;
  bool lookedAround_ = false;
  bool looking_ = false;
  TimerId later_;
  const std::shared_ptr<http::AbortSwitch> abort_ = std::make_shared<http::AbortSwitch>();
  Lifetime lifetime_;
};

}  // namespace clusterkit

// Finds out that this node was removed from its cluster while it was away: the others no longer talk to it
// over the transport, so nobody there could tell it. When no leader has been heard of for a while, it asks
// the nodes it knows by HTTP whether it may join; "removed for good" is the leader's word, and the node ends.
//
// Or finds the leader that has joined while it was away: its transport drops what a member says that it has
// not heard of, so nobody there could tell it of that one either. The answer names all members; it listens to
// those that are new to it until its own configuration has its leader.
// Everything [loop].
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cluster/coordinator.hpp"
#include "host/event_loop.hpp"
#include "host/transport_port.hpp"
#include "http/http_client.hpp"

namespace clusterkit {

class MembershipCheck final : public ClusterObserver {
 public:
  // `question` is the body of POST /join. Registers itself with the coordinator; all outlive it.
  MembershipCheck(EventLoop& loop, Workers& workers, Coordinator& coordinator, TransportPort& transport,
                  Log& log, std::string question, std::function<void()> removed);
  ~MembershipCheck() override;
  MembershipCheck(const MembershipCheck&) = delete;
  MembershipCheck& operator=(const MembershipCheck&) = delete;

  void stop();  // asks nobody and tells nothing any more

  void onState(const ClusterState&, Events) override {}
  void onRole(Role role, Epoch epoch, MemberId leader) override;
  void onMembers(std::span<const Member>, LogIndex) override { forgetTheTold(); }

 private:
  void askLater();
  void ask();
  void answered(const std::string& removedBecause, std::vector<Peer> members);
  void listenTo(std::vector<Peer> members);
  void forgetTheTold();

  EventLoop& loop_;
  Workers& workers_;
  Coordinator& coordinator_;
  TransportPort& transport_;
  Log& log_;
  std::string question_;
  std::function<void()> removed_;
  std::vector<MemberId> told_;  // whom it listens to because others named them
  TimerId asking_;
  bool stopped_ = false;
  const std::shared_ptr<http::AbortSwitch> abort_ = std::make_shared<http::AbortSwitch>();
  Lifetime lifetime_;
};

}  // namespace clusterkit

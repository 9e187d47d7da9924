// The leader's side of membership: joins, announcements, removals, transfer. Everything [loop], only while
// this node leads.
//
// A join is checked, the node's transport is reached, AddNode is committed; that consensus takes the node in
// (first as a learner) and that a removed one leaves it follows from the state, see leader_duties.hpp.
#pragma once

#include "cluster/coordinator.hpp"
#include "controller/leader_gate.hpp"
#include "host/transport_port.hpp"

namespace clusterkit {

class Admission {
 public:
  // When the leader last heard of a member; epoch start: never since it leads.
  using LastSeen = UniqueFunction<WallTime(MemberId)>;
  // What would break if a node was removed now, or leadership handed over to it (0: to any); empty: nothing.
  using WhyNotRemove = UniqueFunction<std::string(MemberId, RemoveNode::Consent)>;
  using WhyNotTransfer = UniqueFunction<std::string(MemberId)>;

  Admission(EventLoop& loop, Coordinator& coordinator, TransportPort& transport, LastSeen lastSeen,
            WhyNotRemove whyNotRemove, WhyNotTransfer whyNotTransfer);

  void join(const proto::JoinDuty& duty, MonotonicTime deadline, DutyAnswer answer);
  void announce(const proto::AnnounceDuty& duty, MonotonicTime deadline, DutyAnswer answer);
  void remove(const proto::RemoveDuty& duty, MonotonicTime deadline, DutyAnswer answer);
  void transfer(const proto::TransferDuty& duty, DutyAnswer answer);

 private:
  enum class Standing : std::uint8_t { New, Member, Moved };  // Moved: a member, at another address
  struct Candidate {
    AddNode command;
    MonotonicTime deadline;
    MonotonicTime reachableBy;
    DutyAnswer answer;
    Standing standing = Standing::New;
  };

  Standing standingOf(const Peer& peer) const;
  void awaitReachable(std::shared_ptr<Candidate> candidate);
  void reached(std::shared_ptr<Candidate> candidate);
  void admit(std::shared_ptr<Candidate> candidate);
  void propose(CommandBody body, std::optional<Idempotency> idempotency, MonotonicTime deadline,
               DutyAnswer answer);
  void handOverFirst(DutyAnswer answer);
  void updatePeer(const NodeSpec& spec, UniqueFunction<void(std::optional<Failure>)> done);
  void answerLater(DutyAnswer answer, Result<proto::DutyResult> result);

  EventLoop& loop_;
  Coordinator& coordinator_;
  TransportPort& transport_;
  LastSeen lastSeen_;
  WhyNotRemove whyNotRemove_;
  WhyNotTransfer whyNotTransfer_;
  Lifetime lifetime_;
};

// What a write ended with, as a duty's result. A command that apply refused is a result, with apply's own
// outcome.
Result<proto::DutyResult> dutyResultOf(const WriteResult& result, ClusterId cluster);
// The key that came with a duty; `request` is what was asked for, in words that are equal for equal requests.
template <class Duty>
std::optional<Idempotency> idempotencyOf(const Duty& duty, std::string request) {
  if (duty.idempotency_key().empty()) return std::nullopt;
  return Idempotency{duty.idempotency_key(), LogIndex(duty.known_index()), std::move(request)};
}

}  // namespace clusterkit

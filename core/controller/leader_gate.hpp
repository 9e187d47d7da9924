// The way to the leader for what only it can do: carried out here when this node leads, else asked of the
// leader and waited for. Everything [loop].
//
// As with writes (cluster/write_path.hpp): a definite refusal is tried again while the time allows, a request
// that may have been carried out is never repeated, and one that was sent is carried out at most once
// (cluster/forward_intake.hpp).
#pragma once

#include <map>
#include <string>

#include "cluster/coordinator.hpp"
#include "duty.pb.h"

namespace clusterkit {

using DutyAnswer = UniqueFunction<void(Result<proto::DutyResult>)>;

// Carries out duties on the leader; called only while this node leads.
class DutyHandler {
 public:
  virtual ~DutyHandler() = default;
  virtual void handle(const proto::Duty& duty, MonotonicTime deadline, DutyAnswer answer) = 0;
};

class LeaderGate final : public ClusterObserver {
 public:
  // `handler` outlives this object. Registers itself with the coordinator.
  LeaderGate(EventLoop& loop, Coordinator& coordinator, DutyHandler& handler);
  ~LeaderGate() override;
  LeaderGate(const LeaderGate&) = delete;
  LeaderGate& operator=(const LeaderGate&) = delete;

  // Failures: Unknown = possibly done; everything else: definitely not done. NotLeader: no leader was found.
  // The answer comes once, possibly inside this call.
  void ask(proto::Duty duty, MonotonicTime deadline, DutyAnswer answer);
  // Every question is answered, and from now on every call at once: nothing is carried out or asked any more.
  void stop();

  void onState(const ClusterState&, Events) override {}
  void onRole(Role role, Epoch epoch, MemberId leader) override;
  void onMembers(std::span<const Member>, LogIndex) override {}

 private:
  enum class Stage : std::uint8_t { Waiting, HandledHere, Asked };
  struct Question {
    proto::Duty duty;
    MonotonicTime deadline;
    MonotonicTime giveUp;  // waiting for a leader
    Stage stage = Stage::Waiting;
    MemberId asked;
    std::uint64_t attempt = 0;  // of the last time it was sent
    DutyAnswer answer;
  };

  void submit(std::uint64_t id);
  void askLeader(Question& question);
  void submitWaiting();
  void answered(std::uint64_t id, Result<proto::DutyResult> result);
  void onRequest(MemberId from, const proto::LeaderRequest& request);
  void onAnswer(MemberId from, const proto::LeaderAnswer& answer);
  void reply(MemberId to, const proto::Attempt& attempt, const Result<proto::DutyResult>& result);
  void sweep();
  void scheduleSweep();

  EventLoop& loop_;
  Coordinator& coordinator_;
  DutyHandler& handler_;
  MemberId leader_;
  bool leading_ = false;
  bool stopped_ = false;
  Epoch epoch_;
  ForwardIntake intake_;
  std::uint64_t lastId_ = 0;
  std::uint64_t lastAttempt_ = 0;
  std::map<std::uint64_t, Question> questions_;
  TimerId sweeping_;
  Lifetime lifetime_;
};

}  // namespace clusterkit

#include "controller/leader_gate.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace clusterkit {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLeaderWait = 1500ms;
constexpr Duration kSweep = 25ms;
constexpr Duration kRemoteLimit = 10s;  // how long the leader works on a request of another node

bool worthAnotherTry(Status status) {
  return status == Status::NotLeader || status == Status::Cancelled || status == Status::Unavailable ||
         status == Status::Again;
}

}  // namespace

LeaderGate::LeaderGate(EventLoop& loop, Coordinator& coordinator, DutyHandler& handler)
    : loop_(loop),
      coordinator_(coordinator),
      handler_(handler),
      // Rises over restarts, so that a late answer to an earlier life matches nothing.
      nextId_(static_cast<std::uint64_t>(loop.wall().time_since_epoch().count())) {
  coordinator_.addObserver(*this);
  coordinator_.peers().on(
      proto::PeerMessage::kLeaderRequest,
      [this](MemberId from, const proto::PeerMessage& m) { onRequest(from, m.leader_request()); });
  coordinator_.peers().on(
      proto::PeerMessage::kLeaderAnswer,
      [this](MemberId from, const proto::PeerMessage& m) { onAnswer(from, m.leader_answer()); });
}

LeaderGate::~LeaderGate() {
  if (sweeping_) loop_.cancel(sweeping_);
}

void LeaderGate::ask(proto::Duty duty, MonotonicTime deadline, DutyAnswer answer) {
  const std::uint64_t id = nextId_++;
  questions_.emplace(id, Question{std::move(duty),
                                  deadline,
                                  std::min(deadline, loop_.now() + kLeaderWait),
                                  Stage::Waiting,
                                  {},
                                  std::move(answer)});
  submit(id);
  if (!sweeping_) sweeping_ = loop_.timerAfter(kSweep, [this] { sweep(); });
}

void LeaderGate::submit(std::uint64_t id) {
  const auto found = questions_.find(id);
  if (found == questions_.end() || found->second.stage != Stage::Waiting) return;
  Question& question = found->second;
  if (leading_) {
    question.stage = Stage::HandledHere;
    handler_.handle(question.duty, question.deadline,
                    [this, alive = lifetime_.watch(), id](Result<proto::DutyResult> result) {
                      if (!alive.expired()) answered(id, std::move(result));
                    });
  } else if (leader_ && coordinator_.peers().isUp(leader_)) {
    proto::PeerMessage message;
    message.mutable_leader_request()->set_id(id);
    message.mutable_leader_request()->set_request(question.duty.SerializeAsString());
    if (coordinator_.peers().send(leader_, Lane::Log, message, question.deadline) != Status::Ok) return;
    question.stage = Stage::Asked;
    question.asked = leader_;
  }
}

void LeaderGate::submitWaiting() {
  std::vector<std::uint64_t> waiting;
  for (const auto& [id, question] : questions_)
    if (question.stage == Stage::Waiting) waiting.push_back(id);
  for (const std::uint64_t id : waiting) submit(id);
}

void LeaderGate::answered(std::uint64_t id, Result<proto::DutyResult> result) {
  const auto found = questions_.find(id);
  if (found == questions_.end()) return;
  if (!result && worthAnotherTry(result.failure().status) && loop_.now() < found->second.giveUp) {
    found->second.stage = Stage::Waiting;  // the sweep tries again
    return;
  }
  DutyAnswer answer = std::move(found->second.answer);
  questions_.erase(found);
  answer(std::move(result));
}

void LeaderGate::onRole(Role role, Epoch, MemberId leader) {
  leading_ = role == Role::Leader;
  leader_ = leader;
  submitWaiting();
}

void LeaderGate::sweep() {
  sweeping_ = {};
  const MonotonicTime now = loop_.now();
  std::vector<std::pair<std::uint64_t, Failure>> over;
  for (const auto& [id, question] : questions_) {
    if (question.stage == Stage::Waiting && now >= question.giveUp)
      over.emplace_back(
          id, Failure{Status::Timeout, leader_ ? "the leader cannot be reached" : "no leader is known"});
    else if (question.stage == Stage::HandledHere && now >= question.deadline)
      over.emplace_back(id, Failure{Status::Unknown, "not carried out in time; it may be done later"});
    else if (question.stage == Stage::Asked && (now >= question.deadline || question.asked != leader_))
      over.emplace_back(id,
                        Failure{Status::Unknown, "the leader has not answered in time; it may have done it"});
  }
  for (auto& [id, failure] : over) answered(id, std::move(failure));
  submitWaiting();
  if (!questions_.empty()) sweeping_ = loop_.timerAfter(kSweep, [this] { sweep(); });
}

void LeaderGate::onRequest(MemberId from, const proto::LeaderRequest& request) {
  proto::Duty duty;
  if (!duty.ParseFromString(request.request())) {
    reply(from, request.id(), Failure{Status::Invalid, "a request that this version does not understand"});
    return;
  }
  if (!leading_) {  // one hop: the asker decides where to go next
    reply(from, request.id(), Failure{Status::NotLeader, "this node does not lead"});
    return;
  }
  handler_.handle(
      duty, loop_.now() + kRemoteLimit,
      [this, alive = lifetime_.watch(), from, id = request.id()](Result<proto::DutyResult> result) {
        if (!alive.expired()) reply(from, id, result);
      });
}

void LeaderGate::reply(MemberId to, std::uint64_t id, const Result<proto::DutyResult>& result) {
  proto::PeerMessage message;
  proto::LeaderAnswer& answer = *message.mutable_leader_answer();
  answer.set_id(id);
  if (result) {
    answer.set_answer(result.value().SerializeAsString());
  } else {
    answer.set_status(static_cast<std::uint32_t>(toAbi(result.failure().status)));
    answer.set_text(result.failure().text);
  }
  // When this is lost, the asker's deadline answers "unknown", which is true from where it stands.
  (void)coordinator_.peers().send(to, Lane::Log, message, loop_.now() + 5s);
}

// Only of whom the question stands with now: a late answer of an earlier leader says nothing about this one.
void LeaderGate::onAnswer(MemberId from, const proto::LeaderAnswer& answer) {
  const auto found = questions_.find(answer.id());
  if (found == questions_.end() || found->second.stage != Stage::Asked || found->second.asked != from) return;
  const Status status = toStatus(static_cast<ck_status>(answer.status()));
  proto::DutyResult result;
  if (status != Status::Ok)
    answered(answer.id(), Failure{status, answer.text()});
  else if (result.ParseFromString(answer.answer()))
    answered(answer.id(), std::move(result));
  else
    answered(answer.id(), Failure{Status::Unknown, "the leader's answer cannot be read"});
}

}  // namespace clusterkit

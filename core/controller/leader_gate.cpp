#include "controller/leader_gate.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "cluster/leader_patience.hpp"

namespace clusterkit {
namespace {

using namespace std::chrono_literals;

constexpr Duration kRemoteLimit = 10s;  // how long the leader works on a request of another node

}  // namespace

LeaderGate::LeaderGate(EventLoop& loop, Coordinator& coordinator, DutyHandler& handler)
    : loop_(loop), coordinator_(coordinator), handler_(handler) {
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
  if (stopped_) return answer(Failure{Status::Unavailable, kNodeStops});
  const std::uint64_t id = ++lastId_;
  Question question;
  question.duty = std::move(duty);
  question.deadline = deadline;
  question.giveUp = std::min(deadline, loop_.now() + kLeaderWait);
  question.answer = std::move(answer);
  questions_.emplace(id, std::move(question));
  submit(id);
  scheduleSweep();
}

void LeaderGate::stop() {
  stopped_ = true;
  intake_.stop();
  leading_ = false;
  leader_ = MemberId();
  // Answered only when all are out: an answer may ask again.
  for (auto& [id, question] : std::exchange(questions_, {}))
    question.answer(question.stage == Stage::Waiting
                        ? Failure{Status::Unavailable, kNodeStops}
                        : Failure{Status::Unknown, "the node stopped while this was under way"});
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
    askLeader(question);
  }
}

void LeaderGate::askLeader(Question& question) {
  question.attempt = ++lastAttempt_;
  proto::PeerMessage message;
  proto::LeaderRequest& request = *message.mutable_leader_request();
  request.mutable_attempt()->set_boot(coordinator_.boot());
  request.mutable_attempt()->set_number(question.attempt);
  request.mutable_attempt()->set_epoch(epoch_.value);
  request.set_request(question.duty.SerializeAsString());
  if (coordinator_.peers().send(leader_, Lane::Log, message, question.deadline) != Status::Ok) return;
  question.stage = Stage::Asked;
  question.asked = leader_;
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

void LeaderGate::onRole(Role role, Epoch epoch, MemberId leader) {
  if (stopped_) return;
  intake_.onRole(role, epoch);
  epoch_ = epoch;
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
          id, Failure{Status::NotLeader, leader_ ? "the leader cannot be reached" : "no leader is known"});
    else if (question.stage == Stage::HandledHere && now >= question.deadline)
      over.emplace_back(id, Failure{Status::Unknown, "not carried out in time; it may be done later"});
    else if (question.stage == Stage::Asked && question.asked != leader_)
      over.emplace_back(
          id, Failure{Status::Unknown, "the leader was lost before it answered; it may have done it"});
    else if (question.stage == Stage::Asked && now >= question.deadline)
      over.emplace_back(id,
                        Failure{Status::Unknown, "the leader has not answered in time; it may have done it"});
  }
  for (auto& [id, failure] : over) answered(id, std::move(failure));
  submitWaiting();
  scheduleSweep();
}

void LeaderGate::scheduleSweep() {
  if (!sweeping_ && !questions_.empty()) sweeping_ = loop_.timerAfter(kLeaderSweep, [this] { sweep(); });
}

void LeaderGate::onRequest(MemberId from, const proto::LeaderRequest& request) {
  const proto::Attempt& attempt = request.attempt();
  switch (intake_.judge(forwardingOf(from, request.attempt()))) {
    case ForwardIntake::Verdict::Take: break;
    case ForwardIntake::Verdict::Repeated: return;
    case ForwardIntake::Verdict::Unsure:
      return reply(from, attempt, Failure{Status::Unknown, "it may have been done before"});
    case ForwardIntake::Verdict::NotTaken:  // one hop: the asker decides where to go next
      return reply(from, attempt, Failure{Status::NotLeader, "this node does not lead"});
  }
  proto::Duty duty;
  if (!duty.ParseFromString(request.request()))
    return reply(from, attempt, Failure{Status::Invalid, "a request that this version does not understand"});
  handler_.handle(
      duty, loop_.now() + kRemoteLimit,
      [this, alive = lifetime_.watch(), from, attempt = attempt](Result<proto::DutyResult> result) {
        if (!alive.expired()) reply(from, attempt, result);
      });
}

void LeaderGate::reply(MemberId to, const proto::Attempt& attempt, const Result<proto::DutyResult>& result) {
  proto::PeerMessage message;
  proto::LeaderAnswer& answer = *message.mutable_leader_answer();
  answer.set_attempt(attempt.number());
  answer.set_boot(attempt.boot());
  if (result) {
    answer.set_answer(result.value().SerializeAsString());
  } else {
    answer.set_status(static_cast<std::uint32_t>(toAbi(result.failure().status)));
    answer.set_text(result.failure().text);
  }
  // When this is lost, the asker's deadline answers "unknown", which is true from where it stands.
  (void)coordinator_.peers().send(to, Lane::Log, message, loop_.now() + 5s);
}

// Only to the last attempt of this run: an answer to an earlier one says nothing about this.
void LeaderGate::onAnswer(MemberId from, const proto::LeaderAnswer& answer) {
  if (answer.boot() != coordinator_.boot()) return;
  const auto found = std::find_if(questions_.begin(), questions_.end(), [&](const auto& entry) {
    const Question& q = entry.second;
    return q.stage == Stage::Asked && q.asked == from && q.attempt == answer.attempt();
  });
  if (found == questions_.end()) return;
  const std::uint64_t id = found->first;
  const Status status = toStatus(static_cast<ck_status>(answer.status()));
  proto::DutyResult result;
  if (status != Status::Ok)
    answered(id, Failure{status, answer.text()});
  else if (result.ParseFromString(answer.answer()))
    answered(id, std::move(result));
  else
    answered(id, Failure{Status::Unknown, "the leader's answer cannot be read"});
}

}  // namespace clusterkit

#include "daemon/membership_check.hpp"

#include <algorithm>
#include <utility>

#include "daemon/joiner.hpp"

namespace clusterkit {
namespace {

using namespace std::chrono_literals;

// Longer than an election with the default timeouts, so that an ordinary change of leader asks nobody.
constexpr Duration kSilence = 3s;

bool contains(const Membership& membership, MemberId member) {
  return std::any_of(membership.members.begin(), membership.members.end(),
                     [member](const Member& m) { return m.peer.member == member; });
}

}  // namespace

MembershipCheck::MembershipCheck(EventLoop& loop, Workers& workers, Coordinator& coordinator,
                                 TransportPort& transport, Log& log, std::string question,
                                 std::function<void()> removed)
    : loop_(loop),
      workers_(workers),
      coordinator_(coordinator),
      transport_(transport),
      log_(log),
      question_(std::move(question)),
      removed_(std::move(removed)) {
  coordinator_.addObserver(*this);
  askLater();
}

MembershipCheck::~MembershipCheck() {
  abort_->abort();
  if (asking_) loop_.cancel(asking_);
}

void MembershipCheck::stop() {
  stopped_ = true;
  abort_->abort();
  if (asking_) loop_.cancel(std::exchange(asking_, {}));
}

void MembershipCheck::onRole(Role role, Epoch, MemberId leader) {
  if (stopped_) return;
  forgetTheTold();
  if (role == Role::Removed) {
    log_.warn("removed_from_cluster", {{"told_by", "consensus"}});
    removed_();
  } else if (!leader) {
    askLater();
  } else if (asking_) {
    loop_.cancel(std::exchange(asking_, {}));
  }
}

void MembershipCheck::askLater() {
  if (asking_ || stopped_) return;
  asking_ = loop_.timerAfter(kSilence, [this] {
    asking_ = {};
    if (!coordinator_.membership()->leader) ask();
  });
}

void MembershipCheck::ask() {
  std::vector<std::string> addresses;
  for (const auto& entry : coordinator_.current().nodes)
    if (entry.value->spec.member != coordinator_.self()) addresses.push_back(entry.value->spec.httpAddress);
  const bool taken = !addresses.empty() && workers_.tryRun([this, alive = lifetime_.watch(), &loop = loop_,
                                                            abort = abort_, addresses, question = question_] {
    std::string reason;
    std::vector<Peer> members;
    for (const std::string& address : addresses) {
      if (abort->aborted()) return;
      auto answer = askToJoin(address, question, abort);
      const auto* refusal = std::get_if<JoinRefusal>(&answer);
      if (refusal != nullptr && refusal->kind == JoinRefusal::Kind::Removed) reason = refusal->reason;
      if (auto* accepted = std::get_if<JoinAcceptance>(&answer)) members = std::move(accepted->members);
      if (refusal == nullptr || !reason.empty())
        break;  // one that leads, or reaches the leader, has answered
    }
    loop.post([this, alive, reason, members = std::move(members)]() mutable {
      if (!alive.expired() && !stopped_) answered(reason, std::move(members));
    });
  });
  if (!taken) askLater();
}

void MembershipCheck::answered(const std::string& removedBecause, std::vector<Peer> members) {
  if (removedBecause.empty()) {
    listenTo(std::move(members));
    return askLater();
  }
  log_.warn("removed_from_cluster", {{"told_by", "the leader"}, {"reason", removedBecause}});
  removed_();
}

void MembershipCheck::listenTo(std::vector<Peer> members) {
  const auto membership = coordinator_.membership();
  for (Peer& peer : members) {
    const MemberId member = peer.member;
    if (member == coordinator_.self() || contains(*membership, member)) continue;
    log_.info("member_told", {{"member", member}, {"endpoint", peer.endpoint}});
    transport_.addCandidate(std::move(peer));
    told_.push_back(member);
  }
}

void MembershipCheck::forgetTheTold() {
  const auto membership = coordinator_.membership();
  if (told_.empty() || !membership->leader || !contains(*membership, membership->leader)) return;
  for (const MemberId member : std::exchange(told_, {})) transport_.removeCandidate(member);
}

}  // namespace clusterkit

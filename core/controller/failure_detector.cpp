#include "controller/failure_detector.hpp"

#include <algorithm>
#include <utility>

namespace clusterkit {

namespace {

// Inquiries that nobody answers at all before the leader trusts its own eyes.
constexpr std::uint32_t kMaxSilentInquiries = 2;
// A node that has just joined may not listen yet when the first probe comes; it waits for its partitions
// until one is answered.
constexpr Duration kFirstContact = std::chrono::milliseconds(40);

}  // namespace

void FailureDetector::reset(MonotonicTime now) {
  std::vector<WatchedNode> nodes;
  for (const auto& [member, watch] : watches_) nodes.push_back({member, watch.status, watch.incarnation});
  watches_.clear();
  outputs_.clear();
  plannedWake_.reset();
  setNodes(nodes, now);
}

void FailureDetector::setNodes(std::span<const WatchedNode> nodes, MonotonicTime now) {
  std::map<MemberId, Watch> next;
  std::size_t fresh = 0;
  for (const WatchedNode& node : nodes) {
    if (node.member == self_ || node.status == NodeStatus::Left) continue;
    const auto known = watches_.find(node.member);
    if (known != watches_.end() && known->second.incarnation == node.incarnation) {
      known->second.status = node.status;
      next.emplace(node.member, std::move(known->second));
      continue;
    }
    Watch watch;
    watch.status = node.status;
    watch.incarnation = node.incarnation;
    // New ones are spread over the interval, so that probes do not go out in one burst.
    watch.nextProbeAt = now + options_.interval * fresh++ / std::max<std::size_t>(nodes.size(), 1);
    next.emplace(node.member, std::move(watch));
  }
  watches_ = std::move(next);
  plannedWake_ = nextWake();
}

std::vector<DetectorOutput> FailureDetector::tick(MonotonicTime now) {
  forgiveStandstill(now);
  for (auto& [node, watch] : watches_) {
    expireProbe(watch, now);
    closeInquiry(watch, now);
    if (majorityAnswers(now)) {
      investigate(node, watch, now);
    } else {
      discount(watch);
    }
    judge(node, watch);
    sendProbe(node, watch, now);
  }
  plannedWake_ = nextWake();
  return std::exchange(outputs_, {});
}

// When this process did not run, answers may wait unread: what is under way gets its time again.
void FailureDetector::forgiveStandstill(MonotonicTime now) {
  if (!plannedWake_ || now - *plannedWake_ <= options_.interval / 2) return;
  for (auto& [node, watch] : watches_) {
    if (watch.probe) watch.probe->sentAt = now;
    if (watch.inquiry) watch.inquiry->askedAt = now;
  }
}

void FailureDetector::expireProbe(Watch& watch, MonotonicTime now) {
  if (!watch.probe || now < watch.probe->sentAt + options_.timeout) return;
  watch.probe.reset();
  ++watch.failures;
}

void FailureDetector::sendProbe(MemberId node, Watch& watch, MonotonicTime now) {
  const bool isDue = !watch.probe && now >= watch.nextProbeAt;
  const bool again = watch.probe && watch.verdict == Verdict::Unknown && now >= watch.probe->repeatAt;
  if (!isDue && !again) return;
  ++lastSeq_;
  if (isDue) {
    watch.probe = Probe{lastSeq_, lastSeq_, now, now + kFirstContact};
    watch.nextProbeAt = now + options_.interval;
  } else {
    watch.probe->lastSeq = lastSeq_;
    watch.probe->repeatAt = now + kFirstContact;
  }
  outputs_.emplace_back(SendProbe{node, lastSeq_});
}

void FailureDetector::closeInquiry(Watch& watch, MonotonicTime now) {
  if (!watch.inquiry) return;
  const bool over = now >= watch.inquiry->askedAt + options_.timeout + options_.helperMargin;
  if (!over && !watch.inquiry->unanswered.empty()) return;
  if (watch.inquiry->denials > 0) {
    watch.confirmation = Confirmation::Lost;
  } else if (++watch.silentInquiries >= kMaxSilentInquiries) {
    watch.confirmation = Confirmation::Lost;
  }
  watch.inquiry.reset();
}

void FailureDetector::investigate(MemberId node, Watch& watch, MonotonicTime now) {
  if (watch.status == NodeStatus::Down || watch.inquiry || watch.confirmation == Confirmation::Lost) return;
  if (watch.failures < suspectAt()) return;
  std::vector<MemberId> helpers = chooseHelpers(node, now);
  if (helpers.empty()) {  // nobody to ask: the leader's own view decides
    watch.confirmation = Confirmation::Lost;
    return;
  }
  ++lastSeq_;
  for (const MemberId helper : helpers) outputs_.emplace_back(AskIndirect{helper, node, lastSeq_});
  watch.inquiry = Inquiry{lastSeq_, now, std::move(helpers)};
}

// What is seen while the leader itself is cut off proves nothing, also when the others are back.
void FailureDetector::discount(Watch& watch) {
  watch.failures = std::min(watch.failures, suspectAt());
  watch.confirmation = Confirmation::None;
  watch.inquiry.reset();
}

void FailureDetector::judge(MemberId node, Watch& watch) {
  if (watch.failures < suspectAt() || watch.verdict == Verdict::Down) return;
  const bool lost = watch.confirmation == Confirmation::Lost;
  if (lost && watch.failures >= options_.threshold) {
    setVerdict(node, watch, Verdict::Down);
  } else if (!watch.linkBroken || lost) {  // over a link known as broken, failures alone say nothing
    setVerdict(node, watch, Verdict::Suspect);
  }
}

void FailureDetector::probeAnswered(MemberId node, std::uint64_t seq, MonotonicTime now) {
  const auto found = watches_.find(node);
  if (found == watches_.end() || !found->second.probe) return;
  Watch& watch = found->second;
  if (seq < watch.probe->firstSeq || seq > watch.probe->lastSeq) return;
  watch.probe.reset();
  signOfLife(node, watch, now);
  if (!watch.linkBroken) return;
  watch.linkBroken = false;
  outputs_.emplace_back(LinkChange{node, MemberId(), LinkChange::State::Healed});
}

void FailureDetector::indirectAnswer(MemberId target, MemberId via, std::uint64_t seq, Reachability result,
                                     MonotonicTime now) {
  const auto found = watches_.find(target);
  if (found == watches_.end() || !found->second.inquiry || found->second.inquiry->seq != seq) return;
  Watch& watch = found->second;
  if (std::erase(watch.inquiry->unanswered, via) == 0) return;
  watch.silentInquiries = 0;
  if (result == Reachability::Unreachable) {
    ++watch.inquiry->denials;
    return;
  }
  signOfLife(target, watch, now);
  if (watch.linkBroken) return;
  watch.linkBroken = true;
  outputs_.emplace_back(LinkChange{target, via, LinkChange::State::Broken});
}

void FailureDetector::signOfLife(MemberId node, Watch& watch, MonotonicTime now) {
  watch.failures = 0;
  watch.silentInquiries = 0;
  watch.confirmation = Confirmation::None;
  watch.inquiry.reset();
  watch.seenAt = now;
  setVerdict(node, watch, Verdict::Alive);
}

void FailureDetector::setVerdict(MemberId node, Watch& watch, Verdict verdict) {
  if (watch.verdict == verdict) return;
  watch.verdict = verdict;
  outputs_.emplace_back(VerdictChange{node, verdict});
}

bool FailureDetector::answers(const Watch& watch, MonotonicTime now) const {
  return watch.failures == 0 && !watch.linkBroken && watch.seenAt &&
         now - *watch.seenAt <= options_.interval + options_.timeout;
}

bool FailureDetector::majorityAnswers(MonotonicTime now) const {
  std::size_t answering = 0;
  for (const MemberId voter : voters_) {
    const auto found = watches_.find(voter);
    // One lost probe is forgiven; a cut of the leader's network is older than this when it could condemn
    // anybody.
    const Duration patience = options_.interval + options_.timeout + options_.timeout / 2;
    const bool here = voter == self_ || (found != watches_.end() && found->second.seenAt &&
                                         now - *found->second.seenAt <= patience);
    answering += here ? 1 : 0;
  }
  return voters_.empty() || answering > voters_.size() / 2;
}

// Others that answer just now, taken in turn.
std::vector<MemberId> FailureDetector::chooseHelpers(MemberId target, MonotonicTime now) {
  std::vector<MemberId> able;
  for (const auto& [member, watch] : watches_) {
    if (member != target && answers(watch, now)) able.push_back(member);
  }
  const std::size_t count = std::min<std::size_t>(able.size(), options_.helpers);
  std::vector<MemberId> chosen;
  for (std::size_t i = 0; i < count; ++i) chosen.push_back(able[(nextHelper_ + i) % able.size()]);
  nextHelper_ += count;
  return chosen;
}

Verdict FailureDetector::verdictOf(MemberId node) const {
  const auto found = watches_.find(node);
  return found == watches_.end() ? Verdict::Unknown : found->second.verdict;
}

std::optional<MonotonicTime> FailureDetector::lastSeen(MemberId node) const {
  const auto found = watches_.find(node);
  return found == watches_.end() ? std::nullopt : found->second.seenAt;
}

MonotonicTime FailureDetector::nextWake() const {
  MonotonicTime wake = MonotonicTime::max();
  for (const auto& [node, watch] : watches_) {
    wake = std::min(wake, watch.probe ? watch.probe->sentAt + options_.timeout : watch.nextProbeAt);
    if (watch.probe && watch.verdict == Verdict::Unknown) wake = std::min(wake, watch.probe->repeatAt);
    if (watch.inquiry)
      wake = std::min(wake, watch.inquiry->askedAt + options_.timeout + options_.helperMargin);
  }
  return wake;
}

}  // namespace clusterkit

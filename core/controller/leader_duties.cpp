#include "controller/leader_duties.hpp"

#include <algorithm>
#include <utility>

namespace clusterkit {
namespace {

using namespace std::chrono_literals;

constexpr Duration kProposalLimit = 10s;
constexpr Duration kRetry = 200ms;
// How often a learner's progress is looked at: a new node gets its share no later than it has caught up.
constexpr Duration kCatchUpPoll = 10ms;
constexpr Duration kProgressPoll = 500ms;
constexpr Duration kProgressSlack = 100ms;  // the heartbeats of consensus turn the loop more often than that
constexpr std::size_t kMaxWaiting = 64;     // for one rebalance by hand

ControllerOptions optionsOf(const Coordinator& self, const DutySettings& settings) {
  ControllerOptions out;
  out.self = self.self();
  out.boot = self.boot();
  out.healthChecks = settings.healthEnabled ? HealthChecks::Enabled : HealthChecks::Disabled;
  out.health.interval = settings.probeInterval;
  out.health.timeout = settings.probeTimeout;
  out.health.threshold = settings.probeThreshold;
  out.rebalance.delay = settings.rebalanceDelay;
  out.rebalance.grace = settings.rebalanceGrace;
  out.rebalance.maxMoves = settings.maxMoves;
  out.rebalance.handoff = settings.handoff;
  out.rebalance.handoffTimeout = settings.handoffTimeout;
  return out;
}

ProposalResult resultOf(const WriteResult& result) {
  switch (result.fate) {
    case WriteResult::Fate::Applied:
      return result.outcome.applied() ? ProposalResult::Applied : ProposalResult::Refused;
    case WriteResult::Fate::NotDone: return ProposalResult::Refused;
    case WriteResult::Fate::Unknown: break;
  }
  return ProposalResult::Unknown;
}

ProposalResult resultOf(const CallOutcome& outcome) {
  if (outcome.ok()) return ProposalResult::Applied;
  return outcome.possiblyDone() ? ProposalResult::Unknown : ProposalResult::Refused;
}

}  // namespace

LeaderDuties::LeaderDuties(Parts parts, const DutySettings& settings, Founding founding)
    : parts_(parts),
      settings_(settings),
      founding_(std::move(founding)),
      controller_(optionsOf(parts.coordinator, settings)),
      admission_(
          parts.loop, parts.coordinator, parts.transport,
          [this](MemberId member) { return controller_.lastSignOfLife(member, now()); },
          [this](MemberId member, RemoveNode::Consent consent) {
            lookAtConsensus();
            return controller_.whyNotRemove(member, consent);
          },
          [this](MemberId to) {
            lookAtConsensus();
            return controller_.whyNotTransfer(to);
          }),
      probes_(parts.loop, parts.coordinator.peers(), founding_.self.boot, settings.probeTimeout,
              [this](MemberId node, std::uint64_t sequence, std::uint64_t boot) {
                if (!controller_.leads()) return;
                controller_.onProbeAnswered(node, sequence, boot, now());
                wake();
              }) {
  parts_.coordinator.addObserver(*this);
  parts_.coordinator.peers().on(
      proto::PeerMessage::kIndirectAnswer, [this](MemberId from, const proto::PeerMessage& m) {
        if (!controller_.leads()) return;
        const proto::IndirectAnswer& answer = m.indirect_answer();
        controller_.onIndirectAnswer(MemberId(answer.target()), from, answer.sequence(),
                                     answer.reachable() ? Reachability::Reachable : Reachability::Unreachable,
                                     now());
        wake();
      });
}

LeaderDuties::~LeaderDuties() {
  if (waking_) parts_.loop.cancel(waking_);
}

void LeaderDuties::onRole(Role role, Epoch epoch, MemberId) {
  if (role != Role::Leader)
    if (const Result<ConsensusStatus> status = parts_.consensus.status()) heardAt_ = status.value().contactAt;
  const Epoch term = role == Role::Leader ? epoch : Epoch();
  if (term == term_) return;
  if (term_) leaveOffice();
  term_ = term;
  if (term_)
    parts_.loop.post([this, alive = lifetime_.watch(), term] {
      if (!alive.expired() && term_ == term) takeOffice();
    });
}

void LeaderDuties::takeOffice() {
  if (parts_.coordinator.current().exists())
    announce();
  else
    found();
}

// A cluster that does not exist yet: its first entry. Another leader may have written it; then it is refused,
// harmlessly.
void LeaderDuties::found() {
  if (!founding_.facts.id) founding_.facts.id = parts_.coordinator.peers().cluster();
  parts_.coordinator.propose(
      CreateCluster{founding_.facts, founding_.self}, std::nullopt, parts_.loop.now() + kProposalLimit,
      [this, alive = lifetime_.watch(), term = term_](WriteResult result) {
        if (alive.expired() || term_ != term) return;
        if (parts_.coordinator.current().exists()) return announce();
        parts_.log.warn("founding_failed", {{"reason", result.outcome.message + result.text}});
        parts_.loop.timerAfter(kRetry, [this, alive, term] {
          if (!alive.expired() && term_ == term) takeOffice();
        });
      },
      Route::HereOnly);
}

// Its commit shows that this node has applied everything of earlier terms: only now may it decide anything.
void LeaderDuties::announce() {
  parts_.coordinator.propose(
      AnnounceLeader{parts_.coordinator.self()}, std::nullopt, parts_.loop.now() + kProposalLimit,
      [this, alive = lifetime_.watch(), term = term_](WriteResult result) {
        if (alive.expired() || term_ != term) return;
        if (result.fate == WriteResult::Fate::Applied) return inOffice();
        parts_.loop.timerAfter(kRetry, [this, alive, term] {
          if (!alive.expired() && term_ == term) announce();
        });
      },
      Route::HereOnly);
}

void LeaderDuties::inOffice() {
  const Result<ConsensusStatus> status = parts_.consensus.status();
  if (!status) {
    parts_.loop.timerAfter(kRetry, [this, alive = lifetime_.watch(), term = term_] {
      if (!alive.expired() && term_ == term) inOffice();
    });
    return;
  }
  controller_.onBecomeLeader(parts_.coordinator.current(), consensusView(status.value()), heardAt_, now());
  wake();
}

void LeaderDuties::leaveOffice() {
  controller_.onStepDown();
  lastVoterReason_.clear();
  if (waking_) parts_.loop.cancel(std::exchange(waking_, {}));
  endManual(Failure{Status::Unknown, "leadership changed"});
}

void LeaderDuties::onState(const ClusterState& state, Events) {
  if (!controller_.leads()) return;
  controller_.onState(state, now());
  wake();
}

void LeaderDuties::onMembers(std::span<const Member> members, LogIndex) {
  members_.assign(members.begin(), members.end());
  // Whom consensus knows by now needs no place among the candidates.
  for (const Member& member : members_) parts_.transport.removeCandidate(member.peer.member);
  if (controller_.leads()) wake();
}

ConsensusView LeaderDuties::consensusView(const ConsensusStatus& status) {
  ConsensusView view;
  view.leader = status.leader;
  for (const Member& member : members_) {
    ConsensusMember& shown = view.members.emplace_back();
    shown.member = member.peer.member;
    shown.vote = member.kind == MemberKind::Voter ? Vote::Voter : Vote::Learner;
    const bool self = shown.member == parts_.coordinator.self();
    shown.catchUp = self ? CatchUp::CaughtUp : CatchUp::Behind;
    shown.contact = self ? Contact::Heard : Contact::Silent;
    for (const MemberProgress& progress : status.progress) {
      if (progress.member != shown.member) continue;
      shown.catchUp = catchUpOf(progress.matchIndex, status.commitIndex);
      // A connection that has just ended tells sooner than the silence.
      const bool heard = progress.active && parts_.transport.isUp(shown.member);
      shown.contact = heard ? Contact::Heard : Contact::Silent;
    }
  }
  return view;
}

// As it is now: whoever asks for a decision must not get one that rests on an older look.
std::optional<ConsensusView> LeaderDuties::lookAtConsensus() {
  const Result<ConsensusStatus> status = parts_.consensus.status();
  if (!status) return std::nullopt;
  ConsensusView view = consensusView(status.value());
  controller_.onConsensus(view);
  return view;
}

bool LeaderDuties::someoneCatchesUp(const ConsensusView& view) const {
  const auto behind = [](const ConsensusMember& m) {
    return m.vote == Vote::Learner && m.catchUp == CatchUp::Behind;
  };
  if (std::any_of(view.members.begin(), view.members.end(), behind)) return true;
  for (const auto& entry : parts_.coordinator.current().nodes)
    if (entry.value->status == NodeStatus::Joining) return true;
  return false;
}

void LeaderDuties::wake() { wakeAt(parts_.loop.now()); }

void LeaderDuties::wakeAt(MonotonicTime when, Duration slack) {
  if (waking_ && wakesBy_ <= when + slack) return;
  if (waking_) parts_.loop.cancel(waking_);
  wakesBy_ = when + slack;
  waking_ = parts_.loop.patientTimerAt(when, slack, [this] {
    waking_ = {};
    tick();
  });
}

void LeaderDuties::tick() {
  if (!controller_.leads()) return;
  // Another plan may have come first, or nothing was left to move.
  if (manual_ && manual_->stage == ManualRebalance::Stage::Planned && parts_.loop.now() >= manual_->until) {
    controller_.withdrawRebalance();
    endManual(Failure{Status::Timeout, "no rebalance by hand was started in time"});
  }
  const auto view = lookAtConsensus();
  if (!view) return;
  carryOut(controller_.onTick(now()));
  if (!controller_.leads()) return;
  const MonotonicTime present = parts_.loop.now();
  someoneCatchesUp(*view) ? wakeAt(present + kCatchUpPoll) : wakeAt(present + kProgressPoll, kProgressSlack);
}

void LeaderDuties::carryOut(Actions actions) {
  for (const SendProbe& probe : actions.probes) sendProbe(probe);
  for (const AskIndirect& question : actions.inquiries) askIndirect(question);
  for (const LinkChange& link : actions.links) logLink(link);
  for (Proposal& proposal : actions.proposals) propose(std::move(proposal));
  if (controller_.voterReason() != lastVoterReason_) {
    lastVoterReason_ = controller_.voterReason();
    const bool waits = !(actions.voterChange && *actions.voterChange) && lastVoterReason_ != kVotersAtRest;
    if (waits)
      parts_.log.info("voters_wait", {{"reason", lastVoterReason_}});
    else
      parts_.log.debug("voters", {{"reason", lastVoterReason_}});
  }
  if (actions.nextWake != MonotonicTime::max()) wakeAt(std::max(actions.nextWake, parts_.loop.now()));
  if (actions.voterChange && *actions.voterChange) change(*actions.voterChange);
}

// A probe that cannot be sent is one that gets no answer: the detector draws the conclusion.
void LeaderDuties::sendProbe(const SendProbe& probe) {
  proto::PeerMessage message;
  message.mutable_probe()->set_sequence(probe.seq);
  (void)parts_.coordinator.peers().send(probe.node, Lane::Control, message,
                                        parts_.loop.now() + settings_.probeTimeout);
}

void LeaderDuties::askIndirect(const AskIndirect& question) {
  proto::PeerMessage message;
  message.mutable_indirect_probe()->set_sequence(question.seq);
  message.mutable_indirect_probe()->set_target(question.target.value);
  (void)parts_.coordinator.peers().send(question.via, Lane::Control, message,
                                        parts_.loop.now() + settings_.probeTimeout);
}

void LeaderDuties::logLink(const LinkChange& link) {
  const ClusterState& state = parts_.coordinator.current();
  if (link.state == LinkChange::State::Broken)
    parts_.log.warn("link_broken",
                    {{"node", state.nodeIdOf(link.node)}, {"reached_by", state.nodeIdOf(link.via)}});
  else
    parts_.log.info("link_healed", {{"node", state.nodeIdOf(link.node)}});
}

void LeaderDuties::propose(Proposal proposal) {
  const bool byHand = std::holds_alternative<StartRebalance>(proposal.body) &&
                      std::get<StartRebalance>(proposal.body).trigger == RebalanceTrigger::Manual;
  std::optional<Idempotency> key;
  if (byHand && manual_) {
    manual_->stage = ManualRebalance::Stage::Proposed;
    key = manual_->key;
  }
  parts_.log.debug("duty", {{"command", commandName(proposal.body)}});
  parts_.coordinator.propose(
      std::move(proposal.body), std::move(key), parts_.loop.now() + kProposalLimit,
      [this, alive = lifetime_.watch(), id = proposal.id, term = term_, byHand](WriteResult result) {
        if (alive.expired() || term_ != term) return;
        if (result.fate == WriteResult::Fate::Applied && !result.outcome.applied())
          parts_.log.info("duty_refused", {{"reason", result.outcome.message}});
        if (byHand) endManual(dutyResultOf(result, parts_.coordinator.current().facts->id));
        controller_.onProposalDone(id, resultOf(result), now());
        wake();
      },
      Route::HereOnly);
}

void LeaderDuties::change(const VoterChange& change) {
  const ClusterState& state = parts_.coordinator.current();
  parts_.log.info("voter_change", {{"node", state.nodeIdOf(change.member)}, {"why", change.reason}});
  const auto done = [this, alive = lifetime_.watch(), term = term_](CallOutcome outcome) {
    if (alive.expired() || term_ != term) return;
    if (!outcome.ok())
      parts_.log.info("voter_change_refused", {{"status", name(outcome.status)}, {"reason", outcome.text}});
    controller_.onVoterChangeDone(resultOf(outcome), now());
    wake();
  };
  MemberChange out{ChangeKind::AddLearner, {change.member, {}, {}}};
  switch (change.kind) {
    case VoterChange::Kind::None: return;
    case VoterChange::Kind::TransferLeadership: return parts_.consensus.stepDown(change.member, done);
    case VoterChange::Kind::AddLearner:
      if (const NodeRecord* node = state.findNode(change.member))
        out.peer = {change.member, node->spec.transportAddress, node->spec.transportKey};
      break;
    case VoterChange::Kind::Promote: out.kind = ChangeKind::Promote; break;
    case VoterChange::Kind::Demote: out.kind = ChangeKind::Demote; break;
    case VoterChange::Kind::Remove: out.kind = ChangeKind::Remove; break;
  }
  parts_.consensus.changeMembers(out, done);
}

void LeaderDuties::handle(const proto::Duty& duty, MonotonicTime deadline, DutyAnswer answer) {
  if (!controller_.leads()) {
    parts_.loop.post([a = std::move(answer)]() mutable {
      a(Failure{Status::Unavailable, "the leader has just been elected"});
    });
    return;
  }
  switch (duty.what_case()) {
    case proto::Duty::kJoin: return admission_.join(duty.join(), deadline, std::move(answer));
    case proto::Duty::kAnnounce: return admission_.announce(duty.announce(), deadline, std::move(answer));
    case proto::Duty::kRemove: return admission_.remove(duty.remove(), deadline, std::move(answer));
    case proto::Duty::kTransfer: return admission_.transfer(duty.transfer(), std::move(answer));
    case proto::Duty::kRebalance: return startRebalance(duty.rebalance(), std::move(answer));
    case proto::Duty::kPreview: return preview(std::move(answer));
    case proto::Duty::WHAT_NOT_SET: break;
  }
  parts_.loop.post([a = std::move(answer)]() mutable {
    a(Failure{Status::Unsupported, "a request of a newer version"});
  });
}

void LeaderDuties::startRebalance(const proto::RebalanceDuty& duty, DutyAnswer answer) {
  const ClusterState& state = parts_.coordinator.current();
  std::optional<Idempotency> key = idempotencyOf(duty, "rebalance");
  const bool sameAsPlanned = manual_ && key && manual_->key && manual_->key->key == key->key;
  std::optional<Result<proto::DutyResult>> known;
  if (auto outcome = key ? outcomeOfRepeated(state, *key) : std::nullopt)
    known = dutyResultOf(WriteResult{WriteResult::Fate::Applied, *outcome, {}, {}}, state.facts->id);
  else if (sameAsPlanned && manual_->waiting.size() >= kMaxWaiting)
    known = Failure{Status::Unavailable, "too many wait for this rebalance"};
  else if (manual_ && !sameAsPlanned)
    known = Failure{Status::Conflict, "a rebalance by hand is being planned"};
  else if (!manual_ && state.rebalance)
    known = Failure{Status::Conflict, "a rebalance is under way"};
  else if (!manual_ && controller_.dryRun(now()).empty())
    known = Failure{Status::Conflict, "nothing to move"};
  if (known) {
    parts_.loop.post([a = std::move(answer), r = *std::move(known)]() mutable { a(std::move(r)); });
    return;
  }
  if (!manual_) {
    manual_.emplace(ManualRebalance{std::move(key), parts_.loop.now() + kProposalLimit, {}, {}});
    controller_.requestRebalance();
    wake();
  }
  manual_->waiting.push_back(std::move(answer));
}

void LeaderDuties::endManual(const Result<proto::DutyResult>& result) {
  if (!manual_) return;
  std::vector<DutyAnswer> waiting = std::move(manual_->waiting);
  manual_.reset();
  for (DutyAnswer& answer : waiting) answer(result);
}

void LeaderDuties::preview(DutyAnswer answer) {
  const RebalancePlan plan = controller_.dryRun(now());
  proto::DutyResult result;
  for (const Move& move : plan.moves) {
    proto::PlannedMove& out = *result.add_moves();
    out.set_partition(move.partition.value);
    for (const MemberId m : move.from) out.add_from(m.value);
    for (const MemberId m : move.to) out.add_to(m.value);
    for (const MemberId m : move.copyFrom) out.add_copy_from(m.value);
  }
  parts_.loop.post([a = std::move(answer), r = std::move(result)]() mutable { a(std::move(r)); });
}

}  // namespace clusterkit

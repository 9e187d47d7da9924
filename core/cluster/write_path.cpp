#include "cluster/write_path.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "cluster/command_codec.hpp"
#include "cluster/leader_patience.hpp"

namespace clusterkit {
namespace {

using namespace std::chrono_literals;

// How long a command that may be in the log of a deposed leader is given to come back through the new one, or
// to be settled by what that one commits.
constexpr Duration kDoubt = kLeaderWait;

WriteResult notDone(Status reason, std::string text) {
  return {WriteResult::Fate::NotDone, {}, reason, std::move(text)};
}
WriteResult unknown(Status reason, std::string text) {
  return {WriteResult::Fate::Unknown, {}, reason, std::move(text)};
}

}  // namespace

WritePath::WritePath(EventLoop& loop, ConsensusPort& consensus, PeerLink& peers, Self self)
    : loop_(loop), consensus_(consensus), peers_(peers), self_(self) {
  peers_.on(proto::PeerMessage::kForwardCommand,
            [this](MemberId from, const proto::PeerMessage& m) { onForwarded(from, m.forward_command()); });
  peers_.on(proto::PeerMessage::kCommandRefused,
            [this](MemberId, const proto::PeerMessage& m) { onRefused(m.command_refused()); });
}

WritePath::~WritePath() {
  if (sweeping_) loop_.cancel(sweeping_);
}

void WritePath::propose(CommandBody body, std::optional<Idempotency> idempotency, MonotonicTime deadline,
                        WriteHandler handler, Route route) {
  if (stopped_) return resolveLater(std::move(handler), notDone(Status::Unavailable, kNodeStops));
  if (tickets_.size() >= kMaxTickets) {
    resolveLater(std::move(handler), notDone(Status::Unavailable, "too many writes are under way"));
    return;
  }
  const std::uint64_t sequence = ++lastSequence_;
  Ticket ticket;
  ticket.command.origin = {self_.member, self_.boot, sequence};
  ticket.command.idempotency = std::move(idempotency);
  ticket.command.body = std::move(body);
  ticket.deadline = deadline;
  ticket.waitsUntil = std::min(deadline, loop_.now() + kLeaderWait);
  ticket.route = route;
  ticket.handler = std::move(handler);
  tickets_.emplace(sequence, std::move(ticket));
  submit(sequence);
  scheduleSweep();
}

void WritePath::submit(std::uint64_t sequence) {
  const auto found = tickets_.find(sequence);
  if (found == tickets_.end() || found->second.stage != Stage::Waiting) return;
  if (leading_) {
    proposeHere(sequence, found->second);
  } else if (found->second.route == Route::HereOnly) {
    resolve(found, notDone(Status::NotLeader, "this node does not lead any more"));
  } else if (leader_ && peers_.isUp(leader_)) {
    forward(sequence, found->second);
  }
}

void WritePath::proposeHere(std::uint64_t sequence, Ticket& ticket) {
  ticket.stage = Stage::Proposed;
  ticket.attempt = 0;
  ticket.epoch = epoch_;
  ticket.command.stamp = loop_.wall();
  consensus_.propose(encodeCommand(ticket.command),
                     [this, alive = lifetime_.watch(), sequence](CallOutcome outcome) {
                       if (alive.expired() || outcome.ok()) return;  // success is told by applied()
                       refused(sequence, outcome.status, std::move(outcome.text));
                     });
}

void WritePath::forward(std::uint64_t sequence, Ticket& ticket) {
  ticket.attempt = ++lastAttempt_;
  ticket.epoch = epoch_;
  proto::PeerMessage message;
  proto::ForwardCommand& forwarded = *message.mutable_forward_command();
  forwarded.set_command(encodeCommand(ticket.command));
  forwarded.mutable_attempt()->set_boot(self_.boot);
  forwarded.mutable_attempt()->set_number(ticket.attempt);
  forwarded.mutable_attempt()->set_epoch(epoch_.value);
  const Status sent = peers_.send(leader_, Lane::Log, message, ticket.deadline);
  if (sent == Status::Ok)
    ticket.stage = Stage::Forwarded;
  else if (sent == Status::Invalid)
    refused(sequence, sent, "the command is larger than a message may be");
  else  // full, or the leader is no peer any more
    refused(sequence, Status::Unavailable, "the leader's lane does not take the command");
}

void WritePath::refused(std::uint64_t sequence, Status status, std::string text) {
  const auto found = tickets_.find(sequence);
  if (found == tickets_.end()) return;
  Ticket& ticket = found->second;
  scheduleSweep();
  if (possiblyDone(status)) {
    doubt(found);
  } else if (worthAnotherTry(status) && ticket.route == Route::ToLeader) {
    ticket.stage = Stage::Waiting;
    ticket.refusal = {status, std::move(text)};
    if (ticket.epoch != epoch_) submit(sequence);  // otherwise once something has changed, or after a pause
  } else {
    resolve(found, notDone(status, text.empty() ? std::string(name(status)) : std::move(text)));
  }
}

void WritePath::doubt(Tickets::iterator ticket) {
  ticket->second.stage = Stage::Doubtful;
  ticket->second.doubtsUntil = std::min(ticket->second.deadline, loop_.now() + kDoubt);
  if (ticket->second.epoch < committedEpoch_) lost(ticket);
}

// It is in no log and will be in none.
void WritePath::lost(Tickets::iterator ticket) {
  Ticket& t = ticket->second;
  if (t.route == Route::HereOnly)
    return resolve(ticket, notDone(Status::NotLeader, "this node does not lead any more"));
  t.stage = Stage::Waiting;
  t.refusal = {Status::Ok, {}};
  t.waitsUntil = std::min(t.deadline, loop_.now() + kLeaderWait);
}

void WritePath::committed(Epoch epoch) {
  if (epoch <= committedEpoch_ || stopped_) return;
  committedEpoch_ = epoch;
  for (auto ticket = tickets_.begin(); ticket != tickets_.end();) {
    const auto present = ticket++;
    const Stage stage = present->second.stage;
    const bool mayBeLost = stage == Stage::Forwarded || stage == Stage::Doubtful;
    if (mayBeLost && present->second.epoch < epoch) lost(present);
  }
  submitWaiting();
}

void WritePath::applied(const CommandOrigin& origin, const Outcome& outcome) {
  if (origin.member != self_.member || origin.boot != self_.boot) return;
  const auto ticket = tickets_.find(origin.sequence);
  if (ticket != tickets_.end()) resolve(ticket, {WriteResult::Fate::Applied, outcome, Status::Ok, {}});
}

void WritePath::roleChanged(Role role, Epoch epoch, MemberId leader) {
  if (stopped_) return;
  intake_.onRole(role, epoch);
  const bool another = leader != leader_ || epoch != epoch_;
  const bool known = static_cast<bool>(leader_);
  epoch_ = epoch;
  leading_ = role == Role::Leader;
  leader_ = leader;
  // What went to the old leader may be in its log; the new one may bring it or not.
  for (auto ticket = tickets_.begin(); ticket != tickets_.end();) {
    const auto present = ticket++;
    if (present->second.stage == Stage::Forwarded && known && another) doubt(present);
  }
  submitWaiting();
}

void WritePath::submitWaiting() {
  std::vector<std::uint64_t> waiting;
  for (const auto& [sequence, ticket] : tickets_)
    if (ticket.stage == Stage::Waiting) waiting.push_back(sequence);
  for (const std::uint64_t sequence : waiting) submit(sequence);
}

void WritePath::stateReplaced() {
  for (auto ticket = tickets_.begin(); ticket != tickets_.end();) {
    const auto present = ticket++;
    if (present->second.stage != Stage::Waiting)
      resolve(present,
              unknown(Status::Unknown, "the state was replaced by a snapshot while the write was under way"));
  }
}

void WritePath::stop() {
  stopped_ = true;
  leading_ = false;
  intake_.stop();
  while (!tickets_.empty()) {
    const auto first = tickets_.begin();
    const bool waiting = first->second.stage == Stage::Waiting;
    resolve(first, waiting ? notDone(Status::Unavailable, kNodeStops)
                           : unknown(Status::Unknown, "the node stopped while the write was under way"));
  }
}

// The handler runs from the loop, so that it may propose again without growing the stack under a commit.
void WritePath::resolve(Tickets::iterator ticket, WriteResult result) {
  WriteHandler handler = std::move(ticket->second.handler);
  tickets_.erase(ticket);
  resolveLater(std::move(handler), std::move(result));
}

void WritePath::resolveLater(WriteHandler handler, WriteResult result) {
  loop_.post([h = std::move(handler), r = std::move(result)]() mutable { h(std::move(r)); });
}

void WritePath::scheduleSweep() {
  if (sweeping_ || tickets_.empty()) return;
  sweeping_ = loop_.timerAfter(kLeaderSweep, [this] { sweep(); });
}

void WritePath::sweep() {
  sweeping_ = {};
  const MonotonicTime now = loop_.now();
  for (auto ticket = tickets_.begin(); ticket != tickets_.end();) {
    const auto present = ticket++;
    const Ticket& t = present->second;
    if (t.stage == Stage::Waiting && now >= t.waitsUntil)
      resolve(present, givenUp(t));
    else if (t.stage == Stage::Doubtful && now >= t.doubtsUntil)
      resolve(present, unknown(Status::Unknown, "leadership changed while the write was under way"));
    else if (t.stage != Stage::Waiting && now >= t.deadline)
      resolve(present, unknown(Status::Timeout, "not applied in time; it may be applied later"));
  }
  submitWaiting();
  scheduleSweep();
}

// A leader that is well and takes no more for now is not one that cannot be reached. Unavailable without a
// text is a consensus that knows of no leader.
WriteResult WritePath::givenUp(const Ticket& ticket) const {
  const auto& [status, text] = ticket.refusal;
  if (leader_ && status == Status::Again)
    return notDone(status, text.empty() ? "too many writes are under way" : text);
  if (leader_ && status == Status::Unavailable && !text.empty()) return notDone(status, text);
  return notDone(Status::NotLeader, leader_ ? "the leader cannot be reached" : "no leader is known");
}

void WritePath::onForwarded(MemberId from, const proto::ForwardCommand& message) {
  auto decoded = decodeCommand(message.command());
  auto* command = std::get_if<Command>(&decoded);
  if (command == nullptr || command->origin.member != from)
    return;  // a sender's fault: it has no ticket to answer
  const Attempt attempt{command->origin.sequence, message.attempt().boot(), message.attempt().number()};
  switch (intake_.judge(forwardingOf(from, message.attempt()))) {
    case ForwardIntake::Verdict::Take: return takeForwarded(from, std::move(*command), attempt);
    case ForwardIntake::Verdict::Repeated: return;
    case ForwardIntake::Verdict::Unsure:
      return refuseForwarded(from, attempt, failed(Status::Unknown, "it may have been taken before"));
    case ForwardIntake::Verdict::NotTaken: break;
  }
  // One hop: the origin decides where to go next.
  CallOutcome refusal = failed(Status::NotLeader, "this node does not lead");
  refusal.value0 = leader_.value;
  refuseForwarded(from, attempt, refusal);
}

void WritePath::takeForwarded(MemberId from, Command command, const Attempt& attempt) {
  command.stamp = loop_.wall();
  consensus_.propose(encodeCommand(command),
                     [this, alive = lifetime_.watch(), from, attempt](CallOutcome outcome) {
                       if (!alive.expired() && !outcome.ok()) refuseForwarded(from, attempt, outcome);
                     });
}

void WritePath::refuseForwarded(MemberId to, Attempt attempt, const CallOutcome& outcome) {
  proto::PeerMessage message;
  proto::CommandRefused& refusal = *message.mutable_command_refused();
  refusal.set_sequence(attempt.sequence);
  refusal.set_attempt(attempt.number);
  refusal.set_boot(attempt.boot);
  refusal.set_status(static_cast<std::uint32_t>(toAbi(outcome.status)));
  refusal.set_leader(outcome.leader().value);
  refusal.set_text(outcome.text);
  // When this is lost, the origin's deadline answers "unknown", which is true from where it stands.
  (void)peers_.send(to, Lane::Log, message, loop_.now() + 5s);
}

// Also of an attempt that has become doubtful meanwhile: its one receiver says that it was not taken. Not one
// that was made for an earlier run of this node, whose numbers were the same.
void WritePath::onRefused(const proto::CommandRefused& refusal) {
  if (refusal.boot() != self_.boot) return;
  const auto ticket = tickets_.find(refusal.sequence());
  if (ticket == tickets_.end() || ticket->second.attempt != refusal.attempt()) return;
  const Stage stage = ticket->second.stage;
  if (stage == Stage::Forwarded || stage == Stage::Doubtful)
    refused(refusal.sequence(), toStatus(static_cast<ck_status>(refusal.status())), refusal.text());
}

}  // namespace clusterkit

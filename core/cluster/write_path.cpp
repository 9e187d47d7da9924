#include "cluster/write_path.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "cluster/command_codec.hpp"

namespace clusterkit {
namespace {

using namespace std::chrono_literals;

// How long a write waits for a leader to be known: a little over two elections with the default timeouts.
constexpr Duration kLeaderWait = 1500ms;
// How long a command that may be in the log of a deposed leader is given to come back through the new one.
constexpr Duration kDoubt = 1s;
constexpr Duration kSweep = 25ms;

WriteResult notDone(Status reason, std::string text) {
  return {WriteResult::Fate::NotDone, {}, reason, std::move(text)};
}
WriteResult unknown(Status reason, std::string text) {
  return {WriteResult::Fate::Unknown, {}, reason, std::move(text)};
}

// Definite refusals after which another try makes sense: leadership moved, or nobody led.
bool worthAnotherTry(Status status) {
  return status == Status::NotLeader || status == Status::Cancelled || status == Status::Unavailable ||
         status == Status::Again;
}

}  // namespace

WritePath::WritePath(EventLoop& loop, ConsensusPort& consensus, PeerLink& peers, MemberId self)
    : loop_(loop),
      consensus_(consensus),
      peers_(peers),
      self_(self),
      // Rises over restarts of this process, so that a leader can tell a late duplicate from a new command.
      nextSequence_(static_cast<std::uint64_t>(loop.wall().time_since_epoch().count())) {
  peers_.on(proto::PeerMessage::kForwardCommand,
            [this](MemberId from, const proto::PeerMessage& m) { onForwarded(from, m.forward_command()); });
  peers_.on(proto::PeerMessage::kCommandRefused, [this](MemberId, const proto::PeerMessage& m) {
    const proto::CommandRefused& refusal = m.command_refused();
    const auto ticket = tickets_.find(refusal.sequence());
    if (ticket == tickets_.end() || ticket->second.stage != Stage::Forwarded) return;
    refused(refusal.sequence(), toStatus(static_cast<ck_status>(refusal.status())), refusal.text());
  });
}

WritePath::~WritePath() {
  if (sweeping_) loop_.cancel(sweeping_);
}

void WritePath::propose(CommandBody body, std::optional<Idempotency> idempotency, MonotonicTime deadline,
                        WriteHandler handler, Route route) {
  if (tickets_.size() >= kMaxTickets) {
    resolveLater(std::move(handler), notDone(Status::Unavailable, "too many writes are under way"));
    return;
  }
  const std::uint64_t sequence = nextSequence_++;
  Ticket ticket;
  ticket.command.origin = {self_, sequence};
  ticket.command.idempotency = std::move(idempotency);
  ticket.command.body = std::move(body);
  ticket.deadline = deadline;
  ticket.giveUp = std::min(deadline, loop_.now() + kLeaderWait);
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
    const std::uint64_t number = sequence > lastForwarded_ ? sequence : renumber(found);
    forward(number, tickets_.at(number));
  }
}

void WritePath::proposeHere(std::uint64_t sequence, Ticket& ticket) {
  ticket.stage = Stage::Proposed;
  ticket.command.stamp = loop_.wall();
  consensus_.propose(encodeCommand(ticket.command),
                     [this, alive = lifetime_.watch(), sequence](CallOutcome outcome) {
                       if (alive.expired() || outcome.ok()) return;  // success is told by applied()
                       refused(sequence, outcome.status, std::move(outcome.text));
                     });
}

// The leader takes rising numbers only: one that waited while later ones went out gets a new number.
std::uint64_t WritePath::renumber(Tickets::iterator ticket) {
  Ticket moved = std::move(ticket->second);
  tickets_.erase(ticket);
  const std::uint64_t sequence = nextSequence_++;
  moved.stage = Stage::Waiting;
  moved.command.origin.sequence = sequence;
  tickets_.emplace(sequence, std::move(moved));
  return sequence;
}

void WritePath::forward(std::uint64_t sequence, Ticket& ticket) {
  lastForwarded_ = sequence;
  proto::PeerMessage message;
  message.mutable_forward_command()->set_command(encodeCommand(ticket.command));
  const Status sent = peers_.send(leader_, Lane::Log, message, ticket.deadline);
  if (sent == Status::Ok)
    ticket.stage = Stage::Forwarded;
  else
    refused(sequence, sent, "the leader's lane does not take the command");
}

void WritePath::refused(std::uint64_t sequence, Status status, std::string text) {
  const auto found = tickets_.find(sequence);
  if (found == tickets_.end()) return;
  Ticket& ticket = found->second;
  if (status == Status::Unknown || status == Status::Internal) {
    ticket.stage = Stage::Doubtful;
    ticket.giveUp = std::min(ticket.deadline, loop_.now() + kDoubt);
  } else if (worthAnotherTry(status) && ticket.route == Route::ToLeader) {
    renumber(found);
  } else {
    resolve(found, notDone(status, text.empty() ? std::string(name(status)) : std::move(text)));
  }
  scheduleSweep();
}

void WritePath::applied(std::uint64_t sequence, const Outcome& outcome) {
  const auto ticket = tickets_.find(sequence);
  if (ticket != tickets_.end()) resolve(ticket, {WriteResult::Fate::Applied, outcome, Status::Ok, {}});
}

void WritePath::roleChanged(Role role, Epoch epoch, MemberId leader) {
  const bool another = leader != leader_ || epoch != epoch_;
  const bool known = static_cast<bool>(leader_);
  epoch_ = epoch;
  leading_ = role == Role::Leader;
  leader_ = leader;
  // What went to the old leader may be in its log; the new one may bring it or not.
  for (auto& [sequence, ticket] : tickets_)
    if (ticket.stage == Stage::Forwarded && known && another) {
      ticket.stage = Stage::Doubtful;
      ticket.giveUp = std::min(ticket.deadline, loop_.now() + kDoubt);
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
  while (!tickets_.empty()) {
    const auto first = tickets_.begin();
    const bool waiting = first->second.stage == Stage::Waiting;
    resolve(first, waiting ? notDone(Status::Unavailable, "the node is stopping")
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
  sweeping_ = loop_.timerAfter(kSweep, [this] { sweep(); });
}

void WritePath::sweep() {
  sweeping_ = {};
  const MonotonicTime now = loop_.now();
  for (auto ticket = tickets_.begin(); ticket != tickets_.end();) {
    const auto present = ticket++;
    const Ticket& t = present->second;
    if (t.stage == Stage::Waiting && now >= t.giveUp)
      resolve(present,
              notDone(Status::Unavailable, leader_ ? "the leader cannot be reached" : "no leader is known"));
    else if (t.stage == Stage::Doubtful && now >= t.giveUp)
      resolve(present, unknown(Status::Unknown, "leadership changed while the write was under way"));
    else if (t.stage != Stage::Waiting && now >= t.deadline)
      resolve(present, unknown(Status::Timeout, "not applied in time; it may be applied later"));
  }
  submitWaiting();
  scheduleSweep();
}

void WritePath::onForwarded(MemberId from, const proto::ForwardCommand& message) {
  auto decoded = decodeCommand(message.command());
  auto* command = std::get_if<Command>(&decoded);
  if (command == nullptr || command->origin.member != from)
    return;  // a sender's fault: it has no ticket to answer
  const std::uint64_t sequence = command->origin.sequence;
  std::uint64_t& last = forwardedUpTo_[from];
  if (sequence <= last) return;  // delivered twice
  last = sequence;
  if (!leading_) {  // one hop: the origin decides where to go next
    CallOutcome outcome;
    outcome.status = Status::NotLeader;
    outcome.value0 = leader_.value;
    refuseForwarded(from, sequence, outcome);
    return;
  }
  command->stamp = loop_.wall();
  consensus_.propose(encodeCommand(*command),
                     [this, alive = lifetime_.watch(), from, sequence](CallOutcome outcome) {
                       if (!alive.expired() && !outcome.ok()) refuseForwarded(from, sequence, outcome);
                     });
}

void WritePath::refuseForwarded(MemberId from, std::uint64_t sequence, const CallOutcome& outcome) {
  proto::PeerMessage message;
  proto::CommandRefused& refusal = *message.mutable_command_refused();
  refusal.set_sequence(sequence);
  refusal.set_status(static_cast<std::uint32_t>(toAbi(outcome.status)));
  refusal.set_leader(outcome.leader().value);
  refusal.set_text(outcome.text);
  // When this is lost, the origin's deadline answers "unknown", which is true from where it stands.
  (void)peers_.send(from, Lane::Log, message, loop_.now() + 5s);
}

}  // namespace clusterkit

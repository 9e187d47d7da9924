// A write's way to the log and back: ticket, proposal here or at the leader, and the outcome once this node
// has applied the command. Everything [loop].
//
// What a ticket promises (P3): Applied comes after this node applied the command; NotDone means that no log
// holds it and none will; Unknown that it may be applied now or later. A refusal that is definite is tried
// again, here or at the new leader, until the ticket has waited long enough; a command that may be in a log
// is never sent twice.
#pragma once

#include <map>
#include <string>

#include "cluster/command.hpp"
#include "cluster/outcome.hpp"
#include "cluster/peer_link.hpp"
#include "host/consensus_port.hpp"

namespace clusterkit {

struct WriteResult {
  enum class Fate : std::uint8_t { Applied, NotDone, Unknown };
  Fate fate = Fate::Unknown;
  Outcome outcome;             // with Applied: what apply decided
  Status reason = Status::Ok;  // with NotDone and Unknown
  std::string text;            // for people
};
using WriteHandler = UniqueFunction<void(WriteResult)>;

// Where a command may be proposed. HereOnly is for what this node decided as the leader: once it leads no
// more, the decision is not for its successor to carry out.
enum class Route : std::uint8_t { ToLeader, HereOnly };

class WritePath {
 public:
  static constexpr std::size_t kMaxTickets = 16384;

  WritePath(EventLoop& loop, ConsensusPort& consensus, PeerLink& peers, MemberId self);
  ~WritePath();
  WritePath(const WritePath&) = delete;
  WritePath& operator=(const WritePath&) = delete;

  // Origin and stamp are filled in here. The handler runs once, never inside this call.
  void propose(CommandBody body, std::optional<Idempotency> idempotency, MonotonicTime deadline,
               WriteHandler handler, Route route = Route::ToLeader);

  // A command with this node's origin was applied; its state is published.
  void applied(std::uint64_t sequence, const Outcome& outcome);
  void roleChanged(Role role, Epoch epoch, MemberId leader);
  // The state was replaced by a snapshot: what was under way may be in it or not.
  void stateReplaced();
  void stop();

 private:
  enum class Stage : std::uint8_t { Waiting, Proposed, Forwarded, Doubtful };
  struct Ticket {
    Command command;
    MonotonicTime deadline;
    MonotonicTime giveUp;  // Waiting: no leader by then is NotDone; Doubtful: no news by then is Unknown
    Stage stage = Stage::Waiting;
    Route route = Route::ToLeader;
    WriteHandler handler;
  };
  using Tickets = std::map<std::uint64_t, Ticket>;

  void submit(std::uint64_t sequence);
  void submitWaiting();
  std::uint64_t renumber(Tickets::iterator ticket);
  void proposeHere(std::uint64_t sequence, Ticket& ticket);
  void forward(std::uint64_t sequence, Ticket& ticket);
  void refused(std::uint64_t sequence, Status status, std::string text);
  void resolve(Tickets::iterator ticket, WriteResult result);
  void resolveLater(WriteHandler handler, WriteResult result);
  void scheduleSweep();
  void sweep();

  void onForwarded(MemberId from, const proto::ForwardCommand& message);
  void refuseForwarded(MemberId from, std::uint64_t sequence, const CallOutcome& outcome);

  EventLoop& loop_;
  ConsensusPort& consensus_;
  PeerLink& peers_;
  MemberId self_;
  bool leading_ = false;
  MemberId leader_;
  Epoch epoch_;
  std::uint64_t nextSequence_;
  std::uint64_t lastForwarded_ = 0;
  Tickets tickets_;
  std::map<MemberId, std::uint64_t>
      forwardedUpTo_;  // by origin: a transport may deliver twice across a reconnect
  TimerId sweeping_;
  Lifetime lifetime_;
};

}  // namespace clusterkit

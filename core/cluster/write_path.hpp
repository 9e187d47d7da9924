// A write's way to the log and back: ticket, proposal here or at the leader, and the outcome once this node
// has applied the command. Everything [loop].
//
// What a ticket promises (P3): Applied comes after this node applied the command; NotDone means that no log
// holds it and none will; Unknown that it may be applied now or later.
//
// A command that may be in a log is never sent a second time, and one that was sent is never applied twice:
// only what definitely is in no log, and will be in none, makes room for another attempt. That is a refusal
// by the receiver, which takes each attempt at most once, and only in the epoch that it names
// (forward_intake.hpp); or a committed entry of a later epoch, because the epochs of a log never fall: what
// an earlier one left and this node has not applied by then was lost with its leader (Raft
// paper 5.4.1, 5.4.3). Until one of the two comes the ticket waits, and ends as Unknown when none does. A
// command names the boot of its proposer, so what an earlier run left in the log answers no ticket of this
// one.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "cluster/command.hpp"
#include "cluster/forward_intake.hpp"
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

  // Who proposes: `boot` rises with every start of the member's data folder.
  struct Self {
    MemberId member;
    std::uint64_t boot = 0;
  };

  WritePath(EventLoop& loop, ConsensusPort& consensus, PeerLink& peers, Self self);
  ~WritePath();
  WritePath(const WritePath&) = delete;
  WritePath& operator=(const WritePath&) = delete;

  // Origin and stamp are filled in here. The handler runs once, never inside this call.
  void propose(CommandBody body, std::optional<Idempotency> idempotency, MonotonicTime deadline,
               WriteHandler handler, Route route = Route::ToLeader);

  // A command was applied and its state is published; looks whether it was this run's.
  void applied(const CommandOrigin& origin, const Outcome& outcome);
  // Everything up to a committed entry of this epoch was applied, and told by applied().
  void committed(Epoch epoch);
  void roleChanged(Role role, Epoch epoch, MemberId leader);
  // The state was replaced by a snapshot: what was under way may be in it or not.
  void stateReplaced();
  // Every ticket is answered, and from now on every call at once: nothing is proposed or taken any more.
  void stop();

 private:
  enum class Stage : std::uint8_t { Waiting, Proposed, Forwarded, Doubtful };
  struct Ticket {
    Command command;
    MonotonicTime deadline;
    MonotonicTime waitsUntil;   // Waiting: no leader by then is NotDone
    MonotonicTime doubtsUntil;  // Doubtful: no news by then is Unknown
    Stage stage = Stage::Waiting;
    std::uint64_t attempt = 0;  // of the last forwarding; 0: proposed here
    Epoch epoch;                // in which it was last submitted
    Route route = Route::ToLeader;
    Failure refusal{Status::Ok, {}};  // Waiting: why it was not taken the last time
    WriteHandler handler;
  };
  using Tickets = std::map<std::uint64_t, Ticket>;
  struct Attempt {
    std::uint64_t sequence = 0;
    std::uint64_t boot = 0;  // of the run whose it is
    std::uint64_t number = 0;
  };

  void submit(std::uint64_t sequence);
  void submitWaiting();
  void proposeHere(std::uint64_t sequence, Ticket& ticket);
  void forward(std::uint64_t sequence, Ticket& ticket);
  void refused(std::uint64_t sequence, Status status, std::string text);
  void doubt(Tickets::iterator ticket);
  void lost(Tickets::iterator ticket);
  void resolve(Tickets::iterator ticket, WriteResult result);
  WriteResult givenUp(const Ticket& ticket) const;
  void resolveLater(WriteHandler handler, WriteResult result);
  void scheduleSweep();
  void sweep();

  void onForwarded(MemberId from, const proto::ForwardCommand& message);
  void onRefused(const proto::CommandRefused& refusal);
  void takeForwarded(MemberId from, Command command, const Attempt& attempt);
  void refuseForwarded(MemberId to, Attempt attempt, const CallOutcome& outcome);

  EventLoop& loop_;
  ConsensusPort& consensus_;
  PeerLink& peers_;
  const Self self_;
  bool stopped_ = false;
  bool leading_ = false;
  MemberId leader_;
  Epoch epoch_;
  Epoch committedEpoch_;
  std::uint64_t lastSequence_ = 0;
  std::uint64_t lastAttempt_ = 0;
  Tickets tickets_;
  ForwardIntake intake_;
  TimerId sweeping_;
  Lifetime lifetime_;
};

}  // namespace clusterkit

// Raft as a pure state machine: step(Event) -> Ready. No thread, clock, file, socket, random device or log
// line; equal seeds and equal events give equal results. One thread at a time.
//
// Order of a Ready's handling: ready.hpp. Order of events: Tick first, ever; then Tick{now} before each group
// of events, and at nextDeadline() at the latest. The first Ready asks for a restore when there is a
// snapshot. A broken invariant throws InvariantBroken; the object must not be used after that.
//
// One topic per source file: election, replication (leader), append (follower), commit, proposals,
// membership, reads, snapshot_send, snapshot_receive, transfer, persistence; raft.cpp dispatches.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "configuration_history.hpp"
#include "durability.hpp"
#include "events.hpp"
#include "log.hpp"
#include "options.hpp"
#include "planted.hpp"
#include "prng.hpp"
#include "ready.hpp"
#include "roles.hpp"

namespace clusterkit::raft {

// Messages that were dropped, by reason. Only counted: nothing else follows from them.
struct Counters {
  std::uint64_t otherCluster = 0;
  std::uint64_t wrongAddress = 0;  // not for this member, or `from` is not who sent it
  std::uint64_t unknownMember = 0;
  std::uint64_t removedMember = 0;
  std::uint64_t staleTerm = 0;
  std::uint64_t impossible = 0;  // claims what cannot be, such as an acknowledgement beyond the leader's log
};

struct Status {
  Role role = Role::Follower;
  Term term;
  MemberId votedFor, leader;
  LogIndex commitIndex, appliedIndex, lastIndex, durableIndex, firstIndex, snapshotIndex, configurationIndex;
  Term lastTerm;
  MonotonicTime electedAt;  // when the present leader became known; meaningless while leader is 0
  // A follower: when it last heard a leader. The leader: by when a majority had answered, or elected it. The
  // beginning of time: never in this run.
  MonotonicTime contactAt;
  bool repairing = false;
  std::uint64_t logBytes = 0, uncommittedBytes = 0;
  Counters counters;
};

class Raft {
 public:
  // Throws std::invalid_argument for options with a problem() or a state that contradicts itself.
  Raft(Options options, InitialState initial, std::uint64_t seed);

  Ready step(const Event& event);
  // The same as a Tick and then the event, with one Ready for both.
  Ready step(MonotonicTime now, const Event& event);

  Status status() const;
  Role role() const;
  Term term() const { return term_; }
  MemberId leader() const { return leader_; }
  const Configuration& configuration() const {
    return planted(Defect::ConfigurationEffectiveAtCommit) ? *configurations_.asOf(commit_).configuration
                                                           : configurations_.latest();
  }
  // Leader only, else null. Every other member is in it.
  const Progress* progressOf(MemberId member) const;
  const Log& log() const { return log_; }
  // No Tick is needed before this.
  MonotonicTime nextDeadline() const;
  // A snapshot is on its way to some follower: the driver may close its read handle when this is false.
  bool isSendingSnapshot() const;

 private:
  struct PendingProposal {
    LogIndex index;
    Handle handle;
  };
  struct HeldMessage {
    BatchNumber until;
    Message message;
  };
  struct IncomingSnapshot {
    ReceptionId reception;
    SnapshotMeta meta;
    Term sentIn;  // the leader's term
    std::uint64_t written = 0;
    enum class Phase : std::uint8_t {
      Waiting,     // for a chunk
      Writing,     // one
      Whole,       // until the log's own writes are done
      Committing,  // the store replaces its newest snapshot, and the log when it does not agree
    } phase = Phase::Waiting;
  };
  struct ConfirmedRead {  // waiting until applied reaches its index
    Handle handle;
    MonotonicTime deadline;
  };
  struct ForwardedReads {  // a follower's barriers: one request at a time, later ones wait for the next
    RequestId lastId;
    std::vector<ReadRound::Reader> asked, waiting;
    MonotonicTime askedAt;
    MemberId askedOf;
  };
  // What an append is sent for: entries, or news of a commit that does not wait; any such news; anyway.
  enum class Hint : std::uint8_t { OnlyNews, AllNews, Always };

  // raft.cpp: events
  void beginStep();
  Ready endStep();
  void on(const Tick& event);
  void on(const Receive& event);
  void on(const Durable& event);
  void on(const StoreFull& event);
  void on(const StoreWritable& event);
  void on(const PeerUp& event);
  void on(const PeerDown& event);
  bool isWelcome(MemberId from, const Message& message);
  bool settleTerm(const Message& message);
  void answerOldTerm(const Message& message);
  bool isLeaderMessage(const Message& message) const;
  void noteContact(const Message& message);
  MonotonicTime contactAt() const;
  void heedLeader(MemberId leader);

  // election.cpp
  void tickElection();
  bool mayCampaign() const;
  bool hearsLeaderOtherThan(MemberId candidate) const;
  bool mayVote() const;
  void resetElectionTimer();
  void preCampaign();
  void campaign(VoteReason reason);
  void requestVotes();
  void countVotes();
  void becomeFollower(Term term, MemberId leader);
  void becomeLeader();
  void checkQuorum();
  void on(MemberId from, const PreVoteRequest& request, const Message& message);
  void on(MemberId from, const PreVoteReply& reply, const Message& message);
  void on(MemberId from, const VoteRequest& request, const Message& message);
  void on(MemberId from, const VoteReply& reply, const Message& message);

  // replication.cpp: the leader's side
  Progress* follower(MemberId member);  // null unless leading it
  void broadcast();
  void replicateTo(MemberId member, Progress& progress, Hint hint);
  bool sendAppend(MemberId member, Progress& progress, Hint hint);
  bool rewinds(Progress& progress);
  void tickCommitNews();
  void tickHeartbeat();
  void sendHeartbeats();
  void sendHeartbeat(MemberId member, Progress& progress);
  void on(MemberId from, const AppendAccepted& reply, const Message& message);
  void on(MemberId from, const AppendRejected& reply, const Message& message);
  void on(MemberId from, const HeartbeatReply& reply, const Message& message);

  // append.cpp: the follower's side
  void on(MemberId from, const AppendRequest& request, const Message& message);
  void on(MemberId from, const Heartbeat& request, const Message& message);
  void rejectAppend(const AppendRequest& request);
  bool isPlausible(const AppendRequest& request, Term term) const;
  void storeEntries(const AppendRequest& request);
  void acknowledge();
  void checkRepaired();

  // commit.cpp
  void leaderCommit();
  void announceCommit(LogIndex before);
  void advanceCommit(LogIndex to);
  void handOut();
  void on(const Applied& event);
  void resolveApplied();

  // proposals.cpp
  void on(const Propose& event);
  OutcomeCode admit(const Bytes& command) const;
  void appendOwn(EntryPayload payload);
  void failUncommitted();

  // membership.cpp
  void on(const ChangeMembers& event);
  OutcomeCode admitChange(const MemberChange& change) const;
  bool hasCaughtUp(MemberId member) const;
  void configurationChanged();
  void configurationCommitted();
  void giveWay();
  void leaveJointWhenCommitted();
  void tellRemoved();
  void becomeRemoved();
  void on(MemberId from, const RemovedNotice& notice, const Message& message);

  // reads.cpp
  void on(const Barrier& event);
  void on(MemberId from, const ReadIndexRequest& request, const Message& message);
  void on(MemberId from, const ReadIndexReply& reply, const Message& message);
  void startReadRound();
  void askQuickest();
  void askEverybody();
  void confirmReadRounds();
  void readConfirmed(const ReadRound::Reader& reader, LogIndex index);
  void readFailed(const ReadRound::Reader& reader, OutcomeCode code);
  void failLeaderReads();
  void forwardReads();
  void tickReads();
  std::size_t pendingReads() const;
  void askLater(ReadRound::Reader reader);

  // snapshot_send.cpp
  void beginSnapshot(MemberId member, Progress& progress);
  void readChunk(MemberId member, OutgoingSnapshot& snapshot);
  void tickSnapshots();
  void on(const SnapshotBytesRead& event);
  void on(const SnapshotReadFailed& event);
  void on(MemberId from, const SnapshotReply& reply, const Message& message);
  void maybeTakeSnapshot();
  void doubtSnapshot(LogIndex index);
  void finishSnapshotTo(Progress& progress, const SnapshotReply& reply);
  void compactLog();
  void on(const SnapshotWritten& event);
  void on(const SnapshotNotWritten& event);

  // snapshot_receive.cpp
  void on(MemberId from, const SnapshotChunk& chunk, const Message& message);
  void dropOvertaken();
  void replySnapshot(const SnapshotMeta& meta, SnapshotProgress progress);
  bool logIsBeingReplaced() const;
  void commitIncoming();
  bool isReceiving(ReceptionId reception, IncomingSnapshot::Phase phase) const;
  void installSnapshot();
  void on(const SnapshotChunkWritten& event);
  void on(const SnapshotStored& event);
  void on(const SnapshotStoreFailed& event);
  void on(const SnapshotRestored& event);

  // transfer.cpp
  void on(const TransferLeadership& event);
  void on(MemberId from, const TimeoutNow& order, const Message& message);
  MemberId bestVoter() const;
  void tellTransferTarget();
  void tickTransfer();
  void tickStoreFull();
  void handOver();
  void settleTransfer();

  // persistence.cpp
  void loadState(InitialState& initial);
  void loadLog(InitialState& initial);
  void firstTick();
  void bootstrap(const Member& local);
  void adoptTerm(Term term);
  void voteFor(MemberId candidate);
  void truncateLog(LogIndex from);
  void appendEntry(Entry entry);
  BatchNumber hardStateBatch() const;
  void releaseHeld();
  void persistStep();
  void reportChanges();
  void finishReady();
  void checkInvariants() const;

  // shared by all
  Message make(MemberId to, MessageBody body) const;
  void send(MemberId to, MessageBody body);
  void sendWhenDurable(MemberId to, MessageBody body);  // after the present term and vote are on disk
  void finish(Handle handle, OutcomeCode code, LogIndex index = {});
  bool isLeader() const { return std::holds_alternative<LeaderState>(roleState_); }
  LeaderState* leading() { return std::get_if<LeaderState>(&roleState_); }
  const LeaderState* leading() const { return std::get_if<LeaderState>(&roleState_); }
  CandidateState* running() { return std::get_if<CandidateState>(&roleState_); }

  Options options_;
  ClusterId cluster_;
  MemberId self_;
  Prng prng_;
  MonotonicTime now_;
  bool started_ = false;
  bool poisoned_ = false;

  // persistent (5.1); the copies on disk follow by batches
  Term term_;
  MemberId votedFor_;
  Log log_;
  ConfigurationHistory configurations_;
  SnapshotMeta snapshot_;
  Durability durability_;
  bool hardStateChanged_ = false;
  BatchNumber hardStateBatch_;
  LogIndex persistedCommit_;
  MonotonicTime nextCommitFlush_;

  // volatile
  RoleState roleState_;
  MemberId leader_;      // 0 = none is heard
  MemberId termLeader_;  // who has led in this term, kept when it is no longer heard
  MonotonicTime electedAt_;
  MonotonicTime lastLeaderContact_;
  MonotonicTime electionDeadline_;
  LogIndex commit_, handedOut_, applied_;
  LogIndex verified_;  // follower: the log agrees with this term's leader up to here
  LogIndex acked_;     // follower: last acknowledgement to this term's leader
  bool ackDue_ = false;
  bool removed_ = false;
  bool storeFull_ = false;
  MonotonicTime storeFullSince_;

  bool repairing_ = false;
  LogIndex highWater_;
  LogIndex leaderCommit_;  // as told by this term's leader
  Term repairTerm_;        // the term at the start: only acknowledgements of this or earlier terms were lost

  bool takingSnapshot_ = false;
  MonotonicTime snapshotRetryAt_;
  LogIndex doubted_;  // our snapshot that a follower has refused as a whole
  bool restoring_ = false;
  ReceptionId lastReception_;
  std::optional<IncomingSnapshot> incoming_;

  std::deque<PendingProposal> proposals_;  // ascending by index
  std::multimap<LogIndex, ConfirmedRead> confirmedReads_;
  ForwardedReads forwarded_;
  std::optional<Transfer> departing_;  // a transfer whose leadership has ended, waiting for the next leader
  std::deque<HeldMessage> held_;
  RoleChange reported_;
  ConfigurationPtr reportedMembers_;
  Counters counters_;
  Ready ready_;
};

}  // namespace clusterkit::raft

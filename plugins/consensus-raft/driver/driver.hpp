// The one driver of the Raft core: turns the host's calls, timers and upcalls into events, and handles each
// Ready in the order that ready.hpp gives. Everything [loop]; decides nothing that the core decides.
#pragma once

#include <clusterkit/consensus.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "log_writer.hpp"
#include "ports.hpp"
#include "raft.hpp"
#include "snapshot_receiver.hpp"
#include "snapshot_sender.hpp"

namespace clusterkit::raft {

struct RecoveryRecords;  // recovery.cpp

std::uint32_t roleNumber(Role role);  // CK_ROLE_*

class Driver final : public Consensus {
 public:
  static const ck_option options[];                  // plugin.cpp
  static const void* extension(const char* wanted);  // recovery.cpp

  explicit Driver(const Setup& setup);

  void start(const ck_cluster_boot& boot) override;
  void propose(const ck_span* commands, std::uint64_t count, ck_token first) override;
  void barrier(ck_token token) override;
  void changeMembers(const ck_member_change& change, ck_token token) override;
  void stepDown(std::uint64_t to, ck_token token) override;
  void applied(std::uint64_t index) override;
  void compact(const ck_snap_meta& meta) override;
  void onMessage(std::uint64_t from, std::uint32_t lane, Buffer message) override;
  void onPeer(std::uint64_t member, bool up) override;
  void onDurable(std::uint64_t uptoSeq, const ck_error* error) override;
  void onStoreWritable() override;
  void onTransportWritable(std::uint64_t member, std::uint32_t lane) override;
  ck_status status(ck_consensus_status& out) override;
  void stop(ck_token token) override;

  // clusterkit.consensus.recovery/1, of an instance that is not started. Throws Error.
  ck_status commandOf(const ck_log_entry& entry, ck_span& command);
  void recoverAsSoleVoter(const ck_survivor& survivor, ck_recovery& out);

 private:
  // start.cpp: the log is read from the store before the core exists
  void checkTransport() const;
  void readLog();
  void logRead(StoreResult result);
  void begin();

  void feed(Event event);
  void wake();
  void pump(Ready first);
  template <class... What>
  Ready step(const What&... what);
  void awaitDeadline();
  void handle(Ready ready);
  void send(const std::vector<Message>& messages);
  void apply(std::vector<Entry> committed);
  void commitKept();
  void tell(const Ready& ready);
  void tellRole(const RoleChange& change);
  void tellMembers(const MembersChange& change);
  void tellOutcome(const Outcome& outcome);
  void takeSnapshot(const SnapshotMeta& meta);
  void restore(const SnapshotMeta& meta);
  void sound(Alarm alarm);
  bool running() const { return raft_ != nullptr && !stopped_; }
  MonotonicTime now() const { return MonotonicTime(Duration(host_.now())); }

  Host host_;
  Options options_;
  std::optional<Ports> ports_;  // from start on
  std::unique_ptr<LogWriter> log_;
  std::unique_ptr<SnapshotReceiver> receiver_;
  std::unique_ptr<SnapshotSender> sender_;
  Timer timer_;
  MonotonicTime timerAt_;  // while it runs

  InitialState initial_;
  std::uint64_t lastToRead_ = 0;
  std::uint64_t nextToRead_ = 0;

  std::unique_ptr<Raft> raft_;
  std::deque<Event> events_;
  bool pumping_ = false;
  bool stopped_ = false;
  std::deque<Entry> committed_;  // not yet taken by the host
  std::vector<ck_committed> handing_;
  std::shared_ptr<RecoveryRecords> recovery_;  // what was handed out last
  std::uint64_t malformed_ = 0;                // messages that could not be decoded
  std::shared_ptr<char> alive_ = std::make_shared<char>('\0');
};

}  // namespace clusterkit::raft

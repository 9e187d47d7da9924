// One Raft core under a test's hand: every message in and out is visible, nothing becomes durable by itself
// unless the test says so. For rows that are about what one node answers; whole clusters are in
// sim_cluster.hpp.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "support/builders.hpp"

namespace clusterkit::raft::test {

class SoloNode {
 public:
  enum class Disk { Instant, Held };  // Held: batches become durable by persist()

  explicit SoloNode(InitialState state, Disk disk = Disk::Instant, Options options = testOptions())
      : self_(state.self), disk_(disk), raft_(options, std::move(state), 7) {
    step(Tick{now_});
  }

  Raft& raft() { return raft_; }
  Status status() const { return raft_.status(); }
  MonotonicTime now() const { return now_; }

  // Feeds one event, carries its Ready out and feeds what follows from it. The Ready stays readable as
  // last().
  void step(const Event& event);
  const Ready& last() const { return last_; }

  void wait(Duration d) {
    now_ += d;
    step(Tick{now_});
  }
  // Until this node's own timer fires; sends what a campaign sends.
  void timeOut() {
    now_ = std::max(now_, raft_.nextDeadline());
    step(Tick{now_});
  }
  void receive(MemberId from, Term ofTerm, MessageBody body, LogIndex configurationIndex = {}) {
    step(Receive{from, Message{theCluster, from, self_, ofTerm, configurationIndex, std::move(body)}});
  }
  // Completes everything submitted so far.
  void persist();

  // Makes it leader of the next term with the votes of these members.
  void lead(std::vector<MemberId> voters);

  const std::vector<Message>& sent() const { return sent_; }
  void forget() { sent_.clear(); }
  template <class T>
  std::vector<T> all(MemberId to = {}) const {
    std::vector<T> found;
    for (const Message& m : sent_) {
      if (const T* body = std::get_if<T>(&m.body); body != nullptr && (!to || m.to == to))
        found.push_back(*body);
    }
    return found;
  }
  template <class T>
  std::optional<T> newest(MemberId to = {}) const {
    const auto found = all<T>(to);
    return found.empty() ? std::nullopt : std::optional<T>(found.back());
  }
  std::optional<OutcomeCode> outcome(Handle handle) const;
  const std::vector<Outcome>& outcomes() const { return outcomes_; }
  std::uint64_t batches() const { return lastBatch_.value; }  // submitted so far
  const std::vector<Entry>& applied() const { return applied_; }
  const std::optional<SnapshotMeta>& snapshotAsked() const { return snapshotAsked_; }  // the newest

 private:
  MemberId self_;
  Disk disk_;
  Raft raft_;
  MonotonicTime now_{1s};
  BatchNumber lastBatch_, durableBatch_;
  Ready last_;
  std::vector<Message> sent_;
  std::vector<Outcome> outcomes_;
  std::vector<Entry> applied_;
  std::optional<SnapshotMeta> snapshotAsked_;
};

}  // namespace clusterkit::raft::test

// What the HTTP API needs of this node (http/cluster_api.hpp), made of the coordinator, the leader gate and
// the published state. Calls come from the HTTP loop and are posted to the node loop; answers leave from the
// node loop.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <vector>

#include "cluster/event_lines.hpp"
#include "controller/leader_gate.hpp"
#include "daemon/metrics_registry.hpp"
#include "http/cluster_api.hpp"

namespace clusterkit {

class NodeApi final : public http::ClusterApi, public ClusterObserver {
 public:
  struct Self {
    NodeId id;
    std::string name;
    MemberId member;
    std::string httpAddress;
    std::vector<http::PluginView> plugins;
  };

  // Registers itself with the coordinator; everything given outlives this object.
  NodeApi(EventLoop& loop, Coordinator& coordinator, LeaderGate& gate, const MetricsRegistry& metrics,
          EventLines& lines, Self self);
  ~NodeApi() override;
  NodeApi(const NodeApi&) = delete;
  NodeApi& operator=(const NodeApi&) = delete;

  // [loop] From now on consensus runs: its numbers are published, at once when they change with the state and
  // soon after otherwise. Before and after, the role is NotStarted.
  void watchConsensus();
  void stop();  // [loop] what waits is answered
  // [loop] It runs no longer, for a reason that an operator has to see to.
  void endConsensus(const std::string& problem);

  Published<ClusterState>::Reading state() const override { return coordinator_.state(); }
  std::shared_ptr<const http::MemberRoles> roles() const override { return *roles_.read(); }
  http::NodeView node() const override;
  std::vector<http::PluginView> plugins() const override { return self_.plugins; }
  std::vector<http::MetricFamily> metrics() const override { return metrics_.families(); }
  std::optional<std::uint64_t> stateHashAt(LogIndex index) const override {
    return coordinator_.stateHashAt(index);
  }

  std::shared_ptr<const std::string> eventLine(const ClusterEvent& event) override {
    return lines_.line(event);
  }
  void onEvents(std::function<void()> notice) override;

  void propose(CommandBody body, http::WriteOptions options, http::Callback<Outcome> done) override;
  void readBarrier(MonotonicTime deadline, http::Callback<LogIndex> done) override;
  void join(http::JoinRequest request, MonotonicTime deadline,
            http::Callback<http::JoinAccepted> done) override;
  void removeNode(NodeId node, RemoveNode::Consent consent, http::WriteOptions options,
                  http::Callback<Outcome> done) override;
  void transferLeadership(std::optional<NodeId> to, MonotonicTime deadline,
                          http::Callback<MemberId> done) override;
  void previewRebalance(MonotonicTime deadline, http::Callback<RebalancePlan> done) override;
  void startRebalance(http::WriteOptions options, http::Callback<Outcome> done) override;

  void onState(const ClusterState& state, Events events) override;
  void onRole(Role role, Epoch epoch, MemberId leader) override;
  void onMembers(std::span<const Member> members, LogIndex index) override;

 private:
  struct Waiting {
    MonotonicTime deadline;
    Task ready;
  };
  using DutyDone = std::function<void(Result<proto::DutyResult>)>;

  // What a change that goes through the leader waits for before its answer is passed on: that it can be seen
  // here too. A node that is removed sees no more of the log, so its own removal does not wait.
  enum class Wait : std::uint8_t { UntilApplied, NotAtAll };
  void ask(proto::Duty duty, MonotonicTime deadline, DutyDone done, Wait wait = Wait::UntilApplied);
  // Runs `ready` once this node has applied `index`, or when the time is over: then the change is true, only
  // not here yet.
  void whenApplied(LogIndex index, MonotonicTime deadline, Task ready);
  void refresh();
  void refreshLater();
  void publishRoles();

  EventLoop& loop_;
  Coordinator& coordinator_;
  LeaderGate& gate_;
  const MetricsRegistry& metrics_;
  EventLines& lines_;
  const Self self_;
  const MonotonicTime startedAt_;
  Published<ConsensusStatus> status_;
  std::atomic<bool> consensusRuns_{false};
  std::atomic<bool> storeFull_{false};
  Published<std::shared_ptr<const http::MemberRoles>> roles_;
  Published<std::string> problem_;
  std::multimap<LogIndex, Waiting> waiting_;
  std::function<void()> eventNotice_;
  EventSeq noticedEvent_;  // the next one when the last notice was given
  TimerId refreshing_;
  Lifetime lifetime_;
};

}  // namespace clusterkit

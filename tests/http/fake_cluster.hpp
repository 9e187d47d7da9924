// A ClusterApi without consensus, store or transport: the real state and the real apply, driven by a test.
// Like the real one, it answers writes and barriers from a thread of its own, unless it is told to answer at
// once.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cluster/apply.hpp"
#include "cluster/event_lines.hpp"
#include "http/cluster_api.hpp"

namespace clusterkit::http::test {

class FakeCluster : public ClusterApi {
 public:
  enum class Start { Empty, ThreeNodes };
  // Three nodes: node-1 (member 1, leader), node-2 (member 2), node-3 (member 3, learner); 4 partitions, 2
  // copies; the last 200 events.
  // AtOnce: before the call returns; holdBack() then holds nothing.
  enum class Answers { OnItsThread, AtOnce };
  explicit FakeCluster(Start start = Start::ThreeNodes, Answers answers = Answers::OnItsThread);
  ~FakeCluster() override;

  // Applies a command as if the log had brought it.
  Outcome apply(CommandBody body, std::optional<Idempotency> idempotency = {});
  // From now on every call is answered with this; nothing is applied.
  void fail(std::optional<Failure> failure);
  void setRoles(MemberRoles roles);
  // The next write or barrier is held back until release().
  void holdBack();
  void release();

  // What reached the interface.
  std::vector<JoinRequest> joins() const;
  std::vector<WriteOptions> writes() const;
  int barriers() const;

  NodeView view;
  std::vector<PluginView> loaded;
  std::vector<MetricFamily> families;
  RebalancePlan plan;
  std::optional<NodeId> transferredTo;
  EventLines lines;

  Published<ClusterState>::Reading state() const override { return state_.read(); }
  std::shared_ptr<const MemberRoles> roles() const override;
  NodeView node() const override { return view; }
  std::vector<PluginView> plugins() const override { return loaded; }
  std::vector<MetricFamily> metrics() const override { return families; }
  std::optional<std::uint64_t> stateHashAt(LogIndex index) const override;

  std::shared_ptr<const std::string> eventLine(const ClusterEvent& event) override {
    return lines.line(event);
  }
  void onEvents(std::function<void()> notice) override;

  void propose(CommandBody body, WriteOptions options, Callback<Outcome> done) override;
  void readBarrier(MonotonicTime deadline, Callback<LogIndex> done) override;
  void join(JoinRequest request, MonotonicTime deadline, Callback<JoinAccepted> done) override;
  void removeNode(NodeId node, RemoveNode::Consent consent, WriteOptions options,
                  Callback<Outcome> done) override;
  void transferLeadership(std::optional<NodeId> to, MonotonicTime deadline, Callback<MemberId> done) override;
  void previewRebalance(MonotonicTime deadline, Callback<RebalancePlan> done) override;
  void startRebalance(WriteOptions options, Callback<Outcome> done) override;

 private:
  // Runs `work` on the fake's thread, after what was given before; or here and now.
  void post(std::function<void()> work);
  void run();
  template <class T>
  bool failed(const Callback<T>& done);

  const Answers answers_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;
  bool stopping_ = false;
  bool held_ = false;
  std::optional<Failure> failure_;
  std::shared_ptr<const MemberRoles> roles_;
  std::vector<JoinRequest> joins_;
  std::vector<WriteOptions> writes_;
  int barriers_ = 0;
  std::function<void()> eventNotice_;
  std::mutex applying_;
  StateBuilder builder_;
  Published<ClusterState> state_;
  std::thread thread_;
};

NodeSpec specOf(std::uint64_t number);  // node-<number>

}  // namespace clusterkit::http::test

// All that the HTTP API needs of the node it runs in. The node's coordinator implements it; tests use a fake.
//
// Threads: called on the HTTP loop only, but for what is tagged [any], and never blocks it. A callback comes
// exactly once, on any thread, possibly before the call returns; it may be slow for nobody (it only hands an
// answer to the HTTP loop).
#pragma once

#include <clusterkit/types.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cluster/command.hpp"
#include "cluster/outcome.hpp"
#include "cluster/published.hpp"
#include "cluster/state.hpp"
#include "placement/plan_rebalance.hpp"

namespace clusterkit::http {

// --- Answers
// ---------------------------------------------------------------------------------------------------------

// Why a request did not get an answer of its own. All but Unknown mean: definitely not applied.
enum class FailureKind : std::uint8_t {
  NoLeader,     // no leader was found in time, or no quorum answered a read
  NotLeader,    // leadership moved while the request was under way, before it was logged
  NotReady,     // this node is not yet part of a cluster
  Unavailable,  // stopping, a queue is full
  NoSpace,      // disk or memory is full
  Refused,      // by the present state; the message says what would break
  Removed,      // a member that was removed for good
  NotFound,
  Invalid,
  TooLarge,
  Unsupported,  // the plugin in use cannot do it
  TimedOut,     // a read or a preparation was not ready in time
  Unknown,      // a write: possibly applied
  Internal,
};

struct Failure {
  FailureKind kind = FailureKind::Internal;
  std::string message;  // one line for people
};

template <class T>
using Answer = std::variant<T, Failure>;
template <class T>
using Callback = std::function<void(Answer<T>)>;

// --- This node
// -------------------------------------------------------------------------------------------------------

enum class ConsensusRole : std::uint8_t { Follower, Candidate, Leader, Learner, Removed, NotStarted };

// Who leads and who votes, as this node's consensus sees it. A new object for every change, so that comparing
// pointers tells whether anything changed.
struct MemberRoles {
  MemberId leader;         // 0: none known
  WallTime leaderSince{};  // when this node learned of it; meaningless without a leader
  LogIndex configIndex;    // of the configuration in force
  std::vector<MemberId> voters;
  std::vector<MemberId> learners;
};

struct NodeView {
  NodeId id;
  std::string name;
  MemberId member;
  std::string httpAddress;  // advertised
  ConsensusRole role = ConsensusRole::NotStarted;
  Epoch term;
  Epoch lastTerm;  // of the last log entry
  LogIndex firstIndex, lastIndex, durableIndex, commitIndex, appliedIndex, snapshotIndex;
  std::chrono::milliseconds uptime{};
  bool storeFull = false;  // the disk has no room: writes wait for some, reads go on
  std::string problem;     // why it takes no part any more and what to do about it; empty: it does
  // When this node last heard the leader, or as the leader a majority; what it has applied may lag behind.
  // Epoch start: never in this run.
  WallTime lastSync{};
};

struct PluginView {
  std::string kind;      // "consensus", "transport", "store", "sink"
  std::string instance;  // of a sink: the section's name; otherwise empty
  std::string id;        // "raft"
  std::string version;
  std::string file;     // where it was loaded from
  std::string state;    // "running", "paused", "failed"
  std::string message;  // the reason of a failure; empty when all is well
};

// For Prometheus; histograms are cumulative as its text format wants them.
struct MetricFamily {
  enum class Type : std::uint8_t { Counter, Gauge, Histogram };
  struct Label {
    std::string name, value;
  };
  struct Bucket {
    double upperBound = 0;
    std::uint64_t count = 0;  // cumulative
  };
  struct Sample {
    std::vector<Label> labels;
    double value = 0;             // counter, gauge; the sum of a histogram
    std::uint64_t count = 0;      // histogram
    std::vector<Bucket> buckets;  // histogram, ascending; the last bound is infinity
  };
  std::string name;  // "clusterkit_raft_term"
  std::string help;
  Type type = Type::Gauge;
  std::vector<Sample> samples;
};

// --- Requests
// --------------------------------------------------------------------------------------------------------

// A node asks to become a member. `node.member` 0: a client of the original library, which has none.
struct JoinRequest {
  NodeSpec node;
  // What the node believes about the cluster; a value that is absent is not checked.
  std::optional<ClusterId> cluster;
  std::optional<std::string> clusterName;
  std::optional<std::uint32_t> partitionCount;
  std::optional<std::uint32_t> replicationFactor;
  std::optional<std::uint32_t> protocol;
};

struct JoinAccepted {
  NodeId node;
  ClusterId cluster;
  std::uint32_t nodeCount = 0;  // with the new one
  LogIndex index;               // of the command that added it
};

struct WriteOptions {
  MonotonicTime deadline;                  // after it the outcome may be reported Unknown
  std::optional<Idempotency> idempotency;  // passed on into the command
};

class ClusterApi {
 public:
  virtual ~ClusterApi() = default;

  // [any] The newest published state; held only while one request is looked at.
  virtual Published<ClusterState>::Reading state() const = 0;
  virtual std::shared_ptr<const MemberRoles> roles() const = 0;  // [any] never null
  virtual NodeView node() const = 0;                             // [any]
  virtual std::vector<PluginView> plugins() const = 0;
  virtual std::vector<MetricFamily> metrics() const = 0;
  // stateHash() of the state right after this index; nothing when it is not kept (any more).
  virtual std::optional<std::uint64_t> stateHashAt(LogIndex index) const = 0;

  // [any] The event as one line of JSON (cluster/event_lines.hpp), the same object for all who send it.
  virtual std::shared_ptr<const std::string> eventLine(const ClusterEvent& event) = 0;
  // `notice` is called, on any thread, after every publication that brought events or another state; it only
  // passes the word on. Replaces the one before; publications before this call may go unnoticed.
  virtual void onEvents(std::function<void()> notice) = 0;

  // Proposes at the leader, wherever it is. The callback comes after this node has published a state that
  // contains the command, so that the client's next read here sees its own write.
  virtual void propose(CommandBody body, WriteOptions options, Callback<Outcome> done) = 0;
  // A linearizable read point: when it comes, state() contains every write acknowledged before the call.
  virtual void readBarrier(MonotonicTime deadline, Callback<LogIndex> done) = 0;

  // Checked, committed and known to this node when the callback comes.
  virtual void join(JoinRequest request, MonotonicTime deadline, Callback<JoinAccepted> done) = 0;
  // Out of consensus and out of the state; Refused below quorum, or for the last live copy without `consent`.
  virtual void removeNode(NodeId node, RemoveNode::Consent consent, WriteOptions options,
                          Callback<Outcome> done) = 0;
  // To this node, or to the best one when absent. Answers with the new leader.
  virtual void transferLeadership(std::optional<NodeId> to, MonotonicTime deadline,
                                  Callback<MemberId> done) = 0;
  // What a rebalance would do now; empty when all is as it should be. Nothing is changed.
  virtual void previewRebalance(MonotonicTime deadline, Callback<RebalancePlan> done) = 0;
  // Plans and commits one by hand. Outcome.index names the plan; Refused when there is nothing to move.
  virtual void startRebalance(WriteOptions options, Callback<Outcome> done) = 0;
};

}  // namespace clusterkit::http

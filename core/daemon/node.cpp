// The library's Node: the daemon's parts behind the public header.
#include <clusterkit/node.hpp>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <utility>

#include "daemon/exit_code.hpp"
#include "daemon/launch.hpp"
#include "daemon/load_settings.hpp"
#include "host/line_log.hpp"
#include "host/plugin_refused.hpp"
#include "host/text.hpp"
#include "http/health_handler.hpp"

namespace clusterkit {
namespace {

using namespace std::chrono_literals;

constexpr Duration kWriteLimit = 10s;

Settings settingsOf(const NodeOptions& options) {
  ConfigSources sources;
  sources.workingFolder = std::filesystem::current_path();
  sources.assignments = {"node.id=" + options.nodeId, "http.listen=" + options.httpListen};
  for (const auto& [key, value] : options.settings) sources.assignments.push_back(key + "=" + value);
  return loadSettings(sources).settings;
}

// What the plugins and the configuration throw, as the library's one error.
template <class F>
auto translated(F&& call) {
  try {
    return call();
  } catch (const NodeFailure& error) {
    throw NodeError(error.what(), error.exitCode);
  } catch (const ConfigError& error) {
    throw NodeError(error.what(), kExitConfiguration);
  } catch (const PluginRefused& error) {
    throw NodeError(error.what(), kExitPlugin);
  } catch (const PluginError& error) {
    throw NodeError(error.what(), kExitPlugin);
  }
}

ClusterNode publicNode(const NodeRecord& record) {
  ClusterNode out;
  out.id = record.spec.id;
  out.name = record.spec.name;
  out.ip = record.spec.httpAddress;
  out.status = toString(record.status);
  out.zone = record.spec.zone;
  out.weight = record.spec.weight;
  out.incarnation = record.incarnation;
  for (const ServiceSpec& service : record.spec.services)
    out.services[service.service] =
        service.address + (service.port != 0 ? ":" + std::to_string(service.port) : "");
  return out;
}

Partition publicPartition(const ClusterState& state, PartitionId id) {
  Partition out;
  out.id = "partition-" + std::to_string(id.value);
  out.number = id.value;
  out.epoch = state.partitions->epochOf(id);
  const auto owners = state.partitions->ownersOf(id);
  for (std::size_t i = 0; i < owners.size(); ++i) {
    std::string node(state.nodeIdOf(owners[i]));
    if (i == 0)
      out.primary = std::move(node);
    else
      out.replicas.push_back(std::move(node));
  }
  return out;
}

[[noreturn]] void raise(const http::Failure& failure) {
  const bool unknown = failure.kind == http::FailureKind::Unknown;
  throw NodeError(failure.message, 0, unknown ? Applied::Unknown : Applied::No);
}

// Waits for a call's one answer. The node loop always answers within the call's own deadline.
template <class T>
class Answered {
 public:
  // Only the callback holds the promise: when it is dropped unanswered, because the node stops, wait() ends
  // too.
  http::Callback<T> callback() {
    auto promise = std::make_shared<std::promise<http::Answer<T>>>();
    future_ = promise->get_future();
    return [promise = std::move(promise)](http::Answer<T> answer) { promise->set_value(std::move(answer)); };
  }
  T wait() {
    http::Answer<T> answer = http::Failure{http::FailureKind::Unknown, "the node stopped"};
    try {
      answer = future_.get();
    } catch (const std::future_error&) {
      // dropped: what was asked may have been done
    }
    if (auto* failure = std::get_if<http::Failure>(&answer)) raise(*failure);
    return std::get<T>(std::move(answer));
  }

 private:
  std::future<http::Answer<T>> future_;
};

}  // namespace

struct Node::Parts {
  enum class Phase { Created, Running, Stopped };  // after a failed start: Stopped

  explicit Parts(const NodeOptions& options)
      : settings(settingsOf(options)),
        log({settings.log.format,
             settings.log.level,
             settings.log.file ? settings.log.file->string() : "",
             {}}),
        catalog(findPlugins(absolute(options.pluginPath), settings.plugins)),
        libraries(settings.node.dataDir / "plugins", PluginTrust::ofThisProcess(settings.plugins.allow)),
        node(settings, choosePlugins(settings, catalog, libraries, DataFolder::Prepare), log,
             [this](int exitCode, const std::string& reason) {
               const std::lock_guard lock(mutex);
               failure = reason;
               failureExit = exitCode;
             },
             {.hooks = options.hooks, .sinkSource = {}}) {}

  static std::vector<std::filesystem::path> absolute(const std::vector<std::string>& paths) {
    std::vector<std::filesystem::path> out;
    for (const std::string& path : paths) out.push_back(std::filesystem::absolute(path));
    return out;
  }

  MonotonicTime deadline() { return node.loop().now() + kWriteLimit; }
  // Empty while the node runs.
  std::string whyNotRunning() {
    const std::lock_guard lock(mutex);
    if (!failure.empty()) return "the node has failed: " + failure;
    switch (phase) {
      case Phase::Created: return "the node is not started";
      case Phase::Stopped: return "the node is stopped";
      case Phase::Running: break;
    }
    return {};
  }
  void requireRunning() {
    const std::string why = whyNotRunning();
    const std::lock_guard lock(mutex);
    if (!why.empty()) throw NodeError(why, failure.empty() ? kExitConfiguration : failureExit);
  }
  void enter(Phase next) {
    const std::lock_guard lock(mutex);
    phase = next;
  }

  Settings settings;
  LineLog log;
  PluginCatalog catalog;
  PluginLibraries libraries;
  std::mutex mutex;
  std::string failure;           // guarded by mutex; empty: none
  int failureExit = 0;           // guarded by mutex
  Phase phase = Phase::Created;  // guarded by mutex
  RunningNode node;
};

Node::Node(const NodeOptions& options)
    : parts_(translated([&] { return std::make_unique<Parts>(options); })) {}

Node::~Node() { stop(); }

void Node::start() {
  {
    const std::lock_guard lock(parts_->mutex);
    if (parts_->phase != Parts::Phase::Created)
      throw NodeError("a node is started once; make another one to start again", kExitConfiguration);
    parts_->phase = Parts::Phase::Stopped;  // until it runs
  }
  translated([&] { parts_->node.start(); });
  parts_->enter(Parts::Phase::Running);
}

void Node::stop() {
  parts_->enter(Parts::Phase::Stopped);
  parts_->node.stop();
}

bool Node::waitReady(Duration limit) {
  parts_->requireRunning();
  const MonotonicTime until = parts_->node.loop().now() + limit;
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  while (!health().ready) {
    if (parts_->node.loop().now() >= until) return false;
    never.wait_for(lock, 5ms);
  }
  return true;
}

std::string Node::myNodeId() const { return parts_->settings.node.id; }

Partition Node::getPartition(std::string_view key) const {
  const auto state = parts_->node.coordinator().state();
  if (!state->exists()) throw NodeError("this node is not part of a cluster yet", 0);
  return publicPartition(*state, state->partitions->partitionOf(key));
}

std::optional<ClusterNode> Node::getPrimary(const Partition& partition) const {
  const auto state = parts_->node.coordinator().state();
  const NodeRecord* record = state->findNode(partition.primary);
  return record != nullptr ? std::optional(publicNode(*record)) : std::nullopt;
}

std::vector<ClusterNode> Node::getReplicas(const Partition& partition) const {
  const auto state = parts_->node.coordinator().state();
  std::vector<ClusterNode> out;
  for (const std::string& id : partition.replicas)
    if (const NodeRecord* record = state->findNode(id)) out.push_back(publicNode(*record));
  return out;
}

std::vector<ClusterNode> Node::getNodes() const { return cluster().nodes; }

bool Node::isPrimary(const Partition& partition) const { return partition.primary == myNodeId(); }

bool Node::isReplica(const Partition& partition) const {
  for (const std::string& id : partition.replicas)
    if (id == myNodeId()) return true;
  return false;
}

ClusterSummary Node::cluster() const {
  const auto state = parts_->node.coordinator().state();
  ClusterSummary out;
  out.id = hex64(state->facts->id.value);
  out.name = state->facts->name;
  out.partitionCount = state->facts->partitionCount;
  out.replicationFactor = state->facts->replicationFactor;
  out.epoch = state->mapEpoch();
  out.index = state->appliedIndex;
  for (const auto& entry : state->nodes) out.nodes.push_back(publicNode(*entry.value));
  for (std::uint32_t i = 0; i < state->partitions->partitionCount(); ++i)
    out.partitions.push_back(publicPartition(*state, PartitionId(i)));
  return out;
}

NodeMetrics Node::metrics() const {
  parts_->requireRunning();
  const http::NodeView view = parts_->node.api().node();
  const auto state = parts_->node.coordinator().state();
  NodeMetrics out;
  out.nodeCount = state->nodes.size();
  out.partitionCount = state->partitions->partitionCount();
  const http::HttpStats& stats = parts_->node.httpStats();
  out.requestCount = stats.requests;
  out.errorCount = stats.byClass[4] + stats.byClass[5];
  out.isLeader = view.role == http::ConsensusRole::Leader;
  out.raftState = http::raftStateName(view.role);
  out.uptime = view.uptime;
  return out;
}

NodeHealth Node::health() const {
  NodeHealth out;
  if (const std::string why = parts_->whyNotRunning(); !why.empty()) {
    out.clusterHealth = toString(HealthStatus::Critical);
    out.reasons.push_back(why);
    return out;
  }
  const auto state = parts_->node.coordinator().state();
  const bool led = static_cast<bool>(parts_->node.api().roles()->leader);
  out.clusterHealth = toString(state->health.status);
  if (!state->exists()) out.reasons.push_back("not part of a cluster yet");
  if (!led) out.reasons.push_back("no leader is known");
  for (const std::string& id : state->health.unhealthyNodeIds)
    out.reasons.push_back("node " + id + " does not answer");
  if (state->health.partitionsOffline != 0)
    out.reasons.push_back(std::to_string(state->health.partitionsOffline) +
                          " partitions without a live owner");
  if (state->health.partitionsUnderReplicated != 0)
    out.reasons.push_back(std::to_string(state->health.partitionsUnderReplicated) +
                          " partitions under_replicated");
  out.ready = state->exists() && led && state->health.partitionsOffline == 0;
  return out;
}

std::uint32_t Node::rebalance() {
  parts_->requireRunning();
  Answered<Outcome> answered;
  parts_->node.api().startRebalance({parts_->deadline(), std::nullopt}, answered.callback());
  const Outcome outcome = answered.wait();
  if (!outcome.applied()) throw NodeError(outcome.message, 0);
  const auto state = parts_->node.coordinator().state();
  if (state->rebalance) return state->rebalance->partitionsToMove;
  return state->lastRebalance ? state->lastRebalance->rebalance.partitionsToMove : 0;
}

std::uint64_t Node::setData(const std::string& key, const std::string& bytes) {
  parts_->requireRunning();
  Answered<Outcome> answered;
  parts_->node.api().propose(SetValue{key, bytes, std::nullopt}, {parts_->deadline(), std::nullopt},
                             answered.callback());
  const Outcome outcome = answered.wait();
  if (!outcome.applied()) throw NodeError(outcome.message, 0);
  return outcome.version;
}

std::optional<DataValue> Node::getData(const std::string& key) const {
  parts_->requireRunning();
  Answered<LogIndex> answered;
  parts_->node.api().readBarrier(parts_->deadline(), answered.callback());
  answered.wait();
  const auto state = parts_->node.coordinator().state();
  const StoredValue* value = state->findValue(key);
  return value != nullptr ? std::optional(DataValue{*value->bytes, value->version}) : std::nullopt;
}

bool Node::deleteData(const std::string& key) {
  parts_->requireRunning();
  Answered<Outcome> answered;
  parts_->node.api().propose(DeleteValue{key, std::nullopt}, {parts_->deadline(), std::nullopt},
                             answered.callback());
  const Outcome outcome = answered.wait();
  if (outcome.code == OutcomeCode::NotFound) return false;
  if (!outcome.applied()) throw NodeError(outcome.message, 0);
  return true;
}

std::vector<DataEntry> Node::listData(const std::string& prefix) const {
  const auto state = parts_->node.coordinator().state();
  std::vector<DataEntry> out;
  for (auto at = state->values.from(prefix); at && at->key.starts_with(prefix); ++at)
    out.push_back({at->key, at->value.version, at->value.bytes->size()});
  return out;
}

}  // namespace clusterkit

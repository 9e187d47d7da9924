// The words of the cluster: each closed set of values and how it is written in JSON, logs and metrics. An
// empty word means that the number is none of the set, which is how the codecs find out.
#include "cluster/command.hpp"
#include "cluster/event.hpp"
#include "cluster/health.hpp"
#include "cluster/node.hpp"
#include "cluster/outcome.hpp"
#include "cluster/rebalance.hpp"
#include "cluster/state.hpp"

namespace clusterkit {

std::string_view toString(NodeStatus status) {
  switch (status) {
    case NodeStatus::Joining: return "joining";
    case NodeStatus::Active: return "active";
    case NodeStatus::Suspect: return "suspect";
    case NodeStatus::Down: return "down";
    case NodeStatus::Draining: return "draining";
    case NodeStatus::Left: return "left";
  }
  return {};
}

std::string_view toString(LeaveReason reason) {
  switch (reason) {
    case LeaveReason::HealthCheckFailure: return "health_check_failure";
    case LeaveReason::GracefulShutdown: return "graceful_shutdown";
    case LeaveReason::RemovedByAdmin: return "removed_by_admin";
  }
  return {};
}

std::string_view toString(RebalanceTrigger trigger) {
  switch (trigger) {
    case RebalanceTrigger::NodeJoin: return "node_join";
    case RebalanceTrigger::NodeLeave: return "node_leave";
    case RebalanceTrigger::Manual: return "manual";
  }
  return {};
}

std::string_view toString(HandoffMode mode) {
  switch (mode) {
    case HandoffMode::Immediate: return "immediate";
    case HandoffMode::Acknowledged: return "acknowledged";
  }
  return {};
}

std::string_view toString(RebalancePhase phase) {
  switch (phase) {
    case RebalancePhase::Running: return "running";
    case RebalancePhase::Paused: return "paused";
  }
  return {};
}

std::string_view toString(RebalanceOutcome outcome) {
  switch (outcome) {
    case RebalanceOutcome::Completed: return "completed";
    case RebalanceOutcome::Cancelled: return "cancelled";
  }
  return {};
}

std::string_view toString(HealthStatus status) {
  switch (status) {
    case HealthStatus::Healthy: return "healthy";
    case HealthStatus::Degraded: return "degraded";
    case HealthStatus::Critical: return "critical";
  }
  return {};
}

std::string_view toString(PartitionCondition condition) {
  switch (condition) {
    case PartitionCondition::Active: return "active";
    case PartitionCondition::UnderReplicated: return "under_replicated";
    case PartitionCondition::Offline: return "offline";
    case PartitionCondition::Unassigned: return "unassigned";
    case PartitionCondition::Moving: return "moving";
  }
  return {};
}

std::string_view toString(ChangeReason reason) {
  switch (reason) {
    case ChangeReason::InitialAssignment: return "initial_assignment";
    case ChangeReason::Rebalance: return "rebalance";
    case ChangeReason::HandoffCompleted: return "handoff_completed";
    case ChangeReason::Failover: return "failover";
    case ChangeReason::NodeRemoved: return "node_removed";
  }
  return {};
}

std::string_view toString(NodeJoin::Kind kind) {
  switch (kind) {
    case NodeJoin::Kind::Join: return "join";
    case NodeJoin::Kind::Bootstrap: return "bootstrap";
  }
  return {};
}

std::string_view toString(ServiceChange::Kind kind) {
  switch (kind) {
    case ServiceChange::Kind::Registered: return "registered";
    case ServiceChange::Kind::Updated: return "updated";
    case ServiceChange::Kind::Deregistered: return "deregistered";
    case ServiceChange::Kind::Passing: return "passing";
    case ServiceChange::Kind::Failing: return "failing";
  }
  return {};
}

std::string_view toString(ValueChange::Kind kind) {
  switch (kind) {
    case ValueChange::Kind::Set: return "set";
    case ValueChange::Kind::Deleted: return "deleted";
  }
  return {};
}

std::string_view toString(RemoveNode::Consent consent) {
  switch (consent) {
    case RemoveNode::Consent::KeepLastCopies: return "keep_last_copies";
    case RemoveNode::Consent::LoseLastCopies: return "lose_last_copies";
  }
  return {};
}

std::string_view toString(ControlRebalance::Action action) {
  switch (action) {
    case ControlRebalance::Action::Pause: return "pause";
    case ControlRebalance::Action::Resume: return "resume";
    case ControlRebalance::Action::Cancel: return "cancel";
  }
  return {};
}

std::string_view toString(OutcomeCode code) {
  switch (code) {
    case OutcomeCode::Applied: return "applied";
    case OutcomeCode::InvalidArgument: return "invalid_argument";
    case OutcomeCode::ValueTooLarge: return "value_too_large";
    case OutcomeCode::QuotaExceeded: return "quota_exceeded";
    case OutcomeCode::NotFound: return "not_found";
    case OutcomeCode::VersionConflict: return "version_conflict";
    case OutcomeCode::StaleMapEpoch: return "stale_map_epoch";
    case OutcomeCode::StaleNode: return "stale_node";
    case OutcomeCode::StalePlan: return "stale_plan";
    case OutcomeCode::IllegalTransition: return "illegal_transition";
    case OutcomeCode::ClusterExists: return "cluster_exists";
    case OutcomeCode::NoCluster: return "no_cluster";
    case OutcomeCode::DuplicateNode: return "duplicate_node";
    case OutcomeCode::DuplicateMember: return "duplicate_member";
    case OutcomeCode::MemberRemoved: return "member_removed";
    case OutcomeCode::LastCopy: return "last_copy";
    case OutcomeCode::LastNode: return "last_node";
    case OutcomeCode::NodeUnavailable: return "node_unavailable";
    case OutcomeCode::RebalanceRunning: return "rebalance_running";
    case OutcomeCode::RebalancePaused: return "rebalance_paused";
    case OutcomeCode::NotWaiting: return "not_waiting";
    case OutcomeCode::IdempotencyConflict: return "idempotency_conflict";
    case OutcomeCode::IdempotencyExpired: return "idempotency_expired";
  }
  return {};
}

std::string_view commandName(const CommandBody& body) {
  static constexpr std::string_view kNames[] = {
      "create_cluster", "add_node",        "rejoin_node",     "update_node",       "set_node_status",
      "drain_node",     "undrain_node",    "remove_node",     "announce_leader",   "start_rebalance",
      "begin_moves",    "finish_handoffs", "partition_ready", "control_rebalance", "promote_replicas",
      "set_value",      "delete_value",    "set_sink_cursor", "recover_cluster"};
  static_assert(std::size(kNames) == std::variant_size_v<CommandBody>);
  return kNames[body.index()];
}

std::string_view toString(CursorChange change) {
  switch (change) {
    case CursorChange::Progress: return "progress";
    case CursorChange::Control: return "control";
  }
  return {};
}

std::span<const std::string_view> eventTypes() {
  static constexpr std::string_view kNames[] = {"node_join",
                                                "node_rejoin",
                                                "node_leave",
                                                "rebalance_start",
                                                "partition_change",
                                                "rebalance_complete",
                                                "cluster_health_change",
                                                "partition_released",
                                                "partition_ready",
                                                "service_change",
                                                "value_change",
                                                "leader_change",
                                                "gap"};
  static_assert(std::size(kNames) == std::variant_size_v<EventBody>);
  return kNames;
}

std::string_view eventType(const EventBody& body) { return eventTypes()[body.index()]; }

}  // namespace clusterkit

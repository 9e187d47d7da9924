#include "e2e/event_fields.hpp"

#include <map>
#include <set>

namespace clusterkit::test {
namespace {

using Poco::Dynamic::Var;
using Poco::JSON::Array;
using Poco::JSON::Object;

enum class Kind { text, name, number, flag, list, node };
using Fields = std::vector<std::pair<std::string, Kind>>;

const Fields& commonFields() {
  static const Fields fields = {{"type", Kind::name},    {"id", Kind::name},      {"seq", Kind::number},
                                {"index", Kind::number}, {"epoch", Kind::number}, {"timestamp", Kind::name}};
  return fields;
}

const std::map<std::string, Fields>& fieldsOfTypes() {
  static const Fields rebalance = {{"trigger", Kind::name},
                                   {"trigger_node_id", Kind::text},  // empty when an administrator asked
                                   {"partitions_to_move", Kind::number},
                                   {"nodes_affected", Kind::list}};
  static const Fields rebalanced = [] {
    Fields out = rebalance;
    out.emplace_back("duration_ms", Kind::number);
    return out;
  }();
  static const std::map<std::string, Fields> fields = {
      {"node_join", {{"node", Kind::node}, {"cluster_size", Kind::number}, {"is_bootstrap", Kind::flag}}},
      {"node_rejoin",
       {{"node", Kind::node},
        {"offline_duration_ms", Kind::number},
        {"last_seen_at", Kind::name},
        {"partitions_before_leave", Kind::list}}},
      {"node_leave",
       {{"node", Kind::node},
        {"reason", Kind::name},
        {"partitions_owned", Kind::list},
        {"partitions_replica", Kind::list}}},
      {"rebalance_start", rebalance},
      {"rebalance_complete", rebalanced},
      {"partition_change",
       {{"partition_id", Kind::name},
        {"copy_from_nodes", Kind::list},
        {"copy_to_node", Kind::name},
        {"change_reason", Kind::name},
        {"old_primary", Kind::text},  // empty at the first assignment
        {"new_primary", Kind::name}}},
      {"cluster_health_change",
       {{"healthy_nodes", Kind::number},
        {"unhealthy_nodes", Kind::number},
        {"total_nodes", Kind::number},
        {"status", Kind::name},
        {"unhealthy_node_ids", Kind::list}}},
      {"partition_released", {{"partition_id", Kind::name}, {"node", Kind::name}}},
      {"partition_ready", {{"partition_id", Kind::name}, {"node", Kind::name}}},
      {"value_change", {{"key", Kind::name}, {"change", Kind::name}, {"version", Kind::number}}},
      {"leader_change",
       {{"leader_id", Kind::name}, {"previous_leader_id", Kind::text}, {"term", Kind::number}}},
      {"service_change", {{"service", Kind::name}, {"node", Kind::name}, {"change", Kind::name}}},
      {"gap", {{"from_seq", Kind::number}, {"to_seq", Kind::number}}},
  };
  return fields;
}

bool isNode(const Var& value) {
  if (value.type() != typeid(Object::Ptr)) return false;
  const auto& node = value.extract<Object::Ptr>();
  return !node->optValue<std::string>("id", "").empty() && !node->optValue<std::string>("ip", "").empty() &&
         node->has("status");
}

bool isListOfNames(const Var& value) {
  if (value.type() != typeid(Array::Ptr)) return false;
  for (const Var& name : *value.extract<Array::Ptr>())
    if (!name.isString() || name.toString().empty()) return false;
  return true;
}

bool holds(const Var& value, Kind kind) {
  switch (kind) {
    case Kind::text: return value.isString();
    case Kind::name: return value.isString() && !value.toString().empty();
    case Kind::number: return value.isInteger() && !value.isBoolean();
    case Kind::flag: return value.isBoolean();
    case Kind::list: return isListOfNames(value);
    case Kind::node: return isNode(value);
  }
  return false;
}

void expectFields(const Told& event, const Fields& fields) {
  for (const auto& [name, kind] : fields) {
    ASSERT_TRUE(event.json->has(name)) << event.type << " " << event.seq << " lacks " << name;
    EXPECT_TRUE(holds(event.json->get(name), kind))
        << event.type << " " << event.seq << ": " << name << " is " << event.json->get(name).toString();
  }
}

}  // namespace

void expectAllFields(const Told& event) {
  expectFields(event, commonFields());
  const auto fields = fieldsOfTypes().find(event.type);
  ASSERT_NE(fields, fieldsOfTypes().end()) << "no such event: " << event.type;
  expectFields(event, fields->second);
}

}  // namespace clusterkit::test

#include "cluster/event.hpp"

namespace clusterkit {
namespace {

struct Subject {
  std::string operator()(const NodeJoin& e) const { return e.node->spec.id; }
  std::string operator()(const NodeRejoin& e) const { return e.node->spec.id; }
  std::string operator()(const NodeLeave& e) const { return e.node->spec.id; }
  std::string operator()(const RebalanceStart&) const { return {}; }
  std::string operator()(const RebalanceComplete&) const { return {}; }
  std::string operator()(const PartitionChange& e) const { return toString(e.partition); }
  std::string operator()(const PartitionReleased& e) const { return toString(e.partition); }
  std::string operator()(const PartitionReady& e) const { return toString(e.partition); }
  std::string operator()(const ClusterHealthChange&) const { return {}; }
  std::string operator()(const ServiceChange& e) const { return e.instance.spec.service; }
  std::string operator()(const ValueChange& e) const { return e.key; }
  std::string operator()(const LeaderChange& e) const { return e.leader; }
  std::string operator()(const Gap&) const { return {}; }
};

}  // namespace

EventId eventId(ClusterId cluster, EventSeq seq) {
  EventId id{};
  for (std::size_t i = 0; i < 8; ++i) {
    id[i] = static_cast<std::uint8_t>(cluster.value >> (56 - 8 * i));
    id[8 + i] = static_cast<std::uint8_t>(seq.value >> (56 - 8 * i));
  }
  return id;
}

std::string eventSubject(const EventBody& body) { return std::visit(Subject{}, body); }

}  // namespace clusterkit

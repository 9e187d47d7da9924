#include "placement/placement_problem.hpp"

#include <algorithm>
#include <tuple>

namespace clusterkit {

PlacementProblem::PlacementProblem(const PlacementRequest& request)
    : nodes(request.nodes.begin(), request.nodes.end()), replicationFactor(request.replicationFactor) {
  std::sort(nodes.begin(), nodes.end(), [](const PlacementNode& a, const PlacementNode& b) {
    return std::tie(a.id, a.member) < std::tie(b.id, b.member);
  });
  std::map<std::string, std::size_t> zones;
  std::map<MemberId, NodeNumber> numberOf;
  for (NodeNumber n = 0; n < nodes.size(); ++n) {
    zones.emplace(nodes[n].zone, 0);
    numberOf.emplace(nodes[n].member, n);
    availableCount += available(n) ? 1 : 0;
  }
  for (auto& [name, number] : zones) number = zoneCount++;
  zoneOf.reserve(nodes.size());
  for (const PlacementNode& node : nodes) zoneOf.push_back(zones.at(node.zone));

  present.resize(request.present.size());
  for (std::size_t p = 0; p < present.size(); ++p) {
    for (const MemberId member : request.present[p]) {
      const auto found = numberOf.find(member);
      if (found == numberOf.end()) continue;
      if (available(found->second) || absent(found->second)) present[p].push_back(found->second);
    }
  }
}

Assignment PlacementProblem::withMembers(const NumberedAssignment& numbered) const {
  Assignment assignment(numbered.size());
  for (std::size_t p = 0; p < numbered.size(); ++p) {
    for (const NodeNumber n : numbered[p]) assignment[p].push_back(nodes[n].member);
  }
  return assignment;
}

}  // namespace clusterkit

#include "placement/rendezvous_strategy.hpp"

#include <algorithm>
#include <tuple>

#include "placement/partition_hash.hpp"
#include "placement/placement_problem.hpp"

namespace clusterkit {

namespace {

struct Candidate {
  std::uint32_t score;
  NodeNumber node;
  friend auto operator<=>(const Candidate&, const Candidate&) = default;
};

}  // namespace

Assignment RendezvousStrategy::assign(const PlacementRequest& request) const {
  const PlacementProblem problem(request);
  NumberedAssignment owners(problem.partitionCount());
  std::vector<Candidate> candidates;
  std::string text;
  for (std::size_t p = 0; p < owners.size(); ++p) {
    candidates.clear();
    text = toString(PartitionId(static_cast<std::uint32_t>(p)));
    const std::size_t prefix = text.size();
    for (NodeNumber n = 0; n < problem.nodeCount(); ++n) {
      const auto& present = problem.present[p];
      const bool keeps = problem.absent(n) && std::find(present.begin(), present.end(), n) != present.end();
      if (!problem.available(n) && !keeps) continue;
      text.resize(prefix);
      text += problem.nodes[n].id;
      candidates.push_back({partitionHash(text), n});
    }
    const std::size_t wanted = std::min(problem.replicationFactor, candidates.size());
    const auto end = candidates.begin() + static_cast<std::ptrdiff_t>(wanted);
    std::partial_sort(candidates.begin(), end, candidates.end());
    std::stable_partition(candidates.begin(), end,
                          [&](const Candidate& c) { return problem.available(c.node); });
    for (auto c = candidates.begin(); c != end; ++c) owners[p].push_back(c->node);
  }
  return problem.withMembers(owners);
}

}  // namespace clusterkit

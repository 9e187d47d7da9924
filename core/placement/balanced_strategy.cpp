#include "placement/balanced_strategy.hpp"

#include <numeric>

#include "placement/copies.hpp"
#include "placement/placement_problem.hpp"
#include "placement/primaries.hpp"

namespace clusterkit {

Assignment BalancedStrategy::assign(const PlacementRequest& request) const {
  const PlacementProblem problem(request);
  NumberedAssignment owners = placeCopies(problem);
  std::vector<std::size_t> all(owners.size());
  std::iota(all.begin(), all.end(), 0);
  choosePrimaries(problem, all, owners);
  return problem.withMembers(owners);
}

}  // namespace clusterkit

// Which nodes hold a copy of which partition, whatever their roles. First half of the strategy `balanced`.
#pragma once

#include "placement/placement_problem.hpp"

namespace clusterkit {

// Copies per node within one of its share by weight, owners of a partition in as many zones as that allows,
// and, among all such answers, as few new copies as possible; where there is still a choice, present
// primaries stay owners. Owners that stay come first, in their present order; new ones follow in the order of
// the nodes.
NumberedAssignment placeCopies(const PlacementProblem& problem);

}  // namespace clusterkit

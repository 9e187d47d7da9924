// Which of its owners is the primary of each partition. Second half of the strategy `balanced`, and all of
// promotion.
#pragma once

#include <span>

#include "placement/placement_problem.hpp"

namespace clusterkit {

// Chooses the primary of the named partitions; every other partition keeps its first owner. Primaries per
// available node end up within one of its share by weight, as far as the copies allow, with as few changes to
// present primaries as possible. `owners` is reordered: the primary to the front, the rest keeps its order. A
// partition without an available owner keeps its order.
void choosePrimaries(const PlacementProblem& problem, std::span<const std::size_t> partitions,
                     NumberedAssignment& owners);

}  // namespace clusterkit

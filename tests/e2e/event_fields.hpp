// The fields of every event as semantics.md's table has them, for checking what a hook was told.
#pragma once

#include "e2e/hooked_cluster.hpp"

namespace clusterkit::test {

// Fails the test for a field that is missing, of another type, or that names no node where one is meant.
void expectAllFields(const Told& event);

}  // namespace clusterkit::test

#include "daemon/fixed_facts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace clusterkit {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(FixedFacts, WhatTheClusterWasCreatedWithIsNoDifference) {
  ClusterFacts configured, cluster;
  cluster.id = ClusterId(7);
  cluster.seed = HashSeed{1};
  EXPECT_THAT(differingFacts(configured, cluster), IsEmpty());
}

TEST(FixedFacts, EveryChangedKeyIsNamedWithBothValues) {
  ClusterFacts configured, cluster;
  configured.name = "blue";
  configured.valueQuotaBytes = 1;
  configured.eventsRetain = 2;
  cluster.name = "green";
  cluster.valueQuotaBytes = 3;
  cluster.eventsRetain = 4;
  EXPECT_THAT(differingFacts(configured, cluster),
              ElementsAre(FixedFact{"cluster.name", "blue", "green"},
                          FixedFact{"cluster.value_quota", "1", "3"}, FixedFact{"events.retain", "2", "4"}));
}

}  // namespace
}  // namespace clusterkit

// What a cluster is, fixed at its creation; only a recovery changes its id.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cluster/siphash.hpp"
#include "clusterkit/types.hpp"

namespace clusterkit {

// The id that the cluster had before a recovery (cluster_generation.hpp).
struct EarlierGeneration {
  ClusterId id;
  EventSeq end;  // events below this, and not of a generation before, were of it
  friend bool operator==(const EarlierGeneration&, const EarlierGeneration&) = default;
};

struct ClusterFacts {
  ClusterId id;  // 0: no cluster yet
  std::string name;
  HashSeed seed;  // random; never shown by an API
  std::uint32_t partitionCount = 64;
  std::uint32_t replicationFactor = 3;  // primary included
  std::uint32_t maxVoters = 5;
  std::string strategy = "balanced";                    // of placement
  std::uint64_t valueQuotaBytes = 64ull * 1024 * 1024;  // sum of valueWeight()
  std::uint32_t eventsRetain = 10'000;
  std::uint32_t idempotencyRetain =
      10'000;  // remembered results; ten times as many keys are remembered as used
  WallTime createdAt{};
  std::vector<EarlierGeneration> earlier;  // oldest first

  // What the cluster was called when it told of this event: an event keeps its id over a recovery.
  ClusterId idAt(EventSeq event) const;

  friend bool operator==(const ClusterFacts&, const ClusterFacts&) = default;
};

// Empty, or one line that says what is wrong with them.
std::string checkFacts(const ClusterFacts& facts);

inline constexpr std::uint32_t kMaxRetain = 1'000'000;
inline constexpr std::uint64_t kRetiredKeysPerRecord = 10;

}  // namespace clusterkit

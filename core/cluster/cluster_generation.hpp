// A cluster's id names the cluster and its generation, so that whatever compares ids tells generations apart,
// too. A generation begins when `clusterkit recover` makes one survivor the whole cluster: whoever was left
// behind carries the id of the one before, and its messages are those of another cluster.
//
//   32 bits drawn when the cluster is founded | 16 bits generation, from 1 | 16 bits drawn with the
//   generation
//
// The last part keeps two survivors apart that were both recovered from one generation. Pure; any thread.
#pragma once

#include <optional>

#include "clusterkit/types.hpp"

namespace clusterkit {

constexpr std::uint64_t generationOf(ClusterId id) { return id.value >> 16 & 0xffff; }

// Of a cluster that begins; `random` is any 64 random bits.
constexpr ClusterId foundingId(std::uint64_t random) {
  return ClusterId((random & 0xffff'ffff'0000'ffff) | std::uint64_t{1} << 16);
}

// The generation after `id`; nothing when there is none left.
constexpr std::optional<ClusterId> nextGeneration(ClusterId id, std::uint64_t random) {
  if (generationOf(id) == 0xffff) return std::nullopt;
  return ClusterId((id.value & 0xffff'ffff'0000'0000) | (generationOf(id) + 1) << 16 | (random & 0xffff));
}

constexpr bool sameCluster(ClusterId a, ClusterId b) { return a && b && a.value >> 32 == b.value >> 32; }

// `id` is what became of `of` by one or more recoveries, or of a sibling of it.
constexpr bool supersedes(ClusterId id, ClusterId of) {
  return sameCluster(id, of) && generationOf(id) > generationOf(of);
}

}  // namespace clusterkit

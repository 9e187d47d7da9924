// What a lookup costs: key -> partition -> owners, beside the MD5 that the published hash rule makes it pay,
// and what it costs to plan. Run: build/<folder>/bin/lookup_bench
#include <benchmark/benchmark.h>
#include <openssl/md5.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "placement/plan_rebalance.hpp"

namespace clusterkit {
namespace {

std::vector<PlacementNode> someNodes(std::int64_t count) {
  std::vector<PlacementNode> nodes;
  for (std::int64_t n = 1; n <= count; ++n) {
    nodes.push_back({MemberId(static_cast<std::uint64_t>(n)), "node-" + std::to_string(n),
                     "zone-" + std::to_string(n % 3), 1, NodeStanding::Available});
  }
  return nodes;
}

PartitionMap placed(std::int64_t partitions, std::span<const PlacementNode> nodes) {
  const PartitionMap empty(static_cast<std::uint32_t>(partitions));
  return empty.withOwners(planRebalance(empty, nodes, *findPlacementStrategy("balanced"), 3).ownerChanges());
}

std::vector<std::string> keys(std::size_t length) {
  std::vector<std::string> all;
  for (int i = 0; i < 1024; ++i) {
    std::string key = "user:" + std::to_string(1'000'000 + i);
    key.resize(length, 'x');
    all.push_back(key);
  }
  return all;
}

// The floor: the digest alone, by the cheapest call that OpenSSL has.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
void plainMd5(benchmark::State& state) {
  const auto all = keys(static_cast<std::size_t>(state.range(0)));
  std::size_t i = 0;
  std::array<unsigned char, MD5_DIGEST_LENGTH> digest;
  for (auto _ : state) {
    const std::string& key = all[i++ % all.size()];
    MD5_CTX md5;
    MD5_Init(&md5);
    MD5_Update(&md5, key.data(), key.size());
    MD5_Final(digest.data(), &md5);
    benchmark::DoNotOptimize(digest);
  }
}
#pragma GCC diagnostic pop
BENCHMARK(plainMd5)->Arg(16)->Arg(64);

void keyToPartition(benchmark::State& state) {
  const auto all = keys(static_cast<std::size_t>(state.range(0)));
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(partitionOfKey(all[i++ % all.size()], 64));
}
BENCHMARK(keyToPartition)->Arg(16)->Arg(64);

// As readers do it: load the published map, look the key up, touch primary and replicas.
void keyToOwners(benchmark::State& state) {
  static const PartitionMap small = placed(64, someNodes(5)), large = placed(4096, someNodes(5));
  static std::atomic<const PartitionMap*> published;
  published = state.range(0) == 64 ? &small : &large;
  const auto all = keys(16);
  std::size_t i = 0;
  for (auto _ : state) {
    const PartitionMap* map = published.load(std::memory_order_acquire);
    const PartitionMap::Lookup found = map->lookup(all[i++ % all.size()]);
    benchmark::DoNotOptimize(found.owners.front());
    benchmark::DoNotOptimize(found.owners.back());
  }
}
BENCHMARK(keyToOwners)->ArgName("partitions")->Arg(64)->Arg(4096)->ThreadRange(1, 2)->UseRealTime();

void planTheFirstAssignment(benchmark::State& state) {
  const auto nodes = someNodes(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(placed(state.range(1), nodes));
}
BENCHMARK(planTheFirstAssignment)
    ->ArgNames({"nodes", "partitions"})
    ->ArgsProduct({{5, 50}, {64, 1024}})
    ->Unit(benchmark::kMillisecond);

void planAJoin(benchmark::State& state) {
  auto nodes = someNodes(state.range(0));
  const PartitionMap before = placed(state.range(1), nodes);
  nodes = someNodes(state.range(0) + 1);
  for (auto _ : state) {
    benchmark::DoNotOptimize(planRebalance(before, nodes, *findPlacementStrategy("balanced"), 3));
  }
}
BENCHMARK(planAJoin)
    ->ArgNames({"nodes", "partitions"})
    ->ArgsProduct({{3, 50}, {64, 1024}})
    ->Unit(benchmark::kMillisecond);

void planADeath(benchmark::State& state) {
  auto nodes = someNodes(state.range(0));
  const PartitionMap before = placed(state.range(1), nodes);
  nodes.front().standing = NodeStanding::Absent;
  for (auto _ : state) benchmark::DoNotOptimize(promoteReplicas(before, nodes));
}
BENCHMARK(planADeath)
    ->ArgNames({"nodes", "partitions"})
    ->ArgsProduct({{5, 50}, {1024}})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace clusterkit

BENCHMARK_MAIN();

// The same work on three nodes of ClusterKit and three of etcd, in alternating rounds: both clusters are up
// all the time, and each ratio is of two rounds that follow each other. See bench/README.md.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <iostream>
#include <optional>

#include "e2e/test_cluster.hpp"
#include "load/closed_loop.hpp"
#include "load/etcd_cluster.hpp"
#include "load/grpc_library.hpp"
#include "load/machine.hpp"
#include "load/settings.hpp"

namespace clusterkit::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kKeys = 1000;
constexpr std::size_t kValueBytes = 256;

struct Half {
  Measured measured;
  double cpuMicros;  // of all three nodes, for a request
};

struct Pair {
  Half ours;
  std::optional<Half> etcd;
  double syncs;  // of the bare disk, just before
};

Measured driveOurs(const std::vector<std::uint16_t>& ports, const Load& load) {
  return drive(ports, httpWire, load);
}

Driver etcdDriver(EtcdClient client) {
  if (client == EtcdClient::grpcLibrary) return grpcLibrary();
  return {
      "nghttp2, messages by hand, a connection for each client",
      [](const std::vector<std::uint16_t>& ports, const Load& load) { return drive(ports, grpcWire, load); }};
}

// Median, smallest and largest over the rounds.
std::string spread(const std::vector<Pair>& pairs, const std::function<double(const Pair&)>& figure,
                   const char* format) {
  std::vector<double> values;
  for (const auto& pair : pairs) values.push_back(figure(pair));
  std::sort(values.begin(), values.end());
  std::string out;
  for (const double value : {values[values.size() / 2], values.front(), values.back()}) {
    char text[32];
    std::snprintf(text, sizeof text, format, value);
    out +=
        out.empty()
            ? text
            : (out.ends_with(")") ? text : (out.find('(') == out.npos ? " (" : " to ") + std::string(text));
  }
  return out + ")";
}

class Throughput {
 public:
  explicit Throughput(const ThroughputSettings& settings)
      : settings_(settings), etcdDriver_(etcdDriver(settings.etcdClient)), cluster_(settings.node) {
    cluster_.startThree();
    if (settings.withEtcd) etcd_.emplace(etcdFolder_.path());
  }

  void run() {
    if (etcd_) std::printf("client of etcd: %s\n", etcdDriver_.name.c_str());
    measureAll(Work::put, "put");
    printMemory();
    measureAll(Work::linearizableRead, "linearizable read");
    measureAll(Work::localRead, "local read");
  }

 private:
  // Reads find every key that they may draw.
  void measureAll(Work work, const char* name) {
    if (!settings_.works.contains(work)) return;
    if (work != Work::put && !filled_) fill();
    for (const auto clients : settings_.clients) measure(work, name, clients);
    if (work == Work::put) filled_ = true;
  }

  void fill() {
    const Load load{.work = Work::put,
                    .clients = 64,
                    .keys = kKeys,
                    .valueBytes = kValueBytes,
                    .warmUp = 1000ms,
                    .measured = 2000ms};
    driveOurs(chosen(ports()), load);
    if (etcd_) etcdDriver_.drive(chosen(etcd_->ports()), load);
    filled_ = true;
  }

  void printMemory() {
    if (!filled_) return;
    std::printf("largest resident set of a node after the puts, MiB: ours %.1f", peakMiB(pids()));
    if (etcd_) {
      const double ratio = peakMiB(pids()) / peakMiB(etcd_->pids());
      std::printf(", etcd %.1f, ratio %.2f", peakMiB(etcd_->pids()), ratio);
    }
    std::printf("\n");
  }

  void measure(Work work, const char* name, std::size_t clients) {
    const Load load{.work = work,
                    .clients = clients,
                    .keys = kKeys,
                    .valueBytes = kValueBytes,
                    .warmUp = 300ms,
                    .measured = settings_.measured};
    std::vector<Pair> pairs;
    for (std::size_t round = 0; round < settings_.rounds; ++round) {
      Pair pair{};
      pair.syncs = work == Work::put ? syncsPerSecond(cluster_.folder()) : 0;
      // Who goes first takes turns.
      if (etcd_ && round % 2 == 1) pair.etcd = etcdHalf(load);
      pair.ours = half(pids(), chosen(ports()), driveOurs, load);
      if (etcd_ && round % 2 == 0) pair.etcd = etcdHalf(load);
      pairs.push_back(pair);
    }
    print(name, clients, pairs);
  }

  Half etcdHalf(const Load& load) const {
    return half(etcd_->pids(), chosen(etcd_->ports()), etcdDriver_.drive, load);
  }

  static Half half(const std::vector<pid_t>& pids, const std::vector<std::uint16_t>& ports, Drive clients,
                   const Load& load) {
    const double before = cpuSeconds(pids);
    const Measured measured = clients(ports, load);
    const double seconds = std::chrono::duration<double>(load.warmUp + load.measured).count();
    return {measured, (cpuSeconds(pids) - before) * 1e6 / (measured.perSecond * seconds)};
  }

  void print(const char* name, std::size_t clients, const std::vector<Pair>& pairs) const {
    std::printf("%s, %zu clients\n", name, clients);
    const auto line = [&](const char* what, const std::function<double(const Pair&)>& figure,
                          const char* format) {
      std::printf("  %-34s %s\n", what, spread(pairs, figure, format).c_str());
    };
    line(
        "ours, a second", [](const Pair& p) { return p.ours.measured.perSecond; }, "%.0f");
    line(
        "ours, median ms", [](const Pair& p) { return p.ours.measured.medianMs; }, "%.2f");
    line(
        "ours, 99 % ms", [](const Pair& p) { return p.ours.measured.p99Ms; }, "%.2f");
    line(
        "ours, us of the cores each", [](const Pair& p) { return p.ours.cpuMicros; }, "%.0f");
    if (pairs.front().syncs > 0)
      line(
          "ours, commits per bare sync", [](const Pair& p) { return p.ours.measured.perSecond / p.syncs; },
          "%.2f");
    if (!etcd_) return;
    line(
        "etcd, a second", [](const Pair& p) { return p.etcd->measured.perSecond; }, "%.0f");
    line(
        "etcd, median ms", [](const Pair& p) { return p.etcd->measured.medianMs; }, "%.2f");
    line(
        "etcd, 99 % ms", [](const Pair& p) { return p.etcd->measured.p99Ms; }, "%.2f");
    line(
        "etcd, us of the cores each", [](const Pair& p) { return p.etcd->cpuMicros; }, "%.0f");
    line(
        "ratio of throughput",
        [](const Pair& p) { return p.ours.measured.perSecond / p.etcd->measured.perSecond; }, "%.2f");
    line(
        "ratio of the 99 %", [](const Pair& p) { return p.ours.measured.p99Ms / p.etcd->measured.p99Ms; },
        "%.2f");
  }

  std::vector<std::uint16_t> chosen(std::vector<std::uint16_t> leaderFirst) const {
    if (!settings_.toAll) leaderFirst.resize(1);
    return leaderFirst;
  }

  std::vector<std::uint16_t> ports() {
    const auto& leader = cluster_.leader();
    std::vector<std::uint16_t> out{leader.port()};
    for (auto* node : cluster_.running())
      if (node->port() != leader.port()) out.push_back(node->port());
    return out;
  }

  std::vector<pid_t> pids() {
    std::vector<pid_t> out;
    for (auto* node : cluster_.running()) out.push_back(node->process().pid());
    return out;
  }

  ThroughputSettings settings_;
  Driver etcdDriver_;
  bool filled_ = false;
  test::TestCluster cluster_;
  test::TempDir etcdFolder_;
  std::optional<EtcdCluster> etcd_;
};

}  // namespace
}  // namespace clusterkit::bench

int main(int argc, char** argv) {
  try {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    clusterkit::bench::Throughput(clusterkit::bench::parseSettings({argv + 1, argv + argc})).run();
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "throughput: " << error.what() << "\n";
    return 1;
  }
}

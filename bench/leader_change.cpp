// What a change of the leader costs writes, as a client sees it: three real nodes, one client that writes
// through a node that lives on, one request behind the other. An outage is the time from the kill, or from
// asking for the transfer, to the end of the first write begun after it. And what a follower costs them that
// comes back: one that was killed, and one that stood still, which is how a partition looks to the others.
// leader_change [KILLS] [TRANSFERS] [RETURNS] [SECTION.KEY=VALUE...]
#include <signal.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <stdexcept>
#include <thread>

#include "e2e/test_cluster.hpp"

namespace clusterkit::test {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr auto kPatience = 30s;

class Distribution {
 public:
  void add(Milliseconds value) { values_.push_back(value.count()); }
  void print(const std::string& what) {
    if (values_.empty()) return;
    std::sort(values_.begin(), values_.end());
    std::cout << std::fixed << std::setprecision(0) << what << ", ms: median " << at(50) << ", 90 % "
              << at(90) << ", 99 % " << at(99) << ", worst " << values_.back() << ", best " << values_.front()
              << " (" << values_.size() << " times)\n";
    for (std::size_t from = 0; from < values_.size();) {
      const double edge = (std::floor(values_[from] / kBar) + 1) * kBar;
      const auto end = std::lower_bound(values_.begin(), values_.end(), edge);
      const auto count = static_cast<std::size_t>(end - values_.begin()) - from;
      std::cout << std::setw(8) << edge - kBar << " to " << std::setw(5) << edge << " "
                << std::string(count, '#') << "\n";
      from += count;
    }
  }

 private:
  static constexpr double kBar = 50;
  double at(std::size_t percent) const {
    return values_[std::min(values_.size() - 1, values_.size() * percent / 100)];
  }
  std::vector<double> values_;
};

// Unwinds, so that the nodes are ended.
[[noreturn]] void giveUp(const std::string& what) {
  throw std::runtime_error(what + " within " + std::to_string(kPatience.count()) + " s");
}

// The end of the first write through `node` that succeeds.
Clock::time_point firstWrite(const TestNode& node, int& number) {
  const auto end = Clock::now() + kPatience;
  while (Clock::now() < end) {
    const HttpRequest write{.method = "PUT", .target = "/v1/kv/bench", .body = std::to_string(++number)};
    if (http(node.port(), write, 5s).status == 200) return Clock::now();
  }
  giveUp("no write succeeded");
}

bool settled(TestCluster& cluster) {
  for (std::size_t n = 1; n <= 3; ++n)
    if (!cluster.node(n).running() || !cluster.node(n).ready()) return false;
  return cluster.allActive(3);
}

struct Scene {
  TestNode& leader;
  const TestNode& asked;  // lives on; takes turns
};

// All is well, and a write has just gone through.
Scene scene(TestCluster& cluster, int round, int& number) {
  if (!eventually([&] { return settled(cluster); }, kPatience)) giveUp("the nodes were not ready");
  TestNode& leader = cluster.leader();
  const TestNode& first = cluster.node(leader.id() == "node-1" ? 2 : 1);
  const TestNode& second = cluster.node(leader.id() == "node-3" ? 2 : 3);
  const TestNode& asked = round % 2 == 0 ? first : second;
  (void)firstWrite(asked, number);
  return {leader, asked};
}

Distribution kill(TestCluster& cluster, int times, int& number) {
  Distribution out;
  for (int round = 0; round < times; ++round) {
    auto [leader, asked] = scene(cluster, round, number);
    const auto start = Clock::now();
    leader.kill9();
    out.add(firstWrite(asked, number) - start);
    leader.start();
  }
  return out;
}

Distribution transfer(TestCluster& cluster, int times, int& number) {
  Distribution out;
  for (int round = 0; round < times; ++round) {
    auto [leader, asked] = scene(cluster, round, number);
    const auto start = Clock::now();
    int status = 0;
    std::thread asks([&status, &leader = leader, &asked = asked] {
      const HttpRequest request{.method = "POST", .target = "/v1/consensus/transfer?to=" + asked.id()};
      status = leader.send(request).status;
    });
    // The longest of the writes until it is done: the transfer begins some time after it was asked for.
    Milliseconds longest{};
    const auto moved = [&asked = asked] { return asked.leader() == asked.id(); };
    for (bool last = false; !last && Clock::now() - start < kPatience;) {
      last = moved();
      const auto before = Clock::now();
      longest = std::max<Milliseconds>(longest, firstWrite(asked, number) - before);
    }
    asks.join();
    if (status != 200 || !moved()) giveUp("a transfer was not done");
    out.add(longest);
  }
  return out;
}

enum class Return { afterKill, afterStandstill };

// The longest write while a follower is away, comes back and is ready again.
Distribution returns(TestCluster& cluster, Return kind, int times, int& number) {
  Distribution out;
  for (int round = 0; round < times; ++round) {
    auto [leader, follower] = scene(cluster, round, number);
    TestNode& away = cluster.byId(follower.id());
    const auto term = leader.json("/v1/status")->getValue<std::uint64_t>("term");
    Milliseconds longest{};
    const auto writeFor = [&, &leader = leader](const auto& enough) {
      for (const auto start = Clock::now(); !enough(Clock::now() - start);) {
        const auto before = Clock::now();
        longest = std::max<Milliseconds>(longest, firstWrite(leader, number) - before);
      }
    };
    kind == Return::afterKill ? away.kill9() : away.process().signal(SIGSTOP);
    writeFor([](auto gone) { return gone > 1s; });
    kind == Return::afterKill ? away.start() : away.process().signal(SIGCONT);
    writeFor([&](auto gone) { return (gone > 1s && away.ready()) || gone > kPatience; });
    const auto after = leader.json("/v1/status")->getValue<std::uint64_t>("term");
    if (after != term) std::cout << "the term went from " << term << " to " << after << "\n";
    out.add(longest);
  }
  return out;
}

struct Rounds {
  int kills = 100, transfers = 100, returns = 20;
};

void run(const Rounds& rounds, const Settings& settings) {
  TestCluster cluster(settings);
  for (int i = 0; i < 3; ++i) cluster.addStarted();
  int number = 0;
  if (!eventually([&] { return settled(cluster); }, kPatience)) giveUp("the nodes were not ready");
  Distribution usual;
  for (int i = 0; i < 200; ++i) {
    const auto before = Clock::now();
    usual.add(firstWrite(cluster.node(2), number) - before);
  }
  usual.print("a write without any of that");
  kill(cluster, rounds.kills, number).print("writes refused or waiting after kill -9 of the leader");
  transfer(cluster, rounds.transfers, number).print("the longest write during a planned transfer");
  returns(cluster, Return::afterKill, rounds.returns, number)
      .print("the longest write while a killed follower is away and comes back");
  returns(cluster, Return::afterStandstill, rounds.returns, number)
      .print("the longest write while a follower stands still and goes on");
}

// Numbers are rounds, in their order; SECTION.KEY=VALUE are settings of the nodes.
std::pair<Rounds, Settings> parse(const std::vector<std::string>& arguments) {
  std::pair<Rounds, Settings> out;
  int* const numbers[] = {&out.first.kills, &out.first.transfers, &out.first.returns};
  std::size_t given = 0;
  for (const std::string& argument : arguments) {
    if (const auto equals = argument.find('='); equals != std::string::npos)
      out.second[argument.substr(0, equals)] = argument.substr(equals + 1);
    else if (given < std::size(numbers))
      *numbers[given++] = std::stoi(argument);
    else
      throw std::invalid_argument("'" + argument + "': allowed are three numbers and SECTION.KEY=VALUE");
  }
  return out;
}

}  // namespace
}  // namespace clusterkit::test

int main(int argc, char** argv) {
  try {
    const auto [rounds, settings] = clusterkit::test::parse({argv + 1, argv + argc});
    clusterkit::test::run(rounds, settings);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "leader_change: " << error.what() << "\n";
    return 1;
  }
}

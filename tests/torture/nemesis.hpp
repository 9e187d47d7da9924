// What befalls a cluster of real processes in a network of its own, drawn from a seed: one or two things at a
// time, for a while. What it did is printed, for who reads the nodes' logs.
#pragma once

#include <set>
#include <string>

#include "simulation/dice.hpp"
#include "torture/own_network.hpp"

namespace clusterkit::test {

class Nemesis {
 public:
  // Sees to the first `count` nodes; node-N of `cluster` runs on host N of `network`.
  Nemesis(TestCluster& cluster, OwnNetwork& network, std::size_t count, std::uint64_t seed);

  void strike();
  void heal();  // links are mended, processes go on or are started again
  std::chrono::milliseconds aWhile() {
    return std::chrono::milliseconds(dice_.between(std::uint64_t(100), std::uint64_t(2500)));
  }
  std::size_t strikes() const { return strikes_; }
  // Nodes that ended by themselves, or otherwise than they should when they were asked to, and how.
  const std::vector<std::string>& died() const { return died_; }

 private:
  std::size_t otherThan(std::size_t number) {
    return (number - 1 + dice_.between(std::uint64_t(1), count_ - 1)) % count_ + 1;
  }
  std::size_t any() { return dice_.between(std::uint64_t(1), count_); }
  std::size_t leaderOrAny();
  std::string strikeOnce();
  std::string kill(std::size_t number);
  std::string killMany();
  std::string terminate(std::size_t number);
  std::string freeze(std::size_t number);
  std::string isolate(std::size_t number);
  std::string halves();
  std::string bridge();
  std::string oneWay();
  bool endedWell(std::size_t number, int code) const;
  std::string deafen(std::size_t number, bool mute);
  std::string transfer();
  void lookForDeaths();

  TestCluster& cluster_;
  OwnNetwork& network_;
  const std::size_t count_;
  sim::Dice dice_;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::set<std::size_t> down_, asked_, frozen_;  // asked_: of those that are down, by SIGTERM
  std::vector<std::string> died_;
  std::size_t strikes_ = 0;
};

}  // namespace clusterkit::test

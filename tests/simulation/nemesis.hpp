// What goes wrong: every now and then one of the plan's faults, or a part of what is broken is mended.
#pragma once

#include <array>
#include <optional>
#include <set>

#include "simulation/cluster.hpp"

namespace clusterkit::sim {

class Nemesis {
 public:
  explicit Nemesis(Cluster& cluster);
  Nemesis(const Nemesis&) = delete;
  Nemesis& operator=(const Nemesis&) = delete;

  void begin();
  // Everything is whole from now on: links, disks, and all members run.
  void heal();

  using Counts = std::array<std::size_t, kFaults>;
  const Counts& injected() const { return injected_; }
  using Flipped = std::array<std::size_t, 4>;  // bits, by Disk::Part
  const Flipped& flipped() const { return flipped_; }

 private:
  void turn();
  void harm(Fault fault);
  void harmLeader();
  void harmNode(Fault fault, MemberId member);
  void harmLinks(Fault fault);
  void mendSome();
  void cutBetween(const std::vector<MemberId>& left, const std::vector<MemberId>& right);
  void flap(MemberId a, MemberId b, int times);
  void drawWeather();
  void restartSoon(MemberId member);
  void onLoss(MemberId member);
  void corrupt(MemberId member);

  Cluster& cluster_;
  Dice& dice_;
  std::set<MemberId> toCorrupt_;       // when they lose their power, as they will
  std::optional<MemberId> corrupted_;  // it may still be under repair
  Counts injected_{};
  Flipped flipped_{};
  bool healed_ = false;
};

}  // namespace clusterkit::sim

#include "simulation/nemesis.hpp"

#include <algorithm>

namespace clusterkit::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration kFreezeMax = 2s;
constexpr std::uint64_t kEffectsUntilLoss = 40;

}  // namespace

Nemesis::Nemesis(Cluster& cluster) : cluster_(cluster), dice_(cluster.dice()) {
  cluster_.onLoss = [this](MemberId member) { onLoss(member); };
}

void Nemesis::begin() {
  drawWeather();
  turn();
}

void Nemesis::turn() {
  if (healed_) return;
  const Plan& plan = cluster_.plan();
  if (dice_.chance(plan.mendPercent))
    mendSome();
  else if (!plan.faults.empty())
    harm(dice_.pick(plan.faults));
  cluster_.scheduler().after(dice_.between(Duration(1ms), plan.betweenFaultsMax), [this] { turn(); });
}

void Nemesis::harm(Fault fault) {
  const std::vector<MemberId> all = cluster_.members();
  ++injected_[static_cast<std::size_t>(fault)];
  switch (fault) {
    case Fault::Depose: return harmLeader();
    case Fault::Reset: return cluster_.network().reset(dice_.pick(all));
    case Fault::KillMany:
      for (const MemberId member : all)
        if (dice_.oneIn(2)) harmNode(Fault::Kill, member);
      return;
    case Fault::Weather: return drawWeather();
    case Fault::Split:
    case Fault::Bridge:
    case Fault::Isolate:
    case Fault::Deafen:
    case Fault::CutPair:
    case Fault::CutOneWay:
    case Fault::Flap: return harmLinks(fault);
    default: return harmNode(fault, dice_.pick(all));
  }
}

// For a while, from all, or from all but one that is then as cut off as it is.
void Nemesis::harmLeader() {
  SimNode* const leader = cluster_.leader();
  if (leader == nullptr) return;
  const MemberId member = leader->member();
  cluster_.trace().note(Step::Fault, static_cast<std::uint64_t>(Fault::Depose), member.value);
  std::vector<MemberId> here{member}, there;
  const MemberId companion = dice_.oneIn(3) ? dice_.pick(cluster_.members()) : member;
  for (const MemberId other : cluster_.members())
    if (other != member) (other == companion ? here : there).push_back(other);
  cutBetween(here, there);
  const Duration timeout = cluster_.plan().raft.electionTimeout;
  cluster_.scheduler().after(dice_.between(timeout, 4 * timeout), [this, here, there] {
    for (const MemberId a : here) {
      for (const MemberId b : there) {
        cluster_.network().mend(a, b);
        cluster_.network().mend(b, a);
      }
    }
    if (!healed_ && dice_.oneIn(2)) cluster_.network().reset(here.front());
  });
}

void Nemesis::harmNode(Fault fault, MemberId member) {
  cluster_.trace().note(Step::Fault, static_cast<std::uint64_t>(fault), member.value);
  Disk& disk = cluster_.disk(member);
  SimNode* const node = cluster_.node(member);
  if (node == nullptr) return;
  switch (fault) {
    case Fault::Kill: return cluster_.kill(member);
    case Fault::KillMidway: return node->power().failBefore(dice_.between(1, kEffectsUntilLoss));
    case Fault::Corrupt: toCorrupt_.insert(member); return cluster_.kill(member);
    case Fault::Rot:
      // Before that it reads what was verified a moment ago.
      if (node->isRunning() && node->coordinator().current().exists()) corrupt(member);
      return;
    case Fault::SlowDisk: disk.faults.syncMax = dice_.between(Duration(1ms), Duration(500ms)); return;
    case Fault::FullDisk: return disk.fill();
    case Fault::BrokenDisk: disk.faults.syncFailsPercent = 30; return;
    case Fault::JumpClock:
      return node->loop().shiftWall(dice_.between(Duration(0s), Duration(7200s)) - 3600s);
    case Fault::Freeze: return node->loop().freezeFor(dice_.between(Duration(1ms), kFreezeMax));
    default: return;
  }
}

void Nemesis::harmLinks(Fault fault) {
  std::vector<MemberId> all = cluster_.members();
  for (std::size_t i = all.size() - 1; i > 0; --i) std::swap(all[i], all[dice_.below(i + 1)]);
  cluster_.trace().note(Step::Fault, static_cast<std::uint64_t>(fault), all[0].value, all[1].value);
  const auto half = all.begin() + static_cast<std::ptrdiff_t>(dice_.between(1, all.size() - 1));
  const std::vector<MemberId> one{all.begin(), all.begin() + 1}, others{all.begin() + 1, all.end()};
  switch (fault) {
    case Fault::Isolate: return cutBetween(one, others);
    case Fault::Split: return cutBetween({all.begin(), half}, {half, all.end()});
    case Fault::Bridge: {  // the first one is the bridge
      const auto middle = all.begin() + static_cast<std::ptrdiff_t>(1 + all.size() / 2);
      return cutBetween({all.begin() + 1, middle}, {middle, all.end()});
    }
    case Fault::CutPair: return cutBetween(one, {all[1]});
    case Fault::CutOneWay: return cluster_.network().cut(all[0], all[1]);
    case Fault::Deafen:
      for (const MemberId other : others) cluster_.network().cut(other, all[0]);
      return;
    case Fault::Flap: return flap(all[0], all[1], 20);
    default: return;
  }
}

void Nemesis::cutBetween(const std::vector<MemberId>& left, const std::vector<MemberId>& right) {
  for (const MemberId a : left) {
    for (const MemberId b : right) {
      cluster_.network().cut(a, b);
      cluster_.network().cut(b, a);
    }
  }
}

void Nemesis::flap(MemberId a, MemberId b, int times) {
  if (healed_ || times == 0) return;
  if (times % 2 == 0) {
    cutBetween({a}, {b});
  } else {
    cluster_.network().mend(a, b);
    cluster_.network().mend(b, a);
  }
  cluster_.scheduler().after(dice_.between(Duration(5ms), Duration(300ms)),
                             [this, a, b, times] { flap(a, b, times - 1); });
}

void Nemesis::drawWeather() {
  const LinkFaults& worst = cluster_.plan().weather;
  LinkFaults& faults = cluster_.network().faults;
  faults.lossPercent = static_cast<std::uint32_t>(dice_.below(worst.lossPercent + 1));
  faults.duplicatePercent = static_cast<std::uint32_t>(dice_.below(worst.duplicatePercent + 1));
  faults.delayMax = dice_.between(Duration(1ms), worst.delayMax);
  faults.stragglerPercent = static_cast<std::uint32_t>(dice_.below(worst.stragglerPercent + 1));
  faults.stragglerMax = worst.stragglerMax;
}

void Nemesis::mendSome() {
  if (dice_.oneIn(2)) cluster_.network().mendAll();
  for (const MemberId member : cluster_.members()) {
    Disk& disk = cluster_.disk(member);
    if (dice_.oneIn(2)) disk.free();
    if (dice_.oneIn(2)) disk.faults.syncMax = DiskFaults{}.syncMax;
  }
  cluster_.trace().note(Step::Healed);
}

void Nemesis::onLoss(MemberId member) {
  const Disk& disk = cluster_.disk(member);
  if (corrupted_ == member && disk.isWhole()) corrupted_.reset();
  if (toCorrupt_.erase(member) != 0) corrupt(member);
  restartSoon(member);
}

// One at a time: what is lost on a majority is lost. Whether a member is whole again shows from outside when
// its next run finds nothing missing. One without term and vote never is; the operator replaces it.
void Nemesis::corrupt(MemberId member) {
  if (corrupted_ && corrupted_ != member) return;
  corrupted_ = member;
  const Disk::Part part = cluster_.disk(member).flipBit(dice_);
  ++flipped_[static_cast<std::size_t>(part)];
  cluster_.trace().note(Step::Corrupted, member.value, static_cast<std::uint64_t>(part));
}

void Nemesis::restartSoon(MemberId member) {
  const Duration pause = dice_.between(Duration(1ms), healed_ ? Duration(10ms) : cluster_.plan().restartMax);
  cluster_.scheduler().after(pause, [this, member] {
    cluster_.start(member);
    // A recovery may fail again.
    SimNode* const node = cluster_.node(member);
    if (node != nullptr && !healed_ && dice_.oneIn(8))
      node->power().failBefore(dice_.between(1, kEffectsUntilLoss));
  });
}

void Nemesis::heal() {
  healed_ = true;
  cluster_.network().mendAll();
  cluster_.network().faults = {};
  for (const MemberId member : cluster_.members()) {
    Disk& disk = cluster_.disk(member);
    disk.free();
    disk.faults = {};
    if (SimNode* node = cluster_.node(member)) node->power().failBefore(0);
    cluster_.start(member);
  }
  cluster_.trace().note(Step::Healed, 1);
}

}  // namespace clusterkit::sim

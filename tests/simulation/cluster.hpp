// The members of one simulated cluster: their disks, which outlive them, and their present runs.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "simulation/node.hpp"
#include "simulation/oracle.hpp"

namespace clusterkit::sim {

class Cluster {
 public:
  Cluster(const Plan& plan, Trace::Echo echo);

  // Without faults: the first member founds the cluster, the others join and become voters.
  void found();

  // False when the limit has passed first, or an invariant is broken.
  bool runUntil(const std::function<bool()>& condition, Duration limit);
  void runFor(Duration span);

  // All that were ever made, in the order of their ids.
  std::vector<MemberId> members() const;
  std::vector<SimNode*> running();
  SimNode* node(MemberId member);  // null: it is down
  SimNode* leader();               // of the newest term that anybody leads in; null: nobody
  std::vector<MemberId> consensusMembers(SimNode& leader) const;
  std::vector<MemberId> voters(SimNode& leader) const;
  MemberId add();  // a new member with an empty disk, running
  // The present run of the member asks, through a node that runs, to be taken in by the leader's duties.
  void askToJoin(MemberId member, SimNode& asked, DutyAnswer answer);
  void start(MemberId member);
  void kill(MemberId member);
  // Members whose disk does not open any more leave the consensus: for a cluster in which nothing else is
  // wrong.
  void replaceUnreadable();
  Disk& disk(MemberId member) { return disks_.at(member); }
  const Disks& disks() const { return disks_; }

  const Plan& plan() const { return plan_; }
  Scheduler& scheduler() { return scheduler_; }
  Dice& dice() { return dice_; }
  Network& network() { return network_; }
  Trace& trace() { return trace_; }
  Verdict& verdict() { return verdict_; }
  Oracle& oracle() { return oracle_; }

  // From now on no hook sink fails any more.
  void calmSinks() { calmSinks_ = true; }

  // Called when a node has lost its power, after its disk has lost what was not synced.
  std::function<void(MemberId)> onLoss;

 private:
  void buryTheDead();
  void watchLeaders();
  void foundBy(MemberId first);
  void foundByDuties(MemberId first);
  bool isActive(MemberId member);
  void join(MemberId member);
  bool remove(MemberId member);
  bool propose(CommandBody body);
  bool change(ChangeKind kind, MemberId member);

  const Plan& plan_;
  Scheduler scheduler_;
  Dice dice_;
  Trace trace_;
  Verdict verdict_;
  Disks disks_;
  std::map<MemberId, std::uint64_t> boots_;
  Oracle oracle_;
  Network network_;
  bool somebodyLostPower_ = false;
  bool calmSinks_ = false;
  std::map<MemberId, std::unique_ptr<SimNode>> nodes_;
};

}  // namespace clusterkit::sim

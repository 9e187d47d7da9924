#include "controller/voter_balance.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace clusterkit {

namespace {

// Entries that a member may lack and still count as caught up.
constexpr std::uint64_t kMaxLag = 256;

enum class Liveness : std::uint8_t { Live, Gone };

Liveness livenessOf(const ClusterState& state, MemberId member) {
  const NodeRecord* node = state.findNode(member);
  const bool live = node && isLive(node->status) && node->status != NodeStatus::Suspect;
  return live ? Liveness::Live : Liveness::Gone;
}

// Would vote and acknowledge now, as far as both sources know; one that is far behind, or repairs its log,
// would not. The leader itself, whatever the state says.
bool isUp(const ConsensusView& consensus, const ClusterState& state, const ConsensusMember& member) {
  if (member.member == consensus.leader) return true;
  return member.contact == Contact::Heard && member.catchUp == CatchUp::CaughtUp &&
         livenessOf(state, member.member) == Liveness::Live;
}

struct Count {
  std::size_t voters = 0;
  std::size_t live = 0;
  bool hasQuorum() const { return live > voters / 2; }
};

Count votersOf(const ConsensusView& consensus, const ClusterState& state) {
  Count count;
  for (const ConsensusMember& m : consensus.members) {
    if (m.vote != Vote::Voter) continue;
    ++count.voters;
    count.live += isUp(consensus, state, m) ? 1 : 0;
  }
  return count;
}

bool staysInCluster(const NodeRecord& node) {
  return !node.drainRequested && node.status != NodeStatus::Draining && node.status != NodeStatus::Left;
}

std::string nameOf(const ClusterState& state, MemberId member) {
  const std::string_view id = state.nodeIdOf(member);
  return id.empty() ? "member " + std::to_string(member.value) : "node " + std::string(id);
}

struct Candidate {
  const ConsensusMember* member;
  const NodeRecord* node;
  Liveness liveness;
};

// Better first: living voters, then living learners that can be promoted, then voters that are down.
int rank(const Candidate& c) {
  if (c.liveness == Liveness::Live) return c.member->vote == Vote::Voter ? 0 : 1;
  return 2;
}

// Members that could vote at rest, in the order of their node ids.
std::vector<Candidate> candidatesOf(const ConsensusView& consensus, const ClusterState& state) {
  std::vector<Candidate> candidates;
  for (const auto& entry : state.nodes) {
    const NodeRecord& node = *entry.value;
    const ConsensusMember* member = consensus.find(node.spec.member);
    if (!member || !staysInCluster(node)) continue;
    // A suspicion is too short-lived to move votes for.
    const bool isLeader = node.spec.member == consensus.leader;
    const Liveness liveness = isLeader || isLive(node.status) ? Liveness::Live : Liveness::Gone;
    const bool promotable = member->catchUp == CatchUp::CaughtUp && node.status == NodeStatus::Active;
    if (member->vote == Vote::Learner && !promotable) continue;
    candidates.push_back({member, &node, liveness});
  }
  return candidates;
}

// A living voter in a zone that has none yet is worth more than one that votes already; a dead one is worth
// least.
std::vector<MemberId> chooseVoters(std::vector<Candidate> candidates, MemberId leader, std::size_t count) {
  std::vector<MemberId> chosen;
  std::map<std::string, int> inZone;
  while (chosen.size() < count && !candidates.empty()) {
    const auto key = [&](const Candidate& c) {
      const auto zone = inZone.find(c.node->spec.zone);
      const int crowd = zone == inZone.end() ? 0 : zone->second;
      return std::tuple(c.member->member == leader ? 0 : 1, c.liveness == Liveness::Live ? 0 : 1, crowd,
                        rank(c));
    };
    const auto best =
        std::min_element(candidates.begin(), candidates.end(),
                         [&](const Candidate& a, const Candidate& b) { return key(a) < key(b); });
    chosen.push_back(best->member->member);
    ++inZone[best->node->spec.zone];
    candidates.erase(best);
  }
  return chosen;
}

bool contains(const std::vector<MemberId>& members, MemberId member) {
  return std::find(members.begin(), members.end(), member) != members.end();
}

// Another voter may be here soon, so a live one need not give up its vote for the sake of an odd number.
bool moreToCome(const ConsensusView& consensus, const ClusterState& state) {
  return std::any_of(consensus.members.begin(), consensus.members.end(), [&](const ConsensusMember& m) {
    const NodeRecord* node = state.findNode(m.member);
    const bool catchingUp = m.catchUp == CatchUp::Behind || (node && node->status == NodeStatus::Joining);
    return m.vote == Vote::Learner && node && isLive(node->status) && catchingUp;
  });
}

// Voters wanted at rest: the largest odd number that the nodes and the limit allow. Nodes that are down
// count, so a failure alone never shrinks the cluster.
std::size_t wantedVoters(std::size_t candidates, std::uint32_t maxVoters) {
  const std::size_t most = std::max<std::size_t>(1, std::min<std::size_t>(candidates, maxVoters));
  return most % 2 == 1 ? most : most - 1;
}

// With everybody back who stays. Until then a live voter too many, also one that is drained, keeps its vote:
// fewer would bear fewer losses, and of a single voter's disk hangs all that was acknowledged.
std::size_t votersAtRest(const ClusterState& state, std::uint32_t maxVoters) {
  std::size_t staying = 0;
  for (const auto& entry : state.nodes) staying += staysInCluster(*entry.value) ? 1 : 0;
  return wantedVoters(staying, maxVoters);
}

// Who stays and has no vote: "node a or node b".
std::string heirsOf(const ConsensusView& consensus, const ClusterState& state) {
  std::string names;
  for (const auto& entry : state.nodes) {
    const MemberId member = entry.value->spec.member;
    const ConsensusMember* known = consensus.find(member);
    if (!staysInCluster(*entry.value) || (known && known->vote == Vote::Voter)) continue;
    names += (names.empty() ? "" : " or ") + nameOf(state, member);
  }
  return names.empty() ? "another" : names;
}

// Whether fewer would have to agree without the dead voters that are not wanted. If not, taking their votes
// away gains nothing, and whoever of them comes back with its disk may be what is missing then.
bool quorumShrinksWithoutTheDead(const ConsensusView& consensus, const ClusterState& state,
                                 const std::vector<MemberId>& wanted) {
  std::size_t voters = 0, gone = 0;
  for (const ConsensusMember& m : consensus.members) {
    if (m.vote != Vote::Voter) continue;
    const NodeRecord* node = state.findNode(m.member);
    ++voters;
    gone += !contains(wanted, m.member) && (node == nullptr || !isLive(node->status)) ? 1 : 0;
  }
  return (voters - gone) / 2 < voters / 2;
}

VoterChange none(std::string reason) { return {VoterChange::Kind::None, MemberId(), std::move(reason)}; }

VoterChange withoutQuorum(const ClusterState& state, MemberId member, const char* verb, const Count& after) {
  return none(std::string("cannot ") + verb + " " + nameOf(state, member) + " now: " +
              std::to_string(after.live) + " of " + std::to_string(after.voters) + " voters would be live");
}

// Takes a vote or a membership away, unless what remains would have no quorum.
VoterChange takeAway(const ConsensusView& consensus, const ClusterState& state, const ConsensusMember& member,
                     VoterChange::Kind kind, std::string reason) {
  if (member.member == consensus.leader) {
    for (const ConsensusMember& next : consensus.members) {
      const bool able =
          next.vote == Vote::Voter && next.member != consensus.leader && isUp(consensus, state, next);
      if (able) return {VoterChange::Kind::TransferLeadership, next.member, std::move(reason)};
    }
    return none(nameOf(state, member.member) + " leads and no other voter can take over");
  }
  if (member.vote == Vote::Voter) {
    Count after = votersOf(consensus, state);
    --after.voters;
    after.live -= isUp(consensus, state, member) ? 1 : 0;
    const char* verb = kind == VoterChange::Kind::Demote ? "demote" : "remove";
    if (!after.hasQuorum()) return withoutQuorum(state, member.member, verb, after);
  }
  return {kind, member.member, std::move(reason)};
}

VoterChange promote(const ConsensusView& consensus, const ClusterState& state, MemberId member,
                    std::string reason) {
  if (!isUp(consensus, state, *consensus.find(member)))
    return none("cannot promote " + nameOf(state, member) + " now: it does not answer");
  Count after = votersOf(consensus, state);
  ++after.voters;
  ++after.live;
  if (!after.hasQuorum()) return withoutQuorum(state, member, "promote", after);
  return {VoterChange::Kind::Promote, member, std::move(reason)};
}

// Of how many partitions nobody else who lives has a copy.
std::size_t lastCopiesAt(MemberId member, const ClusterState& state) {
  std::size_t copies = 0;
  for (std::uint32_t p = 0; p < state.partitions->partitionCount(); ++p) {
    const auto owners = state.partitions->ownersOf(PartitionId(p));
    const bool owned = std::find(owners.begin(), owners.end(), member) != owners.end();
    const bool elsewhere = std::any_of(owners.begin(), owners.end(), [&](MemberId owner) {
      const NodeRecord* other = state.findNode(owner);
      return owner != member && other && isLive(other->status);
    });
    copies += owned && !elsewhere ? 1 : 0;
  }
  return copies;
}

}  // namespace

CatchUp catchUpOf(LogIndex matchIndex, LogIndex commitIndex) {
  return matchIndex && matchIndex.value + kMaxLag >= commitIndex.value ? CatchUp::CaughtUp : CatchUp::Behind;
}

const ConsensusMember* ConsensusView::find(MemberId member) const {
  for (const ConsensusMember& m : members) {
    if (m.member == member) return &m;
  }
  return nullptr;
}

VoterChange nextVoterChange(const ConsensusView& consensus, const ClusterState& state,
                            std::uint32_t maxVoters) {
  // Replicated membership first: it says who belongs to the cluster at all.
  for (const auto& entry : state.nodes) {
    const NodeRecord& node = *entry.value;
    if (consensus.find(node.spec.member) || !isLive(node.status)) continue;
    return {VoterChange::Kind::AddLearner, node.spec.member, "node " + node.spec.id + " joined"};
  }

  const std::vector<Candidate> candidates = candidatesOf(consensus, state);
  const std::size_t wanted = wantedVoters(candidates.size(), maxVoters);
  const std::vector<MemberId> target = chooseVoters(candidates, consensus.leader, wanted);
  VoterChange refused = none(kVotersAtRest);
  const auto consider = [&](VoterChange change) {
    if (change) return true;
    refused = change;
    return false;
  };

  // Promote before demoting: whoever is about to be replaced may still be needed. Also one that is down: it
  // may come back, and of those who are left one may lose its disk.
  bool heirsWait = false;
  for (const MemberId member : target) {
    if (consensus.find(member)->vote == Vote::Voter) continue;
    VoterChange change = promote(consensus, state, member, nameOf(state, member) + " has caught up");
    if (consider(change)) return change;
    heirsWait = true;
  }
  // The dead, the leaving and the removed before the living.
  std::vector<const ConsensusMember*> surplus;
  const bool noneTooMany = votersOf(consensus, state).voters <= votersAtRest(state, maxVoters);
  const bool deadCost = quorumShrinksWithoutTheDead(consensus, state, target);
  for (const ConsensusMember& m : consensus.members) {
    const NodeRecord* node = state.findNode(m.member);
    const bool voterTooMany = m.vote == Vote::Voter && !contains(target, m.member);
    const bool needed = noneTooMany || (node && staysInCluster(*node) && moreToCome(consensus, state));
    const bool spared =
        node && ((isLive(node->status) && needed) || (noneTooMany && (heirsWait || !deadCost)));
    if (!node || (voterTooMany && !spared)) surplus.push_back(&m);
    if (voterTooMany && spared && !staysInCluster(*node))
      consider(none(nameOf(state, m.member) + " keeps its vote until " + heirsOf(consensus, state) +
                    " can take it, or is removed"));
  }
  std::stable_sort(surplus.begin(), surplus.end(), [&](const ConsensusMember* a, const ConsensusMember* b) {
    return livenessOf(state, a->member) == Liveness::Gone && livenessOf(state, b->member) == Liveness::Live;
  });
  for (const ConsensusMember* m : surplus) {
    const bool removed = !state.findNode(m->member);
    const auto kind = removed ? VoterChange::Kind::Remove : VoterChange::Kind::Demote;
    const std::string reason = removed ? nameOf(state, m->member) + " was removed from the cluster"
                                       : std::to_string(wanted) + " voters are enough, or better elsewhere";
    VoterChange change = takeAway(consensus, state, *m, kind, reason);
    if (consider(change)) return change;
  }
  return refused;
}

std::string whyNotRemove(MemberId member, RemoveNode::Consent consent, const ConsensusView& consensus,
                         const ClusterState& state) {
  const NodeRecord* node = state.findNode(member);
  if (!node) return "no such node";
  if (state.nodes.size() == 1) return "node " + node->spec.id + " is the last one";
  const std::size_t copies = lastCopiesAt(member, state);
  if (copies > 0 && consent == RemoveNode::Consent::KeepLastCopies)
    return "node " + node->spec.id + " has the last live copy of " + std::to_string(copies) +
           " partitions; drain it first, or consent by lose_last_copies=true";

  const ConsensusMember* inConsensus = consensus.find(member);
  if (!inConsensus || inConsensus->vote == Vote::Learner) return {};
  Count after = votersOf(consensus, state);
  --after.voters;
  after.live -= isUp(consensus, state, *inConsensus) ? 1 : 0;
  // A learner that has caught up takes the vote over before it is given up.
  for (const ConsensusMember& m : consensus.members) {
    const bool heir = m.vote == Vote::Learner && m.member != member && isUp(consensus, state, m);
    if (!heir) continue;
    ++after.voters;
    ++after.live;
    break;
  }
  if (after.hasQuorum()) return {};
  return "without node " + node->spec.id + " only " + std::to_string(after.live) + " of " +
         std::to_string(after.voters) + " voters would be live, and no quorum remains";
}

std::string whyNotTransfer(MemberId to, const ConsensusView& consensus, const ClusterState& state) {
  const auto votes = [&](const ConsensusMember& m) {
    return m.vote == Vote::Voter && m.member != consensus.leader;
  };
  if (!to) {
    const bool someone = std::any_of(consensus.members.begin(), consensus.members.end(), votes);
    return someone ? "" : "no other node has a vote";
  }
  if (to == consensus.leader) return nameOf(state, to) + " leads already";
  const ConsensusMember* const member = consensus.find(to);
  return member != nullptr && votes(*member) ? "" : nameOf(state, to) + " has no vote";
}

}  // namespace clusterkit

// Who belongs to the cluster, and who votes. A value: changes make a new Configuration.
//
// A joint configuration (dissertation 4.3) carries both sets of voters: `kind` is the role in the incoming
// set, `outgoingVoter` marks the voters of the outgoing one; a decision needs a majority of each.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "types.hpp"

namespace clusterkit::raft {

enum class MemberKind : std::uint8_t {
  Voter,
  Learner,
  Leaving,  // only in a joint configuration: votes in the outgoing set, removed when the joint phase ends
};

struct Member {
  MemberId id;
  std::string endpoint;   // opaque to all but the transport
  std::string publicKey;  // empty when no keys are used
  MemberKind kind = MemberKind::Learner;
  bool outgoingVoter = false;
  friend bool operator==(const Member&, const Member&) = default;
};

struct Configuration {
  static constexpr std::size_t maxTombstones = 10000;

  std::vector<Member> members;    // ascending by id
  std::vector<MemberId> removed;  // tombstones in order of removal; the oldest go beyond maxTombstones

  const Member* find(MemberId id) const;
  bool contains(MemberId id) const { return find(id) != nullptr; }
  bool isVoter(MemberId id) const;  // in either set
  bool isRemoved(MemberId id) const;
  bool isJoint() const;
  std::vector<MemberId> voters() const;          // of the incoming set
  std::vector<MemberId> outgoingVoters() const;  // empty unless joint
  std::size_t memberCount() const { return members.size(); }

  // False for what must never enter a log: unsorted or doubled ids, id 0, a member that is also a tombstone,
  // no voter, Leaving outside of a joint phase.
  bool isWellFormed() const;
  friend bool operator==(const Configuration&, const Configuration&) = default;
};

struct AddLearner {
  Member member;  // id, endpoint, publicKey
};
struct PromoteLearner {
  MemberId member;
};
struct DemoteVoter {
  MemberId member;
};
struct RemoveMember {
  MemberId member;
};
struct UpdatePeer {
  Member member;  // a new endpoint or key for the same id
};
// Any target in one step, by a joint phase. Every voter of the target must be a voter or a learner that has
// caught up.
struct ReplaceMembers {
  std::vector<Member> target;
};
using MemberChange =
    std::variant<AddLearner, PromoteLearner, DemoteVoter, RemoveMember, UpdatePeer, ReplaceMembers>;

// The configuration that follows, or nullopt when the change makes no sense for this one (unknown or doubled
// member, a tombstoned id, no voter left). Knows nothing of logs and progress.
std::optional<Configuration> apply(const Configuration& present, const MemberChange& change);

// The end of a joint phase: the incoming set alone; Leaving members become tombstones.
Configuration leaveJoint(const Configuration& joint);

// The first configuration of a new cluster.
Configuration soleVoter(Member local);

}  // namespace clusterkit::raft

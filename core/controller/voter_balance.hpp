// Which members vote. Keeps the number of voters odd and at most `max_voters`, on live nodes in different
// zones, one safe change at a time. Pure.
//
// Two nodes have one voter and one learner. A second voter would be a second machine whose death stops all
// writes, and removes none: the first one's death stops them in both cases. The learner still gets every
// entry. The third node makes three voters of them, by two changes in a row.
//
// Voters that are down are replaced when a live learner has caught up, and never just removed: each lost vote
// would leave less to lose. A node that has left the cluster gives up its vote, and one that is drained once
// there are as many voters without it as the nodes that stay could be: while one of those is down, the vote
// of the live one is worth more than an end of the drain.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cluster/command.hpp"
#include "cluster/state.hpp"
#include "clusterkit/types.hpp"

namespace clusterkit {

enum class Vote : std::uint8_t { Voter, Learner };
enum class CatchUp : std::uint8_t { Behind, CaughtUp };
// Whether the leader's consensus hears it just now. Newer than a status: a member that died under the leader
// before is still active in the state.
enum class Contact : std::uint8_t { Silent, Heard };

// A member of the consensus configuration, as the leader sees it.
struct ConsensusMember {
  MemberId member;
  Vote vote = Vote::Learner;
  CatchUp catchUp = CatchUp::Behind;
  Contact contact = Contact::Heard;
};

// Near enough to the leader's log that promoting it cannot hold up a commit for long.
CatchUp catchUpOf(LogIndex matchIndex, LogIndex commitIndex);

struct ConsensusView {
  MemberId leader;
  std::vector<ConsensusMember> members;

  const ConsensusMember* find(MemberId member) const;
};

struct VoterChange {
  enum class Kind : std::uint8_t { None, AddLearner, Promote, Demote, Remove, TransferLeadership };
  Kind kind = Kind::None;
  MemberId member;     // 0 for None; the next leader for TransferLeadership
  std::string reason;  // one line for people, also for None

  explicit operator bool() const { return kind != Kind::None; }
};

inline constexpr const char* kVotersAtRest = "the voters are as they should be";  // a reason for None

// The next step from the configuration as it is to the one it should be. Call again when it is done.
VoterChange nextVoterChange(const ConsensusView& consensus, const ClusterState& state,
                            std::uint32_t maxVoters);

// Empty when the node may leave the cluster for good; otherwise what would break, in one line. Copies may be
// lost with consent, the quorum never.
std::string whyNotRemove(MemberId member, RemoveNode::Consent consent, const ConsensusView& consensus,
                         const ClusterState& state);

// Empty when leadership may be handed over to this member, or with 0 to any; otherwise why not.
std::string whyNotTransfer(MemberId to, const ConsensusView& consensus, const ClusterState& state);

}  // namespace clusterkit

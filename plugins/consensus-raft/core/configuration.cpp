#include "configuration.hpp"

namespace clusterkit::raft {
namespace {

Member* findIn(Configuration& configuration, MemberId id) {
  for (Member& m : configuration.members) {
    if (m.id == id) return &m;
  }
  return nullptr;
}

void insertSorted(std::vector<Member>& members, Member member) {
  auto place = std::lower_bound(members.begin(), members.end(), member.id,
                                [](const Member& m, MemberId id) { return m.id < id; });
  members.insert(place, std::move(member));
}

void bury(Configuration& configuration, MemberId id) {
  std::erase_if(configuration.members, [id](const Member& m) { return m.id == id; });
  configuration.removed.push_back(id);
  if (configuration.removed.size() > Configuration::maxTombstones) {
    configuration.removed.erase(configuration.removed.begin());
  }
}

bool change(Configuration& c, const AddLearner& add) {
  if (!add.member.id || c.contains(add.member.id) || c.isRemoved(add.member.id)) return false;
  Member member = add.member;
  member.kind = MemberKind::Learner;
  member.outgoingVoter = false;
  insertSorted(c.members, std::move(member));
  return true;
}

bool change(Configuration& c, const PromoteLearner& promote) {
  Member* member = findIn(c, promote.member);
  if (member == nullptr || member->kind != MemberKind::Learner) return false;
  member->kind = MemberKind::Voter;
  return true;
}

bool change(Configuration& c, const DemoteVoter& demote) {
  Member* member = findIn(c, demote.member);
  if (member == nullptr || member->kind != MemberKind::Voter) return false;
  member->kind = MemberKind::Learner;
  return !c.voters().empty();
}

bool change(Configuration& c, const RemoveMember& remove) {
  if (!c.contains(remove.member)) return false;
  bury(c, remove.member);
  return !c.voters().empty();
}

bool change(Configuration& c, const UpdatePeer& update) {
  Member* member = findIn(c, update.member.id);
  if (member == nullptr) return false;
  member->endpoint = update.member.endpoint;
  member->publicKey = update.member.publicKey;
  return true;
}

bool change(Configuration& c, const ReplaceMembers& replace) {
  for (Member& m : c.members) {
    m.outgoingVoter = m.kind == MemberKind::Voter;
    m.kind = MemberKind::Leaving;
  }
  for (const Member& wanted : replace.target) {
    if (!wanted.id || c.isRemoved(wanted.id) || wanted.kind == MemberKind::Leaving) return false;
    Member* present = findIn(c, wanted.id);
    if (present == nullptr) {
      insertSorted(c.members, wanted);
      present = findIn(c, wanted.id);
      present->outgoingVoter = false;
    } else if (present->kind != MemberKind::Leaving) {
      return false;  // named twice
    }
    present->kind = wanted.kind;
    present->endpoint = wanted.endpoint;
    present->publicKey = wanted.publicKey;
  }
  return !c.voters().empty();
}

}  // namespace

const Member* Configuration::find(MemberId id) const {
  for (const Member& m : members) {
    if (m.id == id) return &m;
  }
  return nullptr;
}

bool Configuration::isVoter(MemberId id) const {
  const Member* member = find(id);
  return member != nullptr && (member->kind == MemberKind::Voter || member->outgoingVoter);
}

bool Configuration::isRemoved(MemberId id) const {
  return std::find(removed.begin(), removed.end(), id) != removed.end();
}

bool Configuration::isJoint() const {
  return std::any_of(members.begin(), members.end(), [](const Member& m) { return m.outgoingVoter; });
}

std::vector<MemberId> Configuration::voters() const {
  std::vector<MemberId> ids;
  for (const Member& m : members) {
    if (m.kind == MemberKind::Voter) ids.push_back(m.id);
  }
  return ids;
}

std::vector<MemberId> Configuration::outgoingVoters() const {
  std::vector<MemberId> ids;
  for (const Member& m : members) {
    if (m.outgoingVoter) ids.push_back(m.id);
  }
  return ids;
}

bool Configuration::isWellFormed() const {
  const bool joint = isJoint();
  MemberId last;
  for (const Member& m : members) {
    if (m.id <= last || isRemoved(m.id)) return false;
    if (m.kind == MemberKind::Leaving && !joint) return false;
    last = m.id;
  }
  return !voters().empty();
}

std::optional<Configuration> apply(const Configuration& present, const MemberChange& wanted) {
  Configuration following = present;
  const bool sensible = std::visit([&](const auto& c) { return change(following, c); }, wanted);
  if (present.isJoint() || !sensible || !following.isWellFormed()) return std::nullopt;
  return following;
}

Configuration leaveJoint(const Configuration& joint) {
  Configuration simple = joint;
  for (const Member& m : joint.members) {
    if (m.kind == MemberKind::Leaving) bury(simple, m.id);
  }
  for (Member& m : simple.members) m.outgoingVoter = false;
  return simple;
}

Configuration soleVoter(Member local) {
  local.kind = MemberKind::Voter;
  local.outgoingVoter = false;
  Configuration configuration;
  configuration.members.push_back(std::move(local));
  return configuration;
}

}  // namespace clusterkit::raft

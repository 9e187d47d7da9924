#include "quorum.hpp"

#include <algorithm>

#include "planted.hpp"

namespace clusterkit::raft {
namespace {

template <class Value>
Value majorityValue(const std::vector<MemberId>& voters, const std::function<Value(MemberId)>& of) {
  std::vector<Value> values;
  values.reserve(voters.size());
  for (MemberId id : voters) values.push_back(of(id));
  // With n voters sorted downwards, the one at n/2 has been reached by a majority.
  const std::size_t fewer = planted(Defect::CommitByOneTooFew) && voters.size() > 1 ? 1 : 0;
  auto middle = values.begin() + static_cast<std::ptrdiff_t>(voters.size() / 2 - fewer);
  std::nth_element(values.begin(), middle, values.end(), std::greater<>());
  return *middle;
}

template <class Value>
Value quorumValue(const Configuration& configuration, const std::function<Value(MemberId)>& of) {
  const auto incoming = configuration.voters();
  if (incoming.empty()) return Value{};
  const Value value = majorityValue(incoming, of);
  const auto outgoing = configuration.outgoingVoters();
  return outgoing.empty() ? value : std::min(value, majorityValue(outgoing, of));
}

struct Count {
  std::size_t asked = 0, agree = 0;
  void add(bool agrees) {
    ++asked;
    agree += agrees ? 1 : 0;
  }
  bool isMajority() const { return agree > asked / 2; }
};

VoteResult tallyHalf(const std::vector<MemberId>& voters, const std::map<MemberId, bool>& votes) {
  std::size_t granted = 0, refused = 0;
  for (MemberId id : voters) {
    const auto vote = votes.find(id);
    if (vote == votes.end()) continue;
    ++(vote->second ? granted : refused);
  }
  if (granted + (planted(Defect::ElectionByHalf) ? 1 : 0) > voters.size() / 2) return VoteResult::Won;
  return voters.size() - refused > voters.size() / 2 ? VoteResult::Pending : VoteResult::Lost;
}

}  // namespace

LogIndex quorumIndex(const Configuration& configuration, const std::function<LogIndex(MemberId)>& reached) {
  return quorumValue(configuration, reached);
}

MonotonicTime quorumTime(const Configuration& configuration,
                         const std::function<MonotonicTime(MemberId)>& heard) {
  return quorumValue(configuration, heard);
}

// A leader asks this on every event, so nothing is copied.
bool hasQuorum(const Configuration& configuration, const std::function<bool(MemberId)>& agrees) {
  Count incoming, outgoing;
  for (const Member& member : configuration.members) {
    const bool votes = member.kind == MemberKind::Voter;
    if (!votes && !member.outgoingVoter) continue;
    const bool agreed = agrees(member.id);
    if (votes) incoming.add(agreed);
    if (member.outgoingVoter) outgoing.add(agreed);
  }
  return incoming.isMajority() && (outgoing.asked == 0 || outgoing.isMajority());
}

VoteResult tally(const Configuration& configuration, const std::map<MemberId, bool>& votes) {
  const VoteResult incoming = tallyHalf(configuration.voters(), votes);
  const auto voters = configuration.outgoingVoters();
  const VoteResult outgoing = voters.empty() ? VoteResult::Won : tallyHalf(voters, votes);
  if (incoming == VoteResult::Lost || outgoing == VoteResult::Lost) return VoteResult::Lost;
  return incoming == VoteResult::Won && outgoing == VoteResult::Won ? VoteResult::Won : VoteResult::Pending;
}

}  // namespace clusterkit::raft

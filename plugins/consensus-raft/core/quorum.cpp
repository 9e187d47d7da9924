#include "quorum.hpp"

#include <algorithm>

#include "planted.hpp"

namespace clusterkit::raft {
namespace {

LogIndex majorityIndex(const std::vector<MemberId>& voters,
                       const std::function<LogIndex(MemberId)>& reached) {
  std::vector<LogIndex> indexes;
  indexes.reserve(voters.size());
  for (MemberId id : voters) indexes.push_back(reached(id));
  // With n voters sorted downwards, the one at n/2 has been reached by a majority.
  const std::size_t fewer = planted(Defect::CommitByOneTooFew) && voters.size() > 1 ? 1 : 0;
  auto middle = indexes.begin() + static_cast<std::ptrdiff_t>(voters.size() / 2 - fewer);
  std::nth_element(indexes.begin(), middle, indexes.end(), std::greater<>());
  return *middle;
}

bool majorityAgrees(const std::vector<MemberId>& voters, const std::function<bool(MemberId)>& agrees) {
  return static_cast<std::size_t>(std::count_if(voters.begin(), voters.end(), agrees)) > voters.size() / 2;
}

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
  const auto incoming = configuration.voters();
  if (incoming.empty()) return LogIndex{};
  const LogIndex index = majorityIndex(incoming, reached);
  const auto outgoing = configuration.outgoingVoters();
  return outgoing.empty() ? index : std::min(index, majorityIndex(outgoing, reached));
}

bool hasQuorum(const Configuration& configuration, const std::function<bool(MemberId)>& agrees) {
  const auto outgoing = configuration.outgoingVoters();
  return majorityAgrees(configuration.voters(), agrees) &&
         (outgoing.empty() || majorityAgrees(outgoing, agrees));
}

VoteResult tally(const Configuration& configuration, const std::map<MemberId, bool>& votes) {
  const VoteResult incoming = tallyHalf(configuration.voters(), votes);
  const auto voters = configuration.outgoingVoters();
  const VoteResult outgoing = voters.empty() ? VoteResult::Won : tallyHalf(voters, votes);
  if (incoming == VoteResult::Lost || outgoing == VoteResult::Lost) return VoteResult::Lost;
  return incoming == VoteResult::Won && outgoing == VoteResult::Won ? VoteResult::Won : VoteResult::Pending;
}

}  // namespace clusterkit::raft

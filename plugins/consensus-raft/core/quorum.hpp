// What a majority has agreed to. Pure functions of a configuration; in a joint one both halves must agree.
#pragma once

#include <functional>
#include <map>

#include "configuration.hpp"

namespace clusterkit::raft {

enum class VoteResult : std::uint8_t { Pending, Won, Lost };

// The highest index that a majority has reached.
LogIndex quorumIndex(const Configuration& configuration, const std::function<LogIndex(MemberId)>& reached);

// The newest time by which a majority had been heard.
MonotonicTime quorumTime(const Configuration& configuration,
                         const std::function<MonotonicTime(MemberId)>& heard);

bool hasQuorum(const Configuration& configuration, const std::function<bool(MemberId)>& agrees);

// Lost as soon as a majority for it has become impossible. Votes of non-voters do not count.
VoteResult tally(const Configuration& configuration, const std::map<MemberId, bool>& votes);

}  // namespace clusterkit::raft

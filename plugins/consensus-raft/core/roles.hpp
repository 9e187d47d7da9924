// What a node knows only while it has a role; leaving the role forgets it.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "commit_news.hpp"
#include "messages.hpp"
#include "progress.hpp"
#include "types.hpp"

namespace clusterkit::raft {

struct FollowerState {};

enum class Campaign : std::uint8_t { PreVote, Vote };

struct CandidateState {
  Campaign campaign = Campaign::PreVote;
  VoteReason reason = VoteReason::Timeout;
  std::map<MemberId, bool> votes;
  BatchNumber selfVote;  // the own vote counts, and the requests leave, once this batch is durable
};

// A read point is `index` once a majority has answered a heartbeat of `round`, sent after the read came in.
struct ReadRound {
  RoundId round;
  LogIndex index;
  struct Reader {
    Handle handle;    // a local read, or
    MemberId member;  // a follower that asked
    RequestId request;
    MonotonicTime deadline;
  };
  std::vector<Reader> readers;
  MonotonicTime askAllAt;  // also those who were not asked at first; max(): they were
};

inline constexpr std::size_t kMaxReadRounds = 4;  // under way; further reads share the next one

struct Transfer {
  MemberId asked;  // as the client named it; 0 = whoever is best
  MemberId to;     // who is to lead
  Handle handle;
  MonotonicTime deadline;
  bool told = false;  // TimeoutNow was sent
};

struct LeaderState {
  std::map<MemberId, Progress> progress;  // every other member of the configuration
  LogIndex firstIndexOfTerm;              // the no-op
  RoundId lastRound;
  std::vector<ReadRound::Reader> waitingReads;  // for the next round
  std::deque<ReadRound> rounds;                 // oldest first
  MonotonicTime nextRound;                      // beside one that is under way
  std::optional<Transfer> transfer;
  std::optional<Handle> jointChange;  // ends when the joint phase has ended
  MonotonicTime nextHeartbeat;
  CommitNews news;

  // Until then those rounds wait for whom they have asked first; max(): none does.
  MonotonicTime askAllAt() const;
};

using RoleState = std::variant<FollowerState, CandidateState, LeaderState>;

}  // namespace clusterkit::raft

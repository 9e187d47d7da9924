// Who answers and who does not, as the leader sees it: Alive -> Suspect -> Down.
//
// The leader probes every node; after all but one of `threshold` failures in a row it suspects the node and
// asks others to probe it too (Das, Gupta, Motivala, "SWIM", DSN 2002, section 3). Down needs `threshold`
// failures in a row and nobody else who reaches the node. With the defaults a dead node is Down 2.1 s after
// it died, at most 2.3 s.
//
// Pure: time comes in as an argument and only has to rise. One thread. tick() is to be called at nextWake()
// or more often; a tick that comes much too late means that this process stood still, and then nobody is
// blamed.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "cluster/node.hpp"
#include "clusterkit/types.hpp"

namespace clusterkit {

struct FailureDetectorOptions {
  Duration interval = std::chrono::milliseconds(500);
  Duration timeout = std::chrono::milliseconds(500);  // of one probe, also of those that others send for us
  std::uint32_t threshold = 3;                        // failures in a row
  std::uint32_t helpers = 3;                          // nodes asked to probe a suspect
  Duration helperMargin = std::chrono::milliseconds(250);  // for their answers on top of `timeout`
};

// A node as the replicated state has it.
struct WatchedNode {
  MemberId member;
  NodeStatus status = NodeStatus::Active;
  std::uint64_t incarnation = 1;
};

enum class Verdict : std::uint8_t {
  Unknown,  // neither an answer nor enough failures since the detector started or the node began a new life
  Alive,
  Suspect,
  Down,
};

enum class Reachability : std::uint8_t { Reachable, Unreachable };

struct SendProbe {
  MemberId node;
  std::uint64_t seq = 0;
};
// `via` is to probe `target` with the same timeout and to tell the result with this seq.
struct AskIndirect {
  MemberId via;
  MemberId target;
  std::uint64_t seq = 0;
};
struct VerdictChange {
  MemberId node;
  Verdict verdict = Verdict::Unknown;
};
// The node lives, `via` reached it, but the leader does not; or the leader reaches it again.
struct LinkChange {
  enum class State : std::uint8_t { Broken, Healed };
  MemberId node;
  MemberId via;  // 0 when healed
  State state = State::Broken;
};
using DetectorOutput = std::variant<SendProbe, AskIndirect, VerdictChange, LinkChange>;

class FailureDetector {
 public:
  FailureDetector(MemberId self, FailureDetectorOptions options) : self_(self), options_(options) {}

  // A fresh start, as after an election: nothing is held against anybody, every node gets a full detection
  // period.
  void reset(MonotonicTime now);
  // All nodes of the cluster. Left nodes and the leader itself are not watched. A new incarnation starts
  // anew.
  void setNodes(std::span<const WatchedNode> nodes, MonotonicTime now);
  // The voting members, the leader included if it is one. While a majority of them does not answer, nobody is
  // declared Down: then the leader's own network is the likelier culprit, and nothing could be committed
  // anyway.
  void setVoters(std::vector<MemberId> voters) { voters_ = std::move(voters); }

  // The outputs of this and of all calls since the last tick, in order.
  std::vector<DetectorOutput> tick(MonotonicTime now);
  // An answer to a probe that has timed out already is ignored.
  void probeAnswered(MemberId node, std::uint64_t seq, MonotonicTime now);
  void indirectAnswer(MemberId target, MemberId via, std::uint64_t seq, Reachability result,
                      MonotonicTime now);

  // Unknown for a node that is not watched.
  Verdict verdictOf(MemberId node) const;
  // The last direct answer or reachable report; none since the start.
  std::optional<MonotonicTime> lastSeen(MemberId node) const;
  // The next time at which tick() has something to do; far away when nobody is watched.
  MonotonicTime nextWake() const;

 private:
  struct Probe {
    std::uint64_t firstSeq, lastSeq;  // it was sent again while nothing had ever been heard of the node
    MonotonicTime sentAt;             // the first time: repeating it buys the node no time
    MonotonicTime repeatAt;
  };
  struct Inquiry {
    std::uint64_t seq;
    MonotonicTime askedAt;
    std::vector<MemberId> unanswered;
    std::uint32_t denials = 0;  // helpers that did not reach the node either
  };
  enum class Confirmation : std::uint8_t { None, Lost };
  struct Watch {
    NodeStatus status = NodeStatus::Active;
    std::uint64_t incarnation = 1;
    Verdict verdict = Verdict::Unknown;
    std::uint32_t failures = 0;
    Confirmation confirmation = Confirmation::None;
    std::uint32_t silentInquiries = 0;  // in a row, without any answer
    bool linkBroken = false;
    MonotonicTime nextProbeAt{};
    std::optional<Probe> probe;
    std::optional<Inquiry> inquiry;
    std::optional<MonotonicTime> seenAt;
  };

  std::uint32_t suspectAt() const { return options_.threshold > 1 ? options_.threshold - 1 : 1; }
  void forgiveStandstill(MonotonicTime now);
  void expireProbe(Watch& watch, MonotonicTime now);
  void sendProbe(MemberId node, Watch& watch, MonotonicTime now);
  void investigate(MemberId node, Watch& watch, MonotonicTime now);
  void closeInquiry(Watch& watch, MonotonicTime now);
  void discount(Watch& watch);
  void judge(MemberId node, Watch& watch);
  void signOfLife(MemberId node, Watch& watch, MonotonicTime now);
  void setVerdict(MemberId node, Watch& watch, Verdict verdict);
  bool answers(const Watch& watch, MonotonicTime now) const;
  bool majorityAnswers(MonotonicTime now) const;
  std::vector<MemberId> chooseHelpers(MemberId target, MonotonicTime now);

  MemberId self_;
  FailureDetectorOptions options_;
  std::map<MemberId, Watch> watches_;
  std::vector<MemberId> voters_;
  std::uint64_t lastSeq_ = 0;
  std::size_t nextHelper_ = 0;
  std::optional<MonotonicTime> plannedWake_;
  std::vector<DetectorOutput> outputs_;
};

}  // namespace clusterkit

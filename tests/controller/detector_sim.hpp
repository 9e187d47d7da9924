// A network of nodes on fake time around one FailureDetector: who is up, which links are cut.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "controller/failure_detector.hpp"

namespace clusterkit::test {

using std::chrono::milliseconds;

inline constexpr MemberId kLeader{1};
inline MonotonicTime at(Duration sinceStart) { return MonotonicTime(std::chrono::hours(1) + sinceStart); }

class DetectorSim {
 public:
  explicit DetectorSim(std::uint64_t nodes, FailureDetectorOptions options = {})
      : options_(options), detector(kLeader, options) {
    for (std::uint64_t n = 1; n <= nodes; ++n) {
      watched.push_back({MemberId(n), NodeStatus::Active, 1});
      voters.push_back(MemberId(n));
    }
    detector.setVoters(voters);
    detector.setNodes(watched, at(now));
  }

  bool linked(MemberId a, MemberId b) const {
    return !dead.contains(a) && !dead.contains(b) && !cut.contains(std::minmax(a, b));
  }
  void cutLink(MemberId a, MemberId b) { cut.insert(std::minmax(a, b)); }
  void healLink(MemberId a, MemberId b) { cut.erase(std::minmax(a, b)); }

  void run(Duration duration, Duration step = milliseconds(10)) {
    for (const Duration end = now + duration; now < end;) {
      now += step;
      deliver();
      for (const DetectorOutput& output : detector.tick(at(now))) take(output);
    }
  }
  // Until the verdict is reached; none when it takes longer than `limit`.
  std::optional<Duration> runUntil(MemberId node, Verdict verdict, Duration limit) {
    for (const Duration start = now; now - start < limit;) {
      if (detector.verdictOf(node) == verdict) return now - start;
      run(milliseconds(10));
    }
    return std::nullopt;
  }
  bool everSaid(MemberId node, Verdict verdict) const {
    for (const auto& change : verdicts) {
      if (change.node == node && change.verdict == verdict) return true;
    }
    return false;
  }
  bool everSaidDown() const {
    for (const auto& change : verdicts) {
      if (change.verdict == Verdict::Down) return true;
    }
    return false;
  }

  FailureDetectorOptions options_;
  FailureDetector detector;
  std::vector<WatchedNode> watched;
  std::vector<MemberId> voters;
  std::set<MemberId> dead;
  std::set<std::pair<MemberId, MemberId>> cut;
  Duration latency = milliseconds(2);
  Duration now{};
  std::vector<VerdictChange> verdicts;
  std::vector<LinkChange> links;
  std::size_t probes = 0, inquiries = 0;

 private:
  struct Message {
    Duration due;
    MemberId node, via;  // via 0: a direct answer
    std::uint64_t seq;
    Reachability result;
  };

  void take(const DetectorOutput& output) {
    if (const auto* probe = std::get_if<SendProbe>(&output)) {
      ++probes;
      if (linked(kLeader, probe->node)) {
        messages_.push_back(
            {now + 2 * latency, probe->node, MemberId(), probe->seq, Reachability::Reachable});
      }
    } else if (const auto* ask = std::get_if<AskIndirect>(&output)) {
      ++inquiries;
      if (!linked(kLeader, ask->via)) return;
      const bool reached = linked(ask->via, ask->target);
      const Duration took = reached ? 4 * latency : options_.timeout + 2 * latency;
      messages_.push_back({now + took, ask->target, ask->via, ask->seq,
                           reached ? Reachability::Reachable : Reachability::Unreachable});
    } else if (const auto* verdict = std::get_if<VerdictChange>(&output)) {
      verdicts.push_back(*verdict);
    } else {
      links.push_back(std::get<LinkChange>(output));
    }
  }

  void deliver() {
    std::deque<Message> later;
    for (const Message& m : messages_) {
      if (m.due > now) {
        later.push_back(m);
      } else if (!linked(kLeader, m.via ? m.via : m.node)) {
        continue;
      } else if (m.via) {
        detector.indirectAnswer(m.node, m.via, m.seq, m.result, at(now));
      } else {
        detector.probeAnswered(m.node, m.seq, at(now));
      }
    }
    messages_ = std::move(later);
  }

  std::deque<Message> messages_;
};

}  // namespace clusterkit::test

// Every node's side of failure detection: answers the leader's probes, and probes another node on the
// leader's behalf. Everything [loop].
#pragma once

#include <map>

#include "cluster/peer_link.hpp"
#include "host/event_loop.hpp"

namespace clusterkit {

class ProbeResponder {
 public:
  using Answered = UniqueFunction<void(MemberId node, std::uint64_t sequence, std::uint64_t boot)>;

  // `boot`: of this run of the node. `timeout`: how long a probe for somebody else is waited for. Answers to
  // this node's own probes go to `answered`.
  ProbeResponder(EventLoop& loop, PeerLink& peers, std::uint64_t boot, Duration timeout, Answered answered);
  ~ProbeResponder();
  ProbeResponder(const ProbeResponder&) = delete;
  ProbeResponder& operator=(const ProbeResponder&) = delete;

  static constexpr std::size_t kMaxInquiries = 1024;  // under way for others

 private:
  struct Inquiry {
    MemberId asker;
    MemberId target;
    std::uint64_t sequence;  // the asker's
    TimerId expiry;
  };

  void answer(MemberId to, std::uint64_t sequence);
  void inquire(MemberId asker, const proto::IndirectProbe& question);
  void onAnswer(MemberId from, const proto::ProbeAnswer& answer);
  void finish(std::uint64_t own, bool reachable);

  EventLoop& loop_;
  PeerLink& peers_;
  const std::uint64_t boot_;
  Duration timeout_;
  Answered answered_;
  std::uint64_t nextOwn_;
  std::map<std::uint64_t, Inquiry> inquiries_;
};

}  // namespace clusterkit

// The wires between simulated nodes: each direction of each pair is a link with its own delays and faults. It
// promises less than a transport has to: messages may be lost, repeated and overtaken at any time.
#pragma once

#include <clusterkit/transport.h>
#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "simulation/dice.hpp"
#include "simulation/member_set.hpp"
#include "simulation/trace.hpp"

namespace clusterkit::sim {

class NetworkTransport;

struct LinkFaults {
  std::uint32_t lossPercent = 0, duplicatePercent = 0;
  Duration delayMin{100'000}, delayMax{1'000'000};
  // Some messages take far longer than all others, and come even over a link that is cut meanwhile.
  std::uint32_t stragglerPercent = 0;
  Duration stragglerMax{};
};

// What is under way on a wire. Letters are written again and again: a message costs no allocation.
class Letter {
 public:
  struct Recycle {
    void operator()(Letter* letter) const;
  };
  using Ptr = std::unique_ptr<Letter, Recycle>;
  static Ptr blank();

  std::string bytes;

 private:
  static std::vector<std::unique_ptr<Letter>>& pile();
};

class Network {
 public:
  Network(Scheduler& scheduler, Dice& dice, Trace& trace)
      : scheduler_(scheduler), dice_(dice), trace_(trace) {}

  // A run of a member begins and ends.
  void attach(MemberId member, NetworkTransport& transport);
  void detach(MemberId member);
  // Peers may have become reachable.
  void connectSoon(MemberId member);

  void send(MemberId from, MemberId to, std::uint32_t lane, Letter::Ptr letter);

  LinkFaults faults;
  void cut(MemberId from, MemberId to) { cuts_.insert(from, to); }
  void mend(MemberId from, MemberId to) { cuts_.erase(from, to); }
  void mendAll() { cuts_.clear(); }
  // All connections of a member end, and begin anew.
  void reset(MemberId member);
  // `member` has dropped these peers.
  void drop(MemberId member, const MemberSet& peers);

 private:
  using Link = std::pair<MemberId, MemberId>;

  void post(MemberId from, MemberId to, std::uint32_t lane, Duration delayMax, Letter::Ptr letter);
  void deliver(MemberId from, MemberId to, std::uint32_t lane, Letter::Ptr letter);
  void connect(MemberId member);
  std::vector<MemberId> disconnect(MemberId member);
  void noticeLater(MemberId member, MemberId gone);
  NetworkTransport* at(MemberId member);

  Scheduler& scheduler_;
  Dice& dice_;
  Trace& trace_;
  std::map<MemberId, NetworkTransport*> attached_;
  std::array<NetworkTransport*, MemberSet::kIds> stations_{};  // the same, for messages
  LinkSet cuts_;
  std::set<Link> connected_;  // lower member first
};

}  // namespace clusterkit::sim

// Whether a message that was forwarded to the leader is taken here: once, and only for the term of office
// that it was meant for. Pure; one thread.
//
// A transport may deliver a message twice across a reconnect, late, and after others that were sent later. So
// every forwarding is an attempt: numbered within one boot of its sender, and addressed to a member as the
// leader of one epoch. Consensus lets an epoch be led by one run of one member, so all attempts that were
// ever taken under one address were taken by one object of this class, which remembers them:
//  * Take comes at most once for an attempt, whatever the transport does.
//  * NotTaken is definite: this attempt has not been taken and will not be. In an epoch that had begun when
//  this
//    run of the node first heard of one, an earlier run may have led; then the answer is Unsure.
// Nothing depends on a wall clock, on what a restart forgets, or on order. Bounded: a window of numbers for
// each of kMaxSenders members; what lies outside of it is not guessed.
#pragma once

#include <bitset>
#include <cstdint>
#include <map>
#include <optional>

#include "clusterkit/types.hpp"
#include "host/cluster_types.hpp"

namespace clusterkit {

struct Forwarding {
  MemberId from;
  std::uint64_t boot = 0;    // of the sender; rises with every start of its data folder
  std::uint64_t number = 0;  // from 1, rising within the boot
  Epoch epoch;               // in which the receiver leads, as the sender knows it
};

class ForwardIntake {
 public:
  static constexpr std::size_t kMaxSenders = 16384;
  static constexpr std::uint64_t kWindow = 1024;  // how far a message may be overtaken

  enum class Verdict : std::uint8_t {
    Take,
    NotTaken,  // this node does not lead in that epoch
    Repeated,  // seen before, or of a run that has ended: what the first led to stands, nobody is answered
    Unsure,    // may have been taken before
  };

  void onRole(Role role, Epoch epoch);
  // From now on nothing is taken.
  void stop() { stopped_ = true; }
  Verdict judge(const Forwarding& forwarding);

 private:
  struct Sender {
    std::uint64_t boot = 0;
    std::uint64_t newest = 0;
    std::bitset<kWindow> seen;  // of the last kWindow numbers, each at its remainder
  };
  enum class Sight : std::uint8_t { First, Again, TooOld };
  static Sight look(Sender& sender, std::uint64_t number);

  bool stopped_ = false;
  std::optional<Epoch> ledEpoch_;  // in which this node leads now
  std::optional<Epoch> ownFrom_;   // no earlier run of this node has led in this epoch or a later one
  std::map<MemberId, Sender> senders_;
};

}  // namespace clusterkit

#include "simulation/network.hpp"

#include <utility>

#include "simulation/network_transport.hpp"

namespace clusterkit::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kPileMax = 1024, kLetterMax = 4096;
constexpr Duration kConnectMin = 1ms, kConnectMax = 20ms;
// How long a peer takes to see that a connection is dead.
constexpr Duration kNoticeMin = 1ms, kNoticeMax = 300ms;

}  // namespace

std::vector<std::unique_ptr<Letter>>& Letter::pile() {
  static std::vector<std::unique_ptr<Letter>> letters;
  return letters;
}

Letter::Ptr Letter::blank() {
  if (pile().empty()) return Ptr(new Letter);
  Ptr letter(pile().back().release());
  pile().pop_back();
  letter->bytes.clear();
  return letter;
}

// A long one, a piece of a snapshot, does not keep its memory.
void Letter::Recycle::operator()(Letter* letter) const {
  std::unique_ptr<Letter> old(letter);
  if (pile().size() < kPileMax && old->bytes.capacity() <= kLetterMax) pile().push_back(std::move(old));
}

NetworkTransport* Network::at(MemberId member) { return stations_[member.value % stations_.size()]; }

void Network::attach(MemberId member, NetworkTransport& transport) {
  attached_[member] = stations_[member.value % stations_.size()] = &transport;
  connectSoon(member);
}

void Network::detach(MemberId member) {
  attached_.erase(member);
  stations_[member.value % stations_.size()] = nullptr;
  disconnect(member);
}

void Network::reset(MemberId member) {
  NetworkTransport* const transport = at(member);
  if (transport == nullptr) return;
  for (const MemberId other : disconnect(member)) {
    transport->peer(other, false);
    if (NetworkTransport* peer = at(other)) peer->peer(member, false);
  }
  connectSoon(member);
}

// The others notice it after a while, unless it is back by then. Returns them.
std::vector<MemberId> Network::disconnect(MemberId member) {
  std::vector<MemberId> others;
  for (auto link = connected_.begin(); link != connected_.end();) {
    const auto [low, high] = *link;
    if (low != member && high != member) {
      ++link;
      continue;
    }
    link = connected_.erase(link);
    noticeLater(others.emplace_back(low == member ? high : low), member);
  }
  return others;
}

void Network::drop(MemberId member, const MemberSet& peers) {
  for (const auto& [other, station] : attached_)
    if (peers.contains(other) && connected_.erase(std::minmax(member, other)) != 0)
      noticeLater(other, member);
}

void Network::noticeLater(MemberId member, MemberId gone) {
  scheduler_.after(dice_.between(kNoticeMin, kNoticeMax), [this, member, gone] {
    NetworkTransport* const transport = at(member);
    if (transport != nullptr && !connected_.contains(std::minmax(member, gone))) transport->peer(gone, false);
  });
}

void Network::connectSoon(MemberId member) {
  scheduler_.after(dice_.between(kConnectMin, kConnectMax), [this, member] { connect(member); });
}

void Network::connect(MemberId member) {
  NetworkTransport* const transport = at(member);
  if (transport == nullptr) return;
  for (const auto& [other, station] : attached_) {
    if (other == member || !station->knows(member) || !transport->knows(other)) continue;
    if (!connected_.insert(std::minmax(member, other)).second) continue;
    transport->peer(other, true);
    station->peer(member, true);
  }
}

void Network::send(MemberId from, MemberId to, std::uint32_t lane, Letter::Ptr letter) {
  if (cuts_.contains(from, to) || dice_.chance(faults.lossPercent)) {
    trace_.note(Step::Lost, from.value, to.value, letter->bytes.size());
    return;
  }
  trace_.note(Step::Sent, from.value, to.value, letter->bytes.size());
  if (dice_.chance(faults.duplicatePercent)) {
    Letter::Ptr copy = Letter::blank();
    copy->bytes = letter->bytes;
    post(from, to, lane, 2 * faults.delayMax, std::move(copy));
  }
  post(from, to, lane, faults.delayMax, std::move(letter));
}

void Network::post(MemberId from, MemberId to, std::uint32_t lane, Duration delayMax, Letter::Ptr letter) {
  const bool late = dice_.chance(faults.stragglerPercent);
  scheduler_.after(dice_.between(faults.delayMin, late ? faults.stragglerMax : delayMax),
                   [this, from, to, lane, late, l = std::move(letter)]() mutable {
                     if (late || !cuts_.contains(from, to)) deliver(from, to, lane, std::move(l));
                   });
}

void Network::deliver(MemberId from, MemberId to, std::uint32_t lane, Letter::Ptr letter) {
  NetworkTransport* const transport = at(to);
  if (transport == nullptr) return;
  trace_.note(Step::Delivered, from.value, to.value, letter->bytes.size());
  transport->receive(from, lane, std::move(letter));
}

}  // namespace clusterkit::sim

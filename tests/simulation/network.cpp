#include "simulation/network.hpp"

#include <utility>

#include "simulation/network_transport.hpp"

namespace clusterkit::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration kConnectMin = 1ms, kConnectMax = 20ms;
// How long a peer takes to see that a connection is dead.
constexpr Duration kNoticeMin = 1ms, kNoticeMax = 300ms;

}  // namespace

NetworkTransport* Network::at(MemberId member) {
  const auto found = attached_.find(member);
  return found == attached_.end() ? nullptr : found->second;
}

void Network::attach(MemberId member, NetworkTransport& transport) {
  attached_[member] = &transport;
  connectSoon(member);
}

void Network::detach(MemberId member) {
  attached_.erase(member);
  for (auto link = connected_.begin(); link != connected_.end();) {
    const auto [low, high] = *link;
    if (low != member && high != member) {
      ++link;
      continue;
    }
    link = connected_.erase(link);
    const MemberId other = low == member ? high : low;
    scheduler_.after(dice_.between(kNoticeMin, kNoticeMax), [this, low = low, high = high, other, member] {
      if (NetworkTransport* transport = at(other); transport != nullptr && !connected_.contains({low, high}))
        transport->peer(member, false);
    });
  }
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

void Network::send(MemberId from, MemberId to, std::uint32_t lane, std::string bytes) {
  if (cuts_.contains({from, to}) || dice_.chance(faults.lossPercent)) {
    trace_.note(Step::Lost, from.value, to.value, bytes.size());
    return;
  }
  trace_.note(Step::Sent, from.value, to.value, bytes.size());
  const bool twice = dice_.chance(faults.duplicatePercent);
  if (twice)
    scheduler_.after(
        dice_.between(faults.delayMin, 2 * faults.delayMax),
        [this, from, to, lane, copy = bytes]() mutable { deliver(from, to, lane, std::move(copy)); });
  scheduler_.after(
      dice_.between(faults.delayMin, faults.delayMax),
      [this, from, to, lane, b = std::move(bytes)]() mutable { deliver(from, to, lane, std::move(b)); });
}

void Network::deliver(MemberId from, MemberId to, std::uint32_t lane, std::string bytes) {
  NetworkTransport* const transport = at(to);
  if (transport == nullptr || cuts_.contains({from, to})) return;
  trace_.note(Step::Delivered, from.value, to.value, bytes.size());
  transport->receive(from, lane, std::move(bytes));
}

}  // namespace clusterkit::sim

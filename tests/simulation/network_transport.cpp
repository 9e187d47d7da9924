#include "simulation/network_transport.hpp"

#include <utility>

#include "simulation/components.hpp"

namespace clusterkit::sim {

NetworkTransport::NetworkTransport(const Setup& setup)
    : host_(setup.host),
      parts_(partsOf<NetworkTransportParts>(setup)),
      upcalls_(host_.iface<ck_transport_host_1>(CK_TRANSPORT_HOST)) {}

NetworkTransport::~NetworkTransport() {
  if (self_) parts_.network.detach(self_);
}

Transport::Local NetworkTransport::start(std::uint64_t localMember) {
  self_ = MemberId(localMember);
  parts_.network.attach(self_, *this);
  return {"member-" + std::to_string(localMember), ""};
}

ck_status NetworkTransport::setPeers(const ck_peer* peers, std::uint64_t count) {
  MemberSet wanted;
  for (std::uint64_t i = 0; i < count; ++i) wanted.insert(MemberId(peers[i].member));
  wanted.erase(self_);
  if (wanted == peers_) return CK_OK;
  const MemberSet before = std::exchange(peers_, wanted);
  parts_.network.drop(self_, before - wanted);
  parts_.network.connectSoon(self_);
  return CK_OK;
}

ck_status NetworkTransport::send(const ck_message* messages, std::uint64_t count, std::uint64_t& accepted) {
  for (accepted = 0; accepted < count; ++accepted) {
    const ck_message& message = messages[accepted];
    if (!knows(MemberId(message.to)) || !parts_.power.spend()) continue;
    Letter::Ptr letter = Letter::blank();
    for (std::uint64_t i = 0; i < message.part_count; ++i) letter->bytes += view(message.parts_in[i]);
    if (parts_.version == Version::Other) sayAsOther(letter->bytes, parts_.disk, parts_.dice);
    parts_.witness.sent(self_, message.lane, letter->bytes);
    parts_.network.send(self_, MemberId(message.to), message.lane, std::move(letter));
  }
  return CK_OK;
}

ck_status NetworkTransport::stats(std::uint64_t member, ck_peer_stats& out) {
  out = ck_peer_stats{};
  out.size = sizeof out;
  return knows(MemberId(member)) ? CK_OK : CK_NOT_FOUND;
}

void NetworkTransport::stop(ck_token token) { host_.complete(token, CK_OK); }

void NetworkTransport::receive(MemberId from, std::uint32_t lane, Letter::Ptr letter) {
  if (!knows(from) || !parts_.power.isOn()) return;
  const std::string& bytes = letter->bytes;
  ck_buf message{reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(), letter.release(),
                 [](ck_buf* self) noexcept {
                   Letter::Ptr(static_cast<Letter*>(self->owner)).reset();
                   *self = ck_buf{};
                 }};
  upcalls_->recv(host_.raw()->cx, from.value, lane, &message);
}

void NetworkTransport::peer(MemberId member, bool up) {
  upcalls_->peer(host_.raw()->cx, member.value, up ? 1 : 0, nullptr);
}

const ck_component& networkTransportComponent() {
  static const ck_component component = tracked<NetworkTransport>(
      sdk::component<NetworkTransport, sdk::TransportTraits<NetworkTransport>::iface>(
          CK_TRANSPORT_KIND, "simulated", "wires of the simulation", "1", CK_COMPONENT_DETERMINISTIC));
  return component;
}

}  // namespace clusterkit::sim

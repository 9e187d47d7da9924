#include "host/transport_inbox.hpp"

#include <utility>

namespace clusterkit {

bool TransportPort::Inbox::add(Item item) {
  const std::size_t size = item.message.bytes().size();
  {
    const std::lock_guard lock(mutex);
    if (item.what != What::Message || bytes + size <= maxBytes) {
      bytes += size;
      items.push_back(std::move(item));
      return !std::exchange(told, true);
    }
  }
  dropped.add(1);
  return false;
}

void TransportPort::Inbox::take(std::vector<Item>& out) {
  const std::lock_guard lock(mutex);
  told = false;
  bytes = 0;
  items.swap(out);
}

const ck_transport_host_1 TransportUpcalls::table{sizeof(ck_transport_host_1), 0, recv, peer, writable};

void TransportUpcalls::add(TransportPort& port, TransportPort::Inbox::Item item) {
  if (!port.inbox_->add(std::move(item))) return;
  port.parts_.loop.post([&port, alive = port.lifetime_.watch()] {
    if (!alive.expired()) port.takeInbox();
  });
}

void TransportUpcalls::recv(void* cx, std::uint64_t from, std::uint32_t lane, ck_buf* message) noexcept {
  Buffer taken = Buffer::take(message);
  const UpcallGuard guard(cx);
  auto* const port = guard.port<TransportPort>();
  if (port == nullptr) return;
  if (from == 0 || lane >= CK_LANE_COUNT || taken.bytes().data() == nullptr)
    return port->parts_.faults.report(port->host_->name(), "recv",
                                      "member is 0, lane is unknown or bytes are null");
  add(*port,
      {TransportPort::Inbox::What::Message, MemberId(from), static_cast<Lane>(lane), std::move(taken), {}});
}

void TransportUpcalls::peer(void* cx, std::uint64_t member, std::int32_t up, const ck_error* why) noexcept {
  const UpcallGuard guard(cx);
  auto* const port = guard.port<TransportPort>();
  if (port == nullptr) return;
  if (member == 0) return port->parts_.faults.report(port->host_->name(), "peer", "member is 0");
  const auto what = up != 0 ? TransportPort::Inbox::What::Up : TransportPort::Inbox::What::Down;
  add(*port, {what, MemberId(member), Lane::Control, {}, why != nullptr ? textOf(*why) : std::string()});
}

void TransportUpcalls::writable(void* cx, std::uint64_t member, std::uint32_t lane) noexcept {
  const UpcallGuard guard(cx);
  auto* const port = guard.port<TransportPort>();
  if (port == nullptr) return;
  if (member == 0 || lane >= CK_LANE_COUNT)
    return port->parts_.faults.report(port->host_->name(), "writable", "member is 0 or lane is unknown");
  add(*port, {TransportPort::Inbox::What::Writable, MemberId(member), static_cast<Lane>(lane), {}, {}});
}

}  // namespace clusterkit

#include "outgoing.hpp"

#include <cstring>
#include <new>

namespace clusterkit::zmq {

Outgoing::Ptr Outgoing::make(const std::shared_ptr<Peer>& peer, const ck_message& message,
                             std::uint64_t bytes) {
  if (!peer->credit[message.lane].reserve(bytes + LaneCredit::perMessage)) return nullptr;
  void* memory = ::operator new(sizeof(Outgoing) + frameHeaderSize + bytes, std::nothrow);
  if (memory == nullptr) {
    peer->credit[message.lane].release(bytes + LaneCredit::perMessage);
    throw std::bad_alloc();
  }
  Ptr made(new (memory) Outgoing(peer, message, bytes));
  std::uint8_t* out = made->frame() + frameHeaderSize;
  for (std::uint64_t i = 0; i < message.part_count; ++i) {
    const ck_span& part = message.parts_in[i];
    if (part.size != 0) std::memcpy(out, part.data, part.size);
    out += part.size;
  }
  return made;
}

void Outgoing::Free::operator()(Outgoing* message) const noexcept {
  [[maybe_unused]] const auto seen = message->handedOver_.load(std::memory_order_acquire);
  const std::shared_ptr<Peer> peer = message->peer_;
  const std::uint32_t lane = message->lane_;
  const std::uint64_t cost = message->cost();
  message->~Outgoing();
  ::operator delete(static_cast<void*>(message));
  if (peer->credit[lane].release(cost)) peer->waker->wake();
}

::zmq::message_t Outgoing::intoMessage(Ptr message) {
  Outgoing* raw = message.release();
  std::uint8_t* const bytes = raw->frame();
  const std::size_t size = frameHeaderSize + raw->payload_;
  raw->handedOver_.store(1, std::memory_order_release);  // our last touch
  // When this constructor throws, the block is lost; it does so only without memory for its own few bytes.
  return {bytes, size, [](void*, void* hint) { Free{}(static_cast<Outgoing*>(hint)); }, raw};
}

}  // namespace clusterkit::zmq

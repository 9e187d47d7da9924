#include "lane.hpp"

#include "dealer.hpp"

namespace clusterkit::zmq {
namespace {

bool isOver(std::uint64_t expiresAt, std::uint64_t now) { return expiresAt != 0 && now >= expiresAt; }

}  // namespace

void Lane::push(Outgoing::Ptr message) {
  waitingBytes_ += message->cost();
  waiting_.push_back(std::move(message));
}

void Lane::drop(std::uint64_t cost) {
  waitingBytes_ -= cost;
  peer_->counters.dropped.fetch_add(1, std::memory_order_relaxed);
}

bool Lane::takeNext(std::uint64_t now) {
  if (head_ && isOver(head_->expiresAt, now)) {
    drop(head_->cost);
    head_.reset();
  }
  while (!head_ && !waiting_.empty()) {
    Outgoing::Ptr next = std::move(waiting_.front());
    waiting_.pop_front();
    const std::uint64_t payload = next->payload(), cost = next->cost(), expiresAt = next->expiresAt();
    if (isOver(expiresAt, now)) {
      drop(cost);
      continue;
    }
    encode(header_, next->frame());
    head_.emplace(Head{Outgoing::intoMessage(std::move(next)), payload, cost, expiresAt});
  }
  return head_.has_value();
}

bool Lane::flush(::zmq::socket_t& socket, std::uint64_t now) {
  while (takeNext(now)) {
    const std::uint64_t payload = head_->payload, cost = head_->cost;
    // A failed send does not always look into the socket's mailbox first; canSend does.
    if (!socket.send(head_->message, ::zmq::send_flags::dontwait) &&
        !(canSend(socket) && socket.send(head_->message, ::zmq::send_flags::dontwait)))
      return false;
    head_.reset();
    waitingBytes_ -= cost;
    ++header_.sequence;
    peer_->counters.sent.fetch_add(1, std::memory_order_relaxed);
    peer_->counters.sentBytes.fetch_add(payload, std::memory_order_relaxed);
  }
  return true;
}

void Lane::dropExpired(std::uint64_t now) {
  if (head_ && isOver(head_->expiresAt, now)) {
    drop(head_->cost);
    head_.reset();
  }
  std::erase_if(waiting_, [&](const Outgoing::Ptr& message) {
    if (!isOver(message->expiresAt(), now)) return false;
    drop(message->cost());
    return true;
  });
}

}  // namespace clusterkit::zmq

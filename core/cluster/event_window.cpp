#include "cluster/event_window.hpp"

#include <array>
#include <atomic>
#include <stdexcept>
#include <utility>

#include "cluster/big_endian_key.hpp"

namespace clusterkit {

struct EventWindow::Kept {
  Event event;
  std::string record;
};

struct EventWindow::Chunk {
  std::atomic<std::size_t> claimed{0};  // slots that some version has filled or is filling
  std::array<Kept, kChunk> slots;
};

const EventWindow::Event* EventWindow::find(EventSeq seq) const noexcept {
  const Kept* kept = slotOf(seq);
  return kept ? &kept->event : nullptr;
}

std::string_view EventWindow::recordOf(EventSeq seq) const noexcept { return slotOf(seq)->record; }

const EventWindow::Kept* EventWindow::slotOf(EventSeq seq) const noexcept {
  if (seq < oldest_ || seq.value - oldest_.value >= count_) return nullptr;
  const std::size_t at = seq.value - base_.value;
  return &(*chunks_)[at / kChunk]->slots[at % kChunk];
}

// A sum of such numbers tells two windows of different events apart, and can lose one without the others.
std::uint64_t EventWindow::hashOf(EventSeq seq, std::string_view record) const noexcept {
  return mixBits(sipHash(seed_, BigEndianKey(seq)) + mixBits(sipHash(seed_, record)));
}

void EventWindow::append(Event event, std::string record) {
  const EventSeq seq = event->seq;
  if (empty()) {
    chunks_.reset();
    base_ = oldest_ = seq;
  } else if (seq.value != oldest_.value + count_) {
    throw std::logic_error("event " + std::to_string(seq.value) + " cannot follow event " +
                           std::to_string(oldest_.value + count_ - 1));
  }
  const std::uint64_t hash = hashOf(seq, record);
  claimNext() = {std::move(event), std::move(record)};
  hash_ += hash;
  ++count_;
}

EventWindow::Kept& EventWindow::claimNext() {
  const std::size_t at = oldest_.value - base_.value + count_;
  std::size_t mine = at % kChunk;
  if (mine != 0) {
    Chunk& last = *chunks_->back();
    std::size_t expected = mine;
    if (last.claimed.compare_exchange_strong(expected, mine + 1, std::memory_order_relaxed))
      return last.slots[mine];
  }
  auto next = chunks_ ? std::make_shared<Chunks>(*chunks_) : std::make_shared<Chunks>();
  if (mine == 0)
    next->push_back(std::make_shared<Chunk>());
  else
    next->back() = copyOfLast(mine);
  Chunk& last = *next->back();
  last.claimed.store(mine + 1, std::memory_order_relaxed);
  chunks_ = std::move(next);
  return last.slots[mine];
}

std::shared_ptr<EventWindow::Chunk> EventWindow::copyOfLast(std::size_t used) const {
  auto copy = std::make_shared<Chunk>();
  for (std::size_t i = 0; i < used; ++i) copy->slots[i] = chunks_->back()->slots[i];
  return copy;
}

void EventWindow::dropOldest() {
  hash_ -= hashOf(oldest_, recordOf(oldest_));
  oldest_ = EventSeq(oldest_.value + 1);
  --count_;
  if (oldest_.value - base_.value < kChunk) return;
  chunks_ = std::make_shared<const Chunks>(chunks_->begin() + 1, chunks_->end());
  base_ = EventSeq(base_.value + kChunk);
}

}  // namespace clusterkit

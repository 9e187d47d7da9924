#include "durability.hpp"

#include <algorithm>

#include "invariant.hpp"
#include "planted.hpp"

namespace clusterkit::raft {

void Durability::submit(LogIndex lastIndex) {
  lastBatch_ = nextBatch();
  submitted_ = lastIndex;
  pending_.push_back({lastBatch_, lastIndex});
}

void Durability::truncateFrom(LogIndex index) {
  const LogIndex kept = previous(index);
  durable_ = std::min(durable_, kept);
  submitted_ = std::min(submitted_, kept);
  if (planted(Defect::StaleCompletionCounts)) return;
  for (Pending& p : pending_) p.lastIndex = std::min(p.lastIndex, kept);
}

void Durability::resetTo(LogIndex index) {
  durable_ = submitted_ = index;
  for (Pending& p : pending_) p.lastIndex = LogIndex{};
}

void Durability::complete(BatchNumber batch) {
  ensure(batch <= lastBatch_, "OnlySubmittedBatchesComplete",
         [&] { return "batch " + std::to_string(batch.value) + " of " + std::to_string(lastBatch_.value); });
  while (!pending_.empty() && pending_.front().batch <= batch) {
    durable_ = std::max(durable_, pending_.front().lastIndex);
    pending_.pop_front();
  }
  completed_ = std::max(completed_, batch);
}

}  // namespace clusterkit::raft

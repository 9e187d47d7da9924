#include "progress.hpp"

namespace clusterkit::raft {

void Inflight::add(LogIndex last, std::uint64_t bytes) {
  sent_.push_back({last, bytes});
  bytes_ += bytes;
}

void Inflight::freeUpTo(LogIndex match) {
  while (!sent_.empty() && sent_.front().last <= match) freeFirst();
}

void Inflight::freeFirst() {
  bytes_ -= sent_.front().bytes;
  sent_.pop_front();
}

void Inflight::clear() {
  sent_.clear();
  bytes_ = 0;
}

void Progress::becomeProbe(LogIndex nextToSend) {
  state = ProgressState::Probe;
  nextIndex = nextToSend;
  probeSent = false;
  inflight.clear();
  snapshot.reset();
}

void Progress::becomeReplicate() {
  state = ProgressState::Replicate;
  probeSent = false;
  inflight.clear();
  snapshot.reset();
}

}  // namespace clusterkit::raft

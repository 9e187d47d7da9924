#include "support/sim_network.hpp"

namespace clusterkit::raft::test {

void SimNetwork::send(MonotonicTime now, const Message& message, Prng& prng) {
  if (seen) seen(message);
  if (isCut(message.from, message.to) || (filter && !filter(message))) return;
  const auto chance = [&](double p) { return p > 0 && static_cast<double>(prng.below(1000000)) < p * 1e6; };
  if (chance(loss)) return;
  const int copies = chance(duplication) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    const auto spread = static_cast<std::uint64_t>((maxDelay - minDelay).count()) + 1;
    Duration delay = minDelay + Duration(static_cast<Duration::rep>(prng.below(spread)));
    for (MemberId end : {message.from, message.to}) {
      if (const auto extra = extraDelay.find(end); extra != extraDelay.end()) delay += extra->second;
    }
    queue_.emplace(now + delay, message);
  }
}

std::vector<Message> SimNetwork::takeDue(MonotonicTime now) {
  std::vector<Message> due;
  while (!queue_.empty() && queue_.begin()->first <= now) {
    due.push_back(std::move(queue_.begin()->second));
    queue_.erase(queue_.begin());
  }
  return due;
}

}  // namespace clusterkit::raft::test

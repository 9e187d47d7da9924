#include "wiring.hpp"

#include <bit>

namespace clusterkit::zmq {
namespace {

struct ReasonText {
  const char* metric;
  const char* text;
};

ReasonText textOf(Refusal reason) {
  switch (reason) {
    case Refusal::malformed: return {"transport_malformed_total", "not a frame of ours"};
    case Refusal::stranger: return {"transport_stranger_total", "the sender is no peer or has another key"};
    case Refusal::misrouted: return {"transport_misrouted_total", "it is for another member"};
    case Refusal::stale: return {"transport_stale_total", "a duplicate or out of order"};
    case Refusal::overflow: return {"transport_overflow_total", "the host holds too much unprocessed"};
    case Refusal::unauthorized: return {"transport_unauthorized_total", "a connection with an unknown key"};
  }
  return {"transport_refused_total", "refused"};
}

}  // namespace

void Refusals::note(Refusal reason, std::uint64_t claimedMember) {
  const ReasonText text = textOf(reason);
  total_->fetch_add(1, std::memory_order_relaxed);
  host_.count(text.metric);
  const std::uint64_t n = ++count_[static_cast<std::size_t>(reason)];
  if (std::has_single_bit(n))
    host_.log(CK_LOG_WARN, "transport_refused",
              {{"why", text.text}, {"claimed_member", claimedMember}, {"times", n}});
}

void Refusals::noteLost(std::uint64_t messages) {
  host_.count("transport_lost_total", static_cast<double>(messages));
}

}  // namespace clusterkit::zmq

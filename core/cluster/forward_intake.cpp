#include "cluster/forward_intake.hpp"

#include <algorithm>

#include "cluster/planted.hpp"

namespace clusterkit {

void ForwardIntake::onRole(Role role, Epoch epoch) {
  const bool leads = role == Role::Leader;
  if (!ownFrom_)
    ownFrom_ = leads ? epoch : Epoch(epoch.value + 1);
  else if (leads)
    ownFrom_ = std::min(*ownFrom_, epoch);
  ledEpoch_ = leads ? std::optional(epoch) : std::nullopt;
}

ForwardIntake::Verdict ForwardIntake::judge(const Forwarding& forwarding) {
  auto found = senders_.find(forwarding.from);
  if (found == senders_.end()) {
    if (senders_.size() >= kMaxSenders) return Verdict::Unsure;
    found = senders_.emplace(forwarding.from, Sender{forwarding.boot, 0, {}}).first;
  }
  Sender& sender = found->second;
  if (forwarding.boot < sender.boot) return Verdict::Repeated;
  if (forwarding.boot > sender.boot) sender = Sender{forwarding.boot, 0, {}};
  switch (look(sender, forwarding.number)) {
    case Sight::Again:
      if (planted(StateDefect::ForwardedCommandTakenTwice)) break;
      return Verdict::Repeated;
    case Sight::TooOld: return Verdict::Unsure;
    case Sight::First: break;
  }
  if (!stopped_ && ledEpoch_ == forwarding.epoch) return Verdict::Take;
  return ownFrom_ && forwarding.epoch >= *ownFrom_ ? Verdict::NotTaken : Verdict::Unsure;
}

ForwardIntake::Sight ForwardIntake::look(Sender& sender, std::uint64_t number) {
  if (number > sender.newest) {
    if (number - sender.newest >= kWindow) sender.seen.reset();
    while (sender.newest < number && sender.seen.any()) sender.seen.reset(++sender.newest % kWindow);
    sender.newest = number;
  } else if (sender.newest - number >= kWindow) {
    return Sight::TooOld;
  } else if (sender.seen.test(number % kWindow)) {
    return Sight::Again;
  }
  sender.seen.set(number % kWindow);
  return Sight::First;
}

}  // namespace clusterkit

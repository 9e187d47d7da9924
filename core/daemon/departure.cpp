#include "daemon/departure.hpp"

#include <utility>

namespace clusterkit {
namespace {

constexpr Duration kPoll = std::chrono::milliseconds(10);
constexpr Duration kUndrainLimit = std::chrono::milliseconds(300);

}  // namespace

Departure::Departure(EventLoop& loop, Log& log, Coordinator& coordinator)
    : loop_(loop), log_(log), coordinator_(coordinator) {}

void Departure::leave(MonotonicTime deadline, Task done) {
  deadline_ = deadline;
  done_ = std::move(done);
  log_.info("leaving", {{"effect", "its partitions and its vote go to others first"}});
  coordinator_.propose(DrainNode{coordinator_.self()}, std::nullopt, deadline,
                       [this, alive = lifetime_.watch()](WriteResult result) {
                         if (alive.expired()) return;
                         if (result.fate == WriteResult::Fate::NotDone) return end(result.text);
                         if (result.fate == WriteResult::Fate::Unknown) return stay();
                         if (result.fate == WriteResult::Fate::Applied && !result.outcome.applied())
                           return end(result.outcome.message);
                         await();
                       });
}

bool Departure::hasLeft() const {
  const NodeRecord* self = coordinator_.current().findNode(coordinator_.self());
  return self == nullptr || self->status == NodeStatus::Left;
}

void Departure::await() {
  if (hasLeft()) return end({});
  if (loop_.now() >= deadline_) return stay();
  loop_.timerAfter(kPoll, [this, alive = lifetime_.watch()] {
    if (!alive.expired()) await();
  });
}

// The node stops like any other now. Without this it would be drained once more when it is started again.
void Departure::stay() {
  coordinator_.propose(UndrainNode{coordinator_.self()}, std::nullopt, loop_.now() + kUndrainLimit,
                       [this, alive = lifetime_.watch()](WriteResult) {
                         if (!alive.expired()) end("it took too long; the others will see the node as down");
                       });
}

void Departure::end(std::string_view why) {
  if (why.empty())
    log_.info("left");
  else
    log_.warn("not_left", {{"reason", why}});
  loop_.post(std::move(done_));
}

}  // namespace clusterkit

#include "cluster/read_path.hpp"

#include <algorithm>
#include <utility>

namespace clusterkit {
namespace {

Failure late() { return {Status::Timeout, "no quorum confirmed the read in time"}; }

Result<LogIndex> resultOf(const CallOutcome& outcome) {
  if (outcome.ok()) return outcome.index();
  // A consensus that gives up without another reason has found no quorum.
  if (outcome.status == Status::Timeout || (outcome.status == Status::Unavailable && outcome.text.empty()))
    return late();
  return Failure{outcome.status, outcome.text.empty() ? std::string(name(outcome.status)) : outcome.text};
}

}  // namespace

void ReadPath::barrier(MonotonicTime deadline, ReadHandler handler) {
  if (!gathering_) {
    gathering_ = std::make_shared<Group>();
    loop_.atTurnEnd([this, alive = lifetime_.watch()] {
      if (!alive.expired()) ask();
    });
  }
  gathering_->readers.push_back({deadline, std::move(handler)});
}

void ReadPath::ask() {
  const SharedGroup group = std::exchange(gathering_, nullptr);
  watch(group);
  consensus_.barrier([this, alive = lifetime_.watch(), group](const CallOutcome& outcome) {
    if (!alive.expired()) loop_.cancel(group->timer);
    const Result<LogIndex> result = resultOf(outcome);
    for (Reader& reader : std::exchange(group->readers, {})) reader.handler(result);
  });
}

void ReadPath::watch(const SharedGroup& group) {
  const auto sooner = [](const Reader& a, const Reader& b) { return a.deadline < b.deadline; };
  const auto first = std::min_element(group->readers.begin(), group->readers.end(), sooner);
  group->timer = loop_.timerAt(first->deadline, [this, alive = lifetime_.watch(), group] {
    if (!alive.expired()) expire(group);
  });
}

void ReadPath::expire(const SharedGroup& group) {
  const auto inTime = [now = loop_.now()](const Reader& reader) { return now < reader.deadline; };
  const auto overdue = std::stable_partition(group->readers.begin(), group->readers.end(), inTime);
  std::vector<Reader> expired(std::make_move_iterator(overdue),
                              std::make_move_iterator(group->readers.end()));
  group->readers.erase(overdue, group->readers.end());
  if (!group->readers.empty()) watch(group);
  for (Reader& reader : expired) reader.handler(late());
}

}  // namespace clusterkit

#include "events/event_journal.hpp"

#include <utility>

namespace clusterkit {

std::string_view toString(SinkScope scope) { return scope == SinkScope::Leader ? "leader" : "every"; }

EventJournal::EventJournal(Parts parts)
    : parts_(std::move(parts)), deadLetters_(parts_.loop, parts_.workers, parts_.deadLetters) {
  parts_.coordinator.addObserver(*this);
}

void EventJournal::add(NewSink sink) {
  HookSink::Parts parts{parts_.loop, parts_.log, parts_.metrics, deadLetters_,
                        [&lines = parts_.lines](const ClusterEvent& event) { return lines.line(event); }};
  const SinkScope scope = sink.rules.scope;
  sinks_.push_back({std::make_unique<HookSink>(std::move(sink.rules), std::move(parts), std::move(sink.port),
                                               std::move(sink.cursors), parts_.boot),
                    std::move(sink.plugin), scope});
  setActivity();
  sinks_.back().sink->onState(parts_.coordinator.current());
}

const EventJournal::Entry* EventJournal::find(std::string_view name, HookSink::Answered& answered) {
  for (const Entry& entry : sinks_)
    if (entry.sink->name() == name) return &entry;
  parts_.loop.post([answered = std::move(answered), text = "no sink '" + std::string(name) + "'"]() mutable {
    answered(Failure{Status::NotFound, text});
  });
  return nullptr;
}

void EventJournal::pause(std::string_view sink, HookSink::Answered answered) {
  if (const Entry* found = find(sink, answered)) found->sink->pause(complete(*found, std::move(answered)));
}

void EventJournal::resume(std::string_view sink, HookSink::Answered answered) {
  if (const Entry* found = find(sink, answered)) found->sink->resume(complete(*found, std::move(answered)));
}

void EventJournal::replay(std::string_view sink, EventSeq after, HookSink::Answered answered) {
  if (const Entry* found = find(sink, answered))
    found->sink->replay(after, complete(*found, std::move(answered)));
}

// A sink knows neither its plugin nor its scope.
HookSink::Answered EventJournal::complete(const Entry& entry, HookSink::Answered answered) {
  return [plugin = entry.plugin, scope = entry.scope,
          answered = std::move(answered)](Result<SinkStatus> result) mutable {
    if (result) {
      result.value().plugin = plugin;
      result.value().scope = toString(scope);
    }
    answered(std::move(result));
  };
}

void EventJournal::fail(std::string_view sink, const std::string& reason) {
  for (const Entry& entry : sinks_)
    if (entry.sink->name() == sink) entry.sink->fail(reason);
}

SinkStatus EventJournal::statusOf(const Entry& entry) const {
  SinkStatus status = entry.sink->status();
  status.plugin = entry.plugin;
  status.scope = toString(entry.scope);
  return status;
}

std::vector<SinkStatus> EventJournal::statuses() const {
  std::vector<SinkStatus> out;
  for (const Entry& entry : sinks_) out.push_back(statusOf(entry));
  return out;
}

// Only once this node has applied everything of earlier terms does it know where its predecessor stopped.
bool EventJournal::inOffice() const {
  const auto& leader = parts_.coordinator.current().leader;
  return parts_.coordinator.leading() && leader && leader->member == parts_.coordinator.self() &&
         leader->term == parts_.coordinator.membership()->epoch;
}

void EventJournal::setActivity() {
  const bool leads = inOffice();
  for (const Entry& entry : sinks_) entry.sink->setActive(entry.scope == SinkScope::Every || leads);
}

void EventJournal::onState(const ClusterState& state, Events) {
  setActivity();
  for (const Entry& entry : sinks_) entry.sink->onState(state);
}

void EventJournal::onRole(Role, Epoch, MemberId) { setActivity(); }

void EventJournal::stop(MonotonicTime deadline, Task done) {
  if (sinks_.empty()) return parts_.loop.post(std::move(done));
  auto left = std::make_shared<std::size_t>(sinks_.size());
  auto last = std::make_shared<Task>(std::move(done));
  for (const Entry& entry : sinks_)
    entry.sink->stop(deadline, [left, last] {
      if (--*left == 0) (*last)();
    });
}

}  // namespace clusterkit

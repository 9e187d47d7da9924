#include "events/event_journal.hpp"

#include <utility>

#include "cluster/leader_patience.hpp"
#include "cluster/planted.hpp"

namespace clusterkit {

std::string_view toString(SinkScope scope) { return scope == SinkScope::Leader ? "leader" : "every"; }

namespace {

Failure noSuch(std::string_view sink) { return {Status::NotFound, "no sink '" + std::string(sink) + "'"}; }

}  // namespace

EventJournal::EventJournal(const Parts& parts) : parts_(parts) { parts_.coordinator.addObserver(*this); }

std::unique_ptr<HookSink> EventJournal::makeSink(NewSink& sink) {
  HookSink::Parts parts{parts_.loop, parts_.log, parts_.metrics, parts_.deadLetters,
                        [&lines = parts_.lines](const ClusterEvent& event) { return lines.line(event); }};
  return std::make_unique<HookSink>(std::move(sink.rules), std::move(parts), std::move(sink.port),
                                    std::move(sink.cursors), parts_.self);
}

void EventJournal::add(NewSink sink) {
  const SinkScope scope = sink.rules.scope;
  sinks_.push_back({makeSink(sink), std::move(sink.plugin), scope});
  setActivity();
  sinks_.back().sink->onState(parts_.coordinator.current());
}

// Never inside the call that asks.
void EventJournal::refuse(HookSink::Answered answered, Failure why) {
  parts_.loop.post(
      [answered = std::move(answered), why = std::move(why)]() mutable { answered(std::move(why)); });
}

const EventJournal::Entry* EventJournal::find(std::string_view name) const {
  for (const Entry& entry : sinks_)
    if (entry.sink->name() == name) return &entry;
  return nullptr;
}

const EventJournal::Entry* EventJournal::find(std::string_view name, HookSink::Answered& answered) {
  const Entry* found = find(name);
  if (found == nullptr) refuse(std::move(answered), noSuch(name));
  return found;
}

void EventJournal::pause(std::string_view sink, HookSink::Answered answered) {
  if (const Entry* found = find(sink, answered))
    found->sink->pause(complete(*found, "sink_paused", std::move(answered)));
}

void EventJournal::resume(std::string_view sink, HookSink::Answered answered) {
  if (const Entry* found = find(sink, answered))
    found->sink->resume(complete(*found, "sink_resumed", std::move(answered)));
}

void EventJournal::replay(std::string_view sink, EventSeq after, HookSink::Answered answered) {
  if (const Entry* found = find(sink, answered))
    found->sink->replay(after, complete(*found, "sink_replays", std::move(answered)));
}

std::optional<Failure> EventJournal::cannotReplace(std::string_view sink,
                                                   std::optional<SinkScope> scope) const {
  const Entry* entry = find(sink);
  if (entry == nullptr) return noSuch(sink);
  if (stopping_) return Failure{Status::Unavailable, kNodeStops};
  if (entry->beingReplaced) return Failure{Status::Conflict, "the sink is being replaced already"};
  if (!scope || *scope == entry->scope) return std::nullopt;
  return Failure{Status::Conflict, "scope = " + std::string(toString(*scope)) +
                                       ": while the node runs it stays " +
                                       std::string(toString(entry->scope))};
}

void EventJournal::replace(NewSink sink, MonotonicTime deadline, HookSink::Answered answered) {
  if (auto why = cannotReplace(sink.rules.name, sink.rules.scope))
    return refuse(std::move(answered), std::move(*why));
  const auto index = static_cast<std::size_t>(find(sink.rules.name) - sinks_.data());
  sinks_[index].beingReplaced = true;
  sinks_[index].sink->stop(deadline, [this, alive = lifetime_.watch(), index, s = std::move(sink),
                                      answer = std::move(answered)]() mutable {
    if (!alive.expired()) putInPlace(sinks_[index], std::move(s), std::move(answer));
  });
}

void EventJournal::putInPlace(Entry& entry, NewSink sink, HookSink::Answered answered) {
  entry.beingReplaced = false;
  if (stopping_) {
    answered(Failure{Status::Unavailable, kNodeStops});
    return std::exchange(entry.stopped, nullptr)();
  }
  std::string plugin = std::move(sink.plugin);
  try {
    auto fresh = makeSink(sink);
    dispose(*entry.sink);
    entry.sink = std::move(fresh);
  } catch (const std::exception& error) {
    parts_.log.error("sink_not_replaced", {{"sink", entry.sink->name()}, {"reason", error.what()}});
    return answered(Failure{Status::Invalid, error.what() + std::string("; the sink stands still")});
  }
  entry.plugin = std::move(plugin);
  setActivity();
  entry.sink->onState(parts_.coordinator.current());
  entry.sink->whenLoaded(complete(entry, "sink_replaced", std::move(answered)));
}

// An instance may wait for its threads and children when it is destroyed. Workers that have too much to do
// leave that to the loop.
void EventJournal::dispose(HookSink& sink) {
  (void)parts_.workers.tryRun([port = sink.releasePort()] {});
}

// A sink knows neither its plugin nor its scope. What an operator does to it stands in the log.
HookSink::Answered EventJournal::complete(const Entry& entry, std::string_view logged,
                                          HookSink::Answered answered) {
  return [&log = parts_.log, logged, plugin = entry.plugin, scope = entry.scope,
          answered = std::move(answered)](Result<SinkStatus> result) mutable {
    if (result) {
      result.value().plugin = plugin;
      result.value().scope = toString(scope);
      log.info(logged, {{"sink", result.value().name}, {"after", result.value().delivered}});
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
  if (planted(StateDefect::SinkServedBeforeItsTerm)) return parts_.coordinator.leading();
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
  stopping_ = true;
  if (sinks_.empty()) return parts_.loop.post(std::move(done));
  auto left = std::make_shared<std::size_t>(sinks_.size());
  auto last = std::make_shared<Task>(std::move(done));
  for (Entry& entry : sinks_) {
    Task stopped = [left, last] {
      if (--*left == 0) (*last)();
    };
    if (entry.beingReplaced)
      entry.stopped = std::move(stopped);
    else
      entry.sink->stop(deadline, std::move(stopped));
  }
}

}  // namespace clusterkit

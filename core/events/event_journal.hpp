// All hook sinks of a node: feeds them states, tells those of the leader when it is their turn, and stops
// them. Everything [loop].
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "cluster/coordinator.hpp"
#include "cluster/event_lines.hpp"
#include "events/hook_sink.hpp"

namespace clusterkit {

class EventJournal final : public ClusterObserver {
 public:
  struct Parts {
    EventLoop& loop;
    Workers& workers;
    Log& log;
    MetricsSink& metrics;
    Coordinator& coordinator;
    EventLines& lines;
    DeadLetters& deadLetters;
    NodeRun self;
  };
  struct NewSink {
    SinkRules rules;
    std::string plugin;  // its id
    std::unique_ptr<SinkPort> port;
    std::unique_ptr<CursorStore> cursors;
  };

  // Registers itself with the coordinator; everything given outlives this object.
  explicit EventJournal(const Parts& parts);
  EventJournal(const EventJournal&) = delete;
  EventJournal& operator=(const EventJournal&) = delete;

  // Throws PluginError when the sink does not start.
  void add(NewSink sink);
  // The plugin of this sink has called for its own end. No effect on an unknown name.
  void fail(std::string_view sink, const std::string& reason);
  // No deliveries are begun any more; those under way may end until `deadline`. Done: all cursors are saved.
  void stop(MonotonicTime deadline, Task done);

  std::vector<SinkStatus> statuses() const;
  // Each answers, once it is saved, with the sink's new status; NotFound for an unknown name.
  void pause(std::string_view sink, HookSink::Answered answered);
  void resume(std::string_view sink, HookSink::Answered answered);
  void replay(std::string_view sink, EventSeq after, HookSink::Answered answered);
  // Whether replace() would begin now, for a new sink of this scope or, without one, of any. NotFound: an
  // unknown name. Conflict: the scope is another one, or it is being replaced. Unavailable: the node stops.
  std::optional<Failure> cannotReplace(std::string_view sink, std::optional<SinkScope> scope) const;
  // Ends the sink of this name and puts the new one in its place: it goes on from the same cursor. What is
  // under way has until `deadline`; what ignores that is left behind, and its event is told again beside it.
  // The old instance is destroyed by a worker. Refusals as above; Invalid: the new one does not start, and
  // the sink stands still until it is replaced again.
  void replace(NewSink sink, MonotonicTime deadline, HookSink::Answered answered);

  void onState(const ClusterState& state, Events events) override;
  void onRole(Role role, Epoch epoch, MemberId leader) override;
  void onMembers(std::span<const Member>, LogIndex) override {}

 private:
  struct Entry {
    std::unique_ptr<HookSink> sink;
    std::string plugin;
    SinkScope scope;
    bool beingReplaced = false;
    Task stopped = {};  // of a stop that waits for the end of the replacement
  };

  std::unique_ptr<HookSink> makeSink(NewSink& sink);
  const Entry* find(std::string_view name) const;
  const Entry* find(std::string_view name, HookSink::Answered& answered);
  void refuse(HookSink::Answered answered, Failure why);
  void putInPlace(Entry& entry, NewSink sink, HookSink::Answered answered);
  void dispose(HookSink& sink);
  HookSink::Answered complete(const Entry& entry, std::string_view logged, HookSink::Answered answered);
  SinkStatus statusOf(const Entry& entry) const;
  bool inOffice() const;
  void setActivity();

  Parts parts_;
  std::vector<Entry> sinks_;
  bool stopping_ = false;
  Lifetime lifetime_;
};

}  // namespace clusterkit

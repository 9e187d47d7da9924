// The hook sinks of a running node: those of the configuration, and the functions of an embedding program.
#include <utility>

#include "daemon/callback_sink.hpp"
#include "daemon/running_node.hpp"
#include "daemon/sink_assembly.hpp"
#include "events/local_cursor.hpp"
#include "events/replicated_cursor.hpp"

namespace clusterkit {
namespace {

constexpr const char* kCallbacks = "(callbacks)";  // no section can have this name

}  // namespace

void RunningNode::makeSinks() {
  sinkConfigs_.reserve(plugins_.sinks.size());  // the instances keep the addresses during create
  for (std::size_t i = 0; i < plugins_.sinks.size(); ++i) {
    const SinkSettings& sink = settings_.sinks[i];
    sinkConfigs_.push_back(plugins_.sinks[i].options.config());
    sinkPorts_.push_back(makeSinkPort(sink, plugins_.sinks[i].component, sinkConfigs_.back(), stack_.parts(),
                                      [this, name = sink.rules.name](const Failure& why) {
                                        if (journal_) journal_->fail(name, why.text);
                                      }));
  }
}

void RunningNode::startSinks() {
  journal_ = std::make_unique<EventJournal>(
      EventJournal::Parts{loop_, workers_, log_, metrics_, coordinator_, eventLines_,
                          settings_.node.dataDir / "dead-letters", self_.boot});
  journalControl_ = std::make_unique<JournalControl>(loop_, *journal_);
  for (std::size_t i = 0; i < sinkPorts_.size(); ++i) {
    const SinkSettings& sink = settings_.sinks[i];
    std::unique_ptr<CursorStore> cursors;
    if (sink.rules.scope == SinkScope::Leader)
      cursors = std::make_unique<ReplicatedCursor>(loop_, coordinator_, sink.rules.name);
    else
      cursors = std::make_unique<LocalCursor>(stack_.store(), sink.rules.name);
    journal_->add({sink.rules, sink.plugin, std::move(sinkPorts_[i]), std::move(cursors)});
  }
  sinkPorts_.clear();
  if (!hooks_.any()) return;
  SinkRules rules;
  rules.name = kCallbacks;
  journal_->add({std::move(rules), "",
                 std::make_unique<CallbackSink>(std::move(hooks_), loop_, log_, metrics_),
                 std::make_unique<ForgottenCursor>()});
}

}  // namespace clusterkit

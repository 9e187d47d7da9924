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

// The instance reads its options while it is created, not later. What it says of them is about the
// configuration.
std::unique_ptr<SinkPort> RunningNode::makeSink(const SinkSettings& sink, const ChosenPlugin& plugin) try {
  const ck_config config = plugin.options.config();
  return makeSinkPort(sink, plugin.component, config, stack_.parts(),
                      [this, name = sink.rules.name](const Failure& why) {
                        if (journal_) journal_->fail(name, why.text);
                      });
} catch (const PluginError& error) {
  if (error.status() != Status::Invalid) throw;
  throw ConfigError(sink.section.origin + ": [sink." + sink.rules.name + "] " + error.what());
}

void RunningNode::makeSinks() {
  for (std::size_t i = 0; i < plugins_.sinks.size(); ++i)
    sinkPorts_.push_back(makeSink(settings_.sinks[i], plugins_.sinks[i]));
}

EventJournal::NewSink RunningNode::placed(const SinkSettings& sink, std::unique_ptr<SinkPort> port) {
  std::unique_ptr<CursorStore> cursors;
  if (sink.rules.scope == SinkScope::Leader)
    cursors = std::make_unique<ReplicatedCursor>(loop_, coordinator_, sink.rules.name);
  else
    cursors = std::make_unique<LocalCursor>(stack_.store(), sink.rules.name);
  return {sink.rules, sink.plugin, std::move(port), std::move(cursors)};
}

void RunningNode::startSinks() {
  journal_ = std::make_unique<EventJournal>(EventJournal::Parts{loop_, workers_, log_, metrics_, coordinator_,
                                                                eventLines_, deadLetters_,
                                                                NodeRun{self_.member, self_.boot}});
  sinkReload_ = std::make_unique<SinkReload>(loop_, workers_, *journal_, std::move(extras_.sinkSource),
                                             [this](const SinkSettings& sink, const ChosenPlugin& plugin) {
                                               auto port = makeSink(sink, plugin);
                                               port->probe();
                                               return placed(sink, std::move(port));
                                             });
  journalControl_ = std::make_unique<JournalControl>(loop_, *journal_, *sinkReload_);
  for (std::size_t i = 0; i < sinkPorts_.size(); ++i)
    journal_->add(placed(settings_.sinks[i], std::move(sinkPorts_[i])));
  sinkPorts_.clear();
  if (!extras_.hooks.any()) return;
  SinkRules rules;
  rules.name = kCallbacks;
  journal_->add({std::move(rules), "",
                 std::make_unique<CallbackSink>(std::move(extras_.hooks), loop_, log_, metrics_),
                 std::make_unique<ForgottenCursor>()});
}

}  // namespace clusterkit

// A hook sink made anew from the configuration as it is now, while the node runs. The file is read and
// checked, the new instance created and probed, all on a worker and before the old one is touched: what these
// find wrong changes nothing. [loop]
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "daemon/settings.hpp"
#include "events/event_journal.hpp"
#include "host/event_loop.hpp"
#include "host/lifetime.hpp"

namespace clusterkit {

// A component with its checked options.
struct ChosenPlugin {
  const ck_component& component;
  CheckedOptions options;
  std::string file;
  std::string version;
};

struct ChosenSink {
  SinkSettings settings;
  ChosenPlugin plugin;
};

// Reads the configuration again, for the sink of this name. Called on a worker's thread, one call at a time.
// Throws ConfigError or PluginRefused.
using SinkSource = std::function<ChosenSink(const std::string& name)>;

class SinkReload {
 public:
  // Creates and probes the instance. On a worker's thread. Throws PluginError.
  using Make = std::function<EventJournal::NewSink(const SinkSettings&, const ChosenPlugin&)>;

  // `source` is empty when the node's configuration is in no file. The rest outlives this object, and what
  // the two functions use outlives the workers' work.
  SinkReload(EventLoop& loop, Workers& workers, EventJournal& journal, SinkSource source, Make make);

  // Answers once the new sink is in place. Invalid: the configuration is wrong. Unsupported: there is none.
  // Unavailable: the workers have too much to do. Further as EventJournal::replace().
  void reload(std::string name, HookSink::Answered answered);

 private:
  using Fresh = Result<std::shared_ptr<EventJournal::NewSink>>;
  struct Recipe {
    SinkSource source;
    Make make;
    Fresh follow(const std::string& name) const;
  };
  void install(Fresh fresh, HookSink::Answered answered);

  EventLoop& loop_;
  Workers& workers_;
  EventJournal& journal_;
  const std::shared_ptr<const Recipe> recipe_;  // a worker may be at it when this object ends
  bool reading_ = false;
  Lifetime lifetime_;
};

}  // namespace clusterkit

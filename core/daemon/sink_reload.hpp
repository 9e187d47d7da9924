// A hook sink made anew from the configuration as it is now, while the node runs. The file is read and
// checked, and the new instance created, before the old one is touched: what is wrong changes nothing. [loop]
#pragma once

#include <functional>
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
  struct Parts {
    EventLoop& loop;
    Workers& workers;
    EventJournal& journal;
    SinkSource source;  // empty: the node's configuration is in no file
    // Creates the instance. Throws PluginError.
    std::function<EventJournal::NewSink(const SinkSettings&, const ChosenPlugin&)> make;
  };
  explicit SinkReload(Parts parts) : parts_(std::move(parts)) {}

  // Answers once the new sink is in place. Invalid: the configuration is wrong. Unsupported: there is none.
  // Unavailable: the workers have too much to do. Further EventJournal::replace().
  void reload(std::string name, HookSink::Answered answered);

 private:
  void install(const ChosenSink& chosen, HookSink::Answered answered);

  Parts parts_;
  bool reading_ = false;
  Lifetime lifetime_;
};

}  // namespace clusterkit

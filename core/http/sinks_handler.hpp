// The hook sinks of this node: GET /v1/sinks, GET /v1/sinks/{name}, POST .../pause, .../resume,
// .../replay?since=SEQ, .../reload.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "http/cluster_api.hpp"
#include "http/router.hpp"

namespace clusterkit::http {

struct SinkView {
  std::string name, plugin;
  std::string scope;   // "every", "leader"
  std::string state;   // "running", "paused", "stuck", "standby", "starting", "failed", "stopped"
  EventSeq delivered;  // every event up to here is done with
  EventSeq newest;     // the last event there is
  std::uint64_t underWay = 0, attempts = 0;
  std::uint64_t deliveredTotal = 0, retriesTotal = 0, deadLettersTotal = 0;
  std::string lastError;
};

struct PauseSink {};
struct ResumeSink {};
struct ReplaySink {
  EventSeq after;
};
struct ReloadSink {};  // anew from the configuration as it is now
using SinkControl = std::variant<PauseSink, ResumeSink, ReplaySink, ReloadSink>;

// What the handler needs of the node. Called on the HTTP loop, answers on any thread, exactly once.
class SinkApi {
 public:
  virtual ~SinkApi() = default;
  virtual void listSinks(Callback<std::vector<SinkView>> done) = 0;
  // In force when it answers. NotFound for an unknown name, Refused for a sink that cannot do it now, Invalid
  // for a configuration that is wrong, Unsupported for a node without a configuration to read again.
  virtual void controlSink(std::string name, SinkControl control, Callback<SinkView> done) = 0;
};

class SinksHandler {
 public:
  SinksHandler(const ClusterApi& cluster, SinkApi& sinks) : cluster_(cluster), sinks_(sinks) {}
  void addTo(Router& router);

 private:
  void list(Call& call) const;
  void show(Call& call) const;
  void replay(Call& call) const;
  void control(Call& call, SinkControl control) const;

  const ClusterApi& cluster_;
  SinkApi& sinks_;
};

}  // namespace clusterkit::http

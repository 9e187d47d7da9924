// The composition root: everything that one running node consists of, put together in the order in which it
// is used. The daemon's main and the library's Node are thin around it.
#pragma once

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "cluster/coordinator.hpp"
#include "cluster/event_lines.hpp"
#include "clusterkit/hooks.hpp"
#include "controller/announcer.hpp"
#include "controller/leader_duties.hpp"
#include "controller/leader_gate.hpp"
#include "daemon/departure.hpp"
#include "daemon/fixed_facts.hpp"
#include "daemon/generation_check.hpp"
#include "daemon/identity.hpp"
#include "daemon/joiner.hpp"
#include "daemon/membership_check.hpp"
#include "daemon/metrics_registry.hpp"
#include "daemon/node_api.hpp"
#include "daemon/prepared_folder.hpp"
#include "daemon/settings.hpp"
#include "daemon/sink_control.hpp"
#include "daemon/sink_reload.hpp"
#include "events/event_journal.hpp"
#include "events/letter_files.hpp"
#include "host/plugin_library.hpp"
#include "host/plugin_stack.hpp"
#include "host/thread_loop.hpp"
#include "host/workers.hpp"
#include "http/api.hpp"
#include "http/http_server.hpp"

namespace clusterkit {

struct ChosenPlugins {
  ChosenPlugin store;
  ChosenPlugin transport;
  ChosenPlugin consensus;
  std::vector<ChosenPlugin> sinks;              // in the order of Settings::sinks
  std::unique_ptr<PreparedFolder> folder = {};  // kept once all instances are made; null: nothing is started
};

// Why a node could not start or had to end; the codes are those of the daemon.
struct NodeFailure : std::runtime_error {
  NodeFailure(int code, const std::string& text) : std::runtime_error(text), exitCode(code) {}
  int exitCode;
};

// What an embedding program, or the daemon, adds to the configuration.
struct NodeExtras {
  Hooks hooks = {};
  SinkSource sinkSource = {};  // for reloading one
};

class RunningNode {
 public:
  // Something that the node cannot go on after; on the node loop, at most once, after start().
  using Ended = std::function<void(int exitCode, const std::string& reason)>;

  // Creates the plugin instances and binds the HTTP address; nothing runs yet. Throws NodeFailure. `log`
  // outlives it.
  RunningNode(Settings settings, ChosenPlugins plugins, Log& log, Ended ended, NodeExtras extras = {});
  ~RunningNode();
  RunningNode(const RunningNode&) = delete;
  RunningNode& operator=(const RunningNode&) = delete;

  // Returns when the HTTP API answers. A node that has to join does so in the background. Throws NodeFailure.
  void start();
  // Hands leadership over, answers what waits, stops the plugins in reverse order, ends the threads: within 5
  // s.
  void stop();

  const Settings& settings() const { return settings_; }
  EventLoop& loop() { return loop_; }
  Coordinator& coordinator() { return coordinator_; }
  NodeApi& api() { return *api_; }
  EventJournal& journal() { return *journal_; }
  const http::HttpStats& httpStats() const { return server_->stats(); }
  const std::string& httpAddress() const { return httpAddress_; }

 private:
  void openStore();
  void storeOpened(const StoreImage& image);
  void identityLoaded(const StoreImage& image, std::optional<Identity> found);
  void startTransport();
  void makeSinks();
  std::unique_ptr<SinkPort> makeSink(const SinkSettings& sink, const ChosenPlugin& plugin);
  EventJournal::NewSink placed(const SinkSettings& sink, std::unique_ptr<SinkPort> port);
  void assemble();
  void startSinks();
  void enterCluster();
  void foundCluster();
  void joinCluster();
  void joined(ClusterId cluster, std::vector<Peer> members);
  void startConsensus(BootKind kind);
  void leaveBehind(ClusterId by);  // found out while it runs
  void standBehind();              // and from then on
  void save(std::function<void()> then);
  void fail(int exitCode, const std::string& reason);
  void announceStart(const char* manner);
  NodeSpec describeNode();
  std::string joinQuestion() const;
  ClusterFacts describeCluster();
  void stopOnLoop(std::promise<void>& stopped);
  void handOver(std::promise<void>& stopped);
  void stopSinks(std::promise<void>& stopped);
  void stopStack(std::promise<void>& stopped);

  Settings settings_;
  ChosenPlugins plugins_;
  Log& log_;
  Ended ended_;
  MetricsRegistry metrics_;
  ThreadLoop loop_;
  ThreadWorkers workers_;
  const ck_config storeConfig_, transportConfig_, consensusConfig_;
  Coordinator coordinator_;
  PluginStack stack_;
  EventLines eventLines_;
  LetterFiles deadLetters_;
  NodeExtras extras_;                                 // the hooks until startSinks()
  std::vector<std::unique_ptr<SinkPort>> sinkPorts_;  // until startSinks()
  const MonotonicTime createdAt_;

  Identity identity_;
  bool restarted_ = false;
  TransportAddress transport_;
  NodeSpec self_;
  std::unique_ptr<LeaderDuties> duties_;
  std::unique_ptr<LeaderGate> gate_;
  std::unique_ptr<NodeApi> api_;
  std::unique_ptr<EventJournal> journal_;
  std::unique_ptr<SinkReload> sinkReload_;
  std::unique_ptr<JournalControl> journalControl_;
  std::unique_ptr<Announcer> announcer_;
  std::unique_ptr<FixedFactsCheck> fixedFacts_;
  std::unique_ptr<Joiner> joiner_;
  std::unique_ptr<Departure> departure_;
  std::unique_ptr<MembershipCheck> membershipCheck_;
  std::unique_ptr<GenerationCheck> generationCheck_;
  std::unique_ptr<http::Api> http_;
  std::unique_ptr<http::SinksHandler> sinksHandler_;
  std::unique_ptr<http::HttpServer> server_;
  std::string httpAddress_;

  std::thread thread_;
  std::promise<void> started_;
  bool startAnswered_ = false;
  bool failed_ = false;
  std::atomic<bool> stopped_{false};  // set by the stopping thread, read on the loop
};

}  // namespace clusterkit

// The three plugins of a node, in their order: store, transport, consensus; stopped in reverse. Everything
// [loop]; may be constructed and destroyed on another thread while the loop does not run.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/consensus_port.hpp"
#include "host/plugin_faults.hpp"
#include "host/store_port.hpp"
#include "host/tokens.hpp"
#include "host/transport_port.hpp"

namespace clusterkit {

// The process' exit codes for failures of plugins. A failed store is any fatal of the store and its first
// failed sync; a broken invariant is what the consensus reports as CK_CORRUPT or CK_FATAL, or what its port
// has noticed itself.
enum class PluginExit : int { PluginFailed = 3, StoreFailed = 4, InvariantBroken = 5 };

// A component and its checked options; both must outlive the stack.
struct PluginChoice {
  const ck_component& component;
  const ck_config& config;
};

struct StackChoices {
  PluginChoice store;
  PluginChoice transport;
  PluginChoice consensus;
};

// What the stack uses of its node; all must outlive it.
struct StackServices {
  EventLoop& loop;
  Workers& workers;
  Log& log;
  MetricsSink& metrics;
};

// How a stop went: the plugins that did not answer in time, empty when all did.
struct StopReport {
  std::vector<std::string> overdue;
};

class PluginStack {
 public:
  using FatalHandler = UniqueFunction<void(const std::string& reason, PluginExit exit)>;

  // Creates the three instances, nothing is started. onFatal: at most once, on the loop; the node has to end.
  // Throws PluginError; what was created before is destroyed again.
  PluginStack(const StackChoices& choices, const StackServices& services, ConsensusListener& listener,
              FatalHandler onFatal);
  // Destroys in reverse. An instance that was started and not stopped is abandoned, not destroyed: see
  // stop().
  ~PluginStack();
  PluginStack(const PluginStack&) = delete;
  PluginStack& operator=(const PluginStack&) = delete;

  // The steps, in this order; each only after the one before has succeeded (std::logic_error otherwise).
  void startStore(UniqueFunction<void(Result<StoreImage>)> done);
  TransportAddress startTransport(MemberId local);  // throws PluginError
  void startConsensus(const ClusterBoot& boot);     // throws PluginError

  // The consensus alone, for good; the node goes on without taking part. After startConsensus. A stop() that
  // comes before the answer waits for it.
  void stopConsensus(CallHandler done);

  // Stops what was started, in reverse; a plugin that does not answer is passed over at its share of the time
  // and abandoned. After any failed start, too. A second call gets its report with the first.
  void stop(Duration deadline, UniqueFunction<void(StopReport)> done);

  StorePort& store() { return *store_; }
  TransportPort& transport() { return *transport_; }
  ConsensusPort& consensus() { return *consensus_; }
  TokenTable& tokens() { return tokens_; }
  // For further instances of the node: its hook sinks.
  HostParts parts() {
    return {services_.loop, services_.workers, services_.log, services_.metrics, faults_, tokens_};
  }
  std::uint64_t faults() const { return faults_.total(); }

 private:
  enum class Part { Store, Transport, Consensus };
  enum class Step {
    Created,
    StoreOpening,
    StoreFailed,
    StoreOpen,
    TransportRunning,
    ConsensusRunning,
    ConsensusStopping  // alone
  };
  struct Stopping;

  void require(Step step, const char* what) const;
  HostServices::FatalHandler fatalFrom(Part part);
  static PluginExit exitOf(Part part, const Failure& why);
  PluginInstance& instance(Part part);
  void poison(Part part);
  void failed(Part part, const Failure& why, PluginExit exit);
  void stopNext();
  void stopped(Part part, const CallOutcome& outcome);
  void tellStopped();

  StackServices services_;
  PluginFaults faults_;
  TokenTable tokens_;
  FatalHandler onFatal_;
  bool dead_ = false;
  Step step_ = Step::Created;
  StoreImage image_;
  std::unique_ptr<StorePort> store_;
  std::unique_ptr<TransportPort> transport_;
  std::unique_ptr<ConsensusPort> consensus_;
  std::unique_ptr<Stopping> stopping_;
  Lifetime lifetime_;
};

}  // namespace clusterkit

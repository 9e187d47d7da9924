#include "host/plugin_stack.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace clusterkit {

// One stop() under way: which plugin is asked now, and who waits for the end.
struct PluginStack::Stopping {
  MonotonicTime deadline;
  std::vector<Part> left;  // the last one is next
  TimerId timer;
  bool over = false;
  StopReport report;
  std::vector<UniqueFunction<void(StopReport)>> waiting;
};

PluginStack::PluginStack(const StackChoices& choices, const StackServices& services,
                         ConsensusListener& listener, FatalHandler onFatal)
    : services_(services),
      faults_(services.log, services.metrics),
      tokens_(services.loop, faults_),
      onFatal_(std::move(onFatal)) {
  const HostParts parts = this->parts();
  const auto& [store, transport, consensus] = choices;
  store_ = std::make_unique<StorePort>(
      store.component, store.config, parts, fatalFrom(Part::Store),
      [this](const Failure& why) { failed(Part::Store, why, PluginExit::StoreFailed); });
  transport_ = std::make_unique<TransportPort>(transport.component, transport.config, parts,
                                               fatalFrom(Part::Transport));
  consensus_ = std::make_unique<ConsensusPort>(
      consensus.component, consensus.config, parts, *store_, *transport_, listener,
      fatalFrom(Part::Consensus),
      [this](const Failure& why) { failed(Part::Consensus, why, PluginExit::InvariantBroken); });
}

// The ports go in reverse order, each leaves behind what it cannot destroy safely.
PluginStack::~PluginStack() {
  if (stopping_ && stopping_->timer) services_.loop.cancel(stopping_->timer);
  consensus_.reset();
  transport_.reset();
  store_.reset();
}

HostServices::FatalHandler PluginStack::fatalFrom(Part part) {
  return [this, part](const Failure& why) { failed(part, why, exitOf(part, why)); };
}

PluginExit PluginStack::exitOf(Part part, const Failure& why) {
  if (part == Part::Store) return PluginExit::StoreFailed;
  const bool invariant = why.status == Status::Corrupt || why.status == Status::Fatal;
  return part == Part::Consensus && invariant ? PluginExit::InvariantBroken : PluginExit::PluginFailed;
}

PluginInstance& PluginStack::instance(Part part) {
  switch (part) {
    case Part::Store: return store_->instance();
    case Part::Transport: return transport_->instance();
    case Part::Consensus: break;
  }
  return consensus_->instance();
}

void PluginStack::poison(Part part) {
  switch (part) {
    case Part::Store: return store_->poison();
    case Part::Transport: return transport_->poison();
    case Part::Consensus: return consensus_->poison();
  }
}

// The first failure ends the node; what fails because of it is only logged.
void PluginStack::failed(Part part, const Failure& why, PluginExit exit) {
  const std::string reason = "plugin " + instance(part).name().text() + " failed: " + why.text + " (" +
                             std::string(name(why.status)) + ")";
  services_.log.error("plugin_failed", {{"plugin", instance(part).name().text()},
                                        {"status", name(why.status)},
                                        {"why", why.text},
                                        {"exit_code", static_cast<int>(exit)}});
  poison(part);
  if (std::exchange(dead_, true)) return;
  // Not here: a plugin may be on the stack, and who hears of this will want to stop and destroy it.
  services_.loop.post([this, alive = lifetime_.watch(), reason, exit] {
    if (!alive.expired() && onFatal_) onFatal_(reason, exit);
  });
}

void PluginStack::require(Step step, const char* what) const {
  if (step_ != step || stopping_) throw std::logic_error(std::string("plugin stack: out of order: ") + what);
}

void PluginStack::startStore(UniqueFunction<void(Result<StoreImage>)> done) {
  require(Step::Created, "startStore");
  step_ = Step::StoreOpening;
  store_->open([this, done = std::move(done)](Result<StoreImage> image) mutable {
    if (!stopping_) step_ = image ? Step::StoreOpen : Step::StoreFailed;
    if (image) image_ = image.value();
    done(std::move(image));
  });
}

TransportAddress PluginStack::startTransport(MemberId local) {
  require(Step::StoreOpen, "startTransport");
  TransportAddress address = transport_->start(local);
  step_ = Step::TransportRunning;
  return address;
}

void PluginStack::startConsensus(const ClusterBoot& boot) {
  require(Step::TransportRunning, "startConsensus");
  consensus_->start(boot, image_);
  step_ = Step::ConsensusRunning;
}

void PluginStack::stopConsensus(CallHandler done) {
  require(Step::ConsensusRunning, "stopConsensus");
  step_ = Step::ConsensusStopping;
  consensus_->stop([this, alive = lifetime_.watch(), done = std::move(done)](CallOutcome outcome) mutable {
    if (!alive.expired()) {
      step_ = Step::TransportRunning;
      if (stopping_) stopped(Part::Consensus, outcome);
    }
    done(std::move(outcome));
  });
}

void PluginStack::stop(Duration deadline, UniqueFunction<void(StopReport)> done) {
  if (stopping_) {
    stopping_->waiting.push_back(std::move(done));
    if (stopping_->over) tellStopped();
    return;
  }
  stopping_ = std::make_unique<Stopping>();
  stopping_->deadline = services_.loop.now() + deadline;
  stopping_->waiting.push_back(std::move(done));
  if (step_ == Step::StoreOpening || step_ >= Step::StoreOpen) stopping_->left.push_back(Part::Store);
  if (step_ >= Step::TransportRunning) stopping_->left.push_back(Part::Transport);
  if (step_ >= Step::ConsensusRunning) stopping_->left.push_back(Part::Consensus);
  stopNext();
}

void PluginStack::stopNext() {
  if (stopping_->left.empty()) {
    stopping_->over = true;
    return tellStopped();
  }
  const Part part = stopping_->left.back();
  // What a fast one leaves of its share goes to the others; the store is last and most in need of time.
  const Duration share =
      (stopping_->deadline - services_.loop.now()) / static_cast<int>(stopping_->left.size());
  stopping_->timer =
      services_.loop.timerAfter(std::max(share, Duration(0)), [this, alive = lifetime_.watch(), part] {
        if (!alive.expired()) stopped(part, clusterkit::failed(Status::Timeout, "it did not stop in time"));
      });
  CallHandler answer = [this, alive = lifetime_.watch(), part](CallOutcome outcome) {
    if (!alive.expired()) stopped(part, outcome);
  };
  switch (part) {
    case Part::Store: return store_->stop(std::move(answer));
    case Part::Transport: return transport_->stop(std::move(answer));
    case Part::Consensus:
      if (step_ == Step::ConsensusStopping) return;  // it has been asked
      return consensus_->stop(std::move(answer));
  }
}

// By the plugin's answer or by the timer, whichever is first.
void PluginStack::stopped(Part part, const CallOutcome& outcome) {
  if (stopping_->left.empty() || stopping_->left.back() != part) return;
  services_.loop.cancel(std::exchange(stopping_->timer, TimerId()));
  stopping_->left.pop_back();
  if (!outcome.ok()) {
    const PluginName& who = instance(part).name();
    stopping_->report.overdue.push_back(who.text());
    services_.log.error("plugin_not_stopped",
                        {{"plugin", who.text()}, {"status", name(outcome.status)}, {"why", outcome.text}});
    instance(part).abandon();
    poison(part);  // ends what it still owes
  }
  stopNext();
}

// Not from inside a plugin's completion: who hears of this may destroy the stack.
void PluginStack::tellStopped() {
  services_.loop.post(
      [report = stopping_->report, waiting = std::exchange(stopping_->waiting, {})]() mutable {
        for (auto& done : waiting) done(report);
      });
}

}  // namespace clusterkit

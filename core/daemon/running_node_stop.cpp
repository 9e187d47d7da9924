// How a running node ends: out of the cluster if so configured, leadership handed over, sinks, then the
// plugins in reverse order.
#include <utility>

#include "daemon/running_node.hpp"

namespace clusterkit {
namespace {

using namespace std::chrono_literals;

// Together, with the second that the HTTP loop gives its readers, below the 5 s that a stop may take.
constexpr Duration kDeparture = 1200ms;  // and 300 ms to take it back
constexpr Duration kHandOver = 300ms;
constexpr Duration kSinkStop = 700ms;
constexpr Duration kStackStop = 1s;

}  // namespace

void RunningNode::stop() {
  if (stopped_.exchange(true)) return;
  if (thread_.joinable()) {
    std::promise<void> stopped;
    std::unique_ptr<Joiner> joiner;  // made on the loop, so taken from there
    loop_.post([this, &stopped, &joiner] {
      joiner = std::move(joiner_);
      if (joiner) joiner->giveUp();
      stopOnLoop(stopped);
    });
    stopped.get_future().wait();
    joiner.reset();
    if (server_) server_->stop();
    loop_.stop();
    thread_.join();
  }
  workers_.finish();  // they use what is about to be destroyed
  log_.info("stopped");
}

void RunningNode::stopOnLoop(std::promise<void>& stopped) {
  // Else the workers would wait for whom these two are asking.
  if (membershipCheck_) membershipCheck_->stop();
  if (generationCheck_) generationCheck_->stop();
  const bool member = api_ && !failed_ && coordinator_.current().findNode(identity_.member) != nullptr;
  if (!settings_.node.leaveOnStop || !member) return handOver(stopped);
  departure_ = std::make_unique<Departure>(loop_, log_, coordinator_);
  departure_->leave(loop_.now() + kDeparture, [this, &stopped] { handOver(stopped); });
}

// A planned stop costs writes no election: the leader hands over first.
void RunningNode::handOver(std::promise<void>& stopped) {
  const bool leads = api_ && coordinator_.leading() && !failed_;
  const auto voters = leads ? coordinator_.membership()->members.size() : 0;
  if (voters < 2) return stopSinks(stopped);
  auto once = std::make_shared<bool>(false);
  const auto next = [this, once, &stopped] {
    if (!std::exchange(*once, true)) stopSinks(stopped);
  };
  loop_.timerAfter(kHandOver, next);
  stack_.consensus().stepDown(MemberId(), [next](CallOutcome) { next(); });
}

void RunningNode::stopSinks(std::promise<void>& stopped) {
  if (!journal_) return stopStack(stopped);
  journal_->stop(loop_.now() + kSinkStop, [this, &stopped] { stopStack(stopped); });
}

void RunningNode::stopStack(std::promise<void>& stopped) {
  coordinator_.stop();
  if (gate_) gate_->stop();
  if (api_) api_->stop();
  stack_.stop(kStackStop, [this, &stopped](StopReport report) {
    for (const std::string& plugin : report.overdue) log_.warn("plugin_did_not_stop", {{"plugin", plugin}});
    stopped.set_value();
  });
}

}  // namespace clusterkit

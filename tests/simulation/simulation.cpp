#include "simulation/simulation.hpp"

#include <algorithm>
#include <functional>
#include <ostream>

#include "simulation/clients.hpp"
#include "simulation/convergence.hpp"
#include "simulation/nemesis.hpp"
#include "simulation/operator.hpp"
#include "simulation/requests.hpp"
#include "simulation/sink_orders.hpp"

namespace clusterkit::sim {
namespace {

using namespace std::chrono_literals;

// Everything is healed: elections, repairs, snapshots and retries have this long.
constexpr Duration kConvergence = 60s;
constexpr int kRounds = 5;

class Run {
 public:
  Run(const Plan& plan, Trace::Echo echo)
      : plan_(plan),
        cluster_(plan, echo),
        clients_(cluster_),
        operator_(cluster_),
        requests_(cluster_),
        sinkOrders_(cluster_),
        nemesis_(cluster_) {}

  void run() {
    cluster_.found();
    if (cluster_.verdict().holds()) safety();
    if (cluster_.verdict().holds()) liveness();
    tooHard_ = clients_.judge(cluster_.verdict());
  }

  Result result(std::ostream& out) {
    Result r;
    r.seed = plan_.seed;
    r.violation = cluster_.verdict().violation();
    r.traceHash = cluster_.trace().hash();
    r.events = cluster_.scheduler().eventsRun();
    r.simulated = cluster_.scheduler().now().time_since_epoch();
    r.answered = clients_.answered();
    r.committed = cluster_.oracle().lastCommitted().value;
    r.terms = cluster_.oracle().terms();
    r.changes = operator_.changes();
    r.transfers = operator_.transfers();
    r.requests = requests_.taken();
    r.orders = sinkOrders_.taken();
    r.deliveries = cluster_.oracle().deliveries();
    r.told = cluster_.oracle().told();
    r.histories = plan_.keys;
    r.tooHard = tooHard_;
    r.injected = nemesis_.injected();
    r.flipped = nemesis_.flipped();
    if (r.violation) cluster_.trace().printLast(out);
    return r;
  }

 private:
  void safety() {
    clients_.begin();
    operator_.begin();
    requests_.begin();
    sinkOrders_.begin();
    nemesis_.begin();
    cluster_.runFor(plan_.safety);
    clients_.stop();
    operator_.stop();
    requests_.stop();
    sinkOrders_.stop();
  }

  void liveness() {
    nemesis_.heal();
    cluster_.calmSinks();
    expect([this] { return runningMembers(cluster_).size() >= kMembersMin && clients_.isIdle(); },
           "a leader is elected");
    if (!cluster_.verdict().holds()) return;
    cluster_.replaceUnreadable();
    expect([this] { return isAtRest(); }, "all members reach the same state");
    if (!cluster_.verdict().holds()) return;
    // A transfer that was still under way may refuse the first round.
    for (int round = 0; cluster_.verdict().holds() && !lastRound(); ++round)
      if (round == kRounds)
        cluster_.verdict().broken("Converges", "writes or reads are refused although everything is healed");
    if (!cluster_.verdict().holds()) return;
    for (const SimNode* node : runningMembers(cluster_)) clients_.judge(*node, cluster_.verdict());
  }

  // True when everybody was answered and nobody refused.
  bool lastRound() {
    clients_.lastRound(runningMembers(cluster_));
    expect([this] { return clients_.isIdle() && isAtRest(); }, "everybody is answered");
    return clients_.refusedInLastRound() == 0;
  }

  std::string whatIsLeft() {
    std::string missing = whatIsMissing(cluster_);
    return missing.empty() ? whatIsUntold(cluster_) : missing;
  }
  bool isAtRest() { return whatIsLeft().empty(); }

  void expect(const std::function<bool()>& condition, const char* what) {
    if (cluster_.runUntil(condition, kConvergence)) return;
    const std::string missing = whatIsLeft();
    cluster_.verdict().broken(
        "Converges", std::string("not within a minute: ") + what + (missing.empty() ? "" : "; " + missing));
  }

  const Plan& plan_;
  Cluster cluster_;
  Clients clients_;
  Operator operator_;
  Requests requests_;
  SinkOrders sinkOrders_;
  Nemesis nemesis_;
  std::size_t tooHard_ = 0;
};

template <class Counts>
void addTo(Counts& sum, const Counts& more) {
  std::transform(sum.begin(), sum.end(), more.begin(), sum.begin(), std::plus<>());
}

}  // namespace

void Result::add(const Result& other) {
  events += other.events;
  simulated += other.simulated;
  answered += other.answered;
  committed += other.committed;
  terms += other.terms;
  changes += other.changes;
  transfers += other.transfers;
  requests += other.requests;
  orders += other.orders;
  deliveries += other.deliveries;
  addTo(told, other.told);
  histories += other.histories;
  tooHard += other.tooHard;
  addTo(injected, other.injected);
  addTo(flipped, other.flipped);
}

Result simulate(std::uint64_t seed, std::ostream& out, Trace::Echo echo) {
  const Plan plan(seed);
  Run run(plan, echo);
  run.run();
  return run.result(out);
}

}  // namespace clusterkit::sim

#include "placement/primaries.hpp"

#include <algorithm>

#include "placement/exchange.hpp"
#include "placement/fair_shares.hpp"

namespace clusterkit {

namespace {

// Costs in falling importance: another primary than at present, a primary that still has to copy the data.
constexpr std::int64_t kNewcomer = 1;
constexpr std::int64_t kChanged = std::int64_t{1} << 17;
static_assert(kChanged > kNewcomer * kMaxPartitionCount);

// Being primary as a thing that the owners of a partition hand to each other.
class PrimaryModel : public ExchangeModel {
 public:
  PrimaryModel(const PlacementProblem& problem, const NumberedAssignment& owners)
      : problem_(problem), owners_(owners), primary_(owners.size(), kNobody), mine_(problem.nodeCount()) {}

  NodeNumber primary(std::size_t p) const { return primary_[p]; }

  // Partitions that were never started with do not take part.
  void startWith(std::size_t p, NodeNumber primary) {
    primary_[p] = primary;
    mine_[primary].push_back(static_cast<std::uint32_t>(p));
  }

  void offersFrom(std::size_t from, std::span<const char> wanted, std::span<Offer> offers) const override {
    for (const std::uint32_t p : mine_[from]) {
      for (const NodeNumber to : owners_[p]) {
        if (to == from || !wanted[to] || !problem_.available(to)) continue;
        const Offer offer{costOf(p, to) - costOf(p, from), p};
        if (offer < offers[to]) offers[to] = offer;
      }
    }
  }

  std::int64_t price(std::uint32_t p, std::size_t from, std::size_t to) const override {
    const auto& owners = owners_[p];
    const bool possible = primary_[p] == from && from != to && problem_.available(to) &&
                          std::find(owners.begin(), owners.end(), to) != owners.end();
    return possible ? costOf(p, to) - costOf(p, from) : Offer::kNone;
  }

  std::int64_t handOver(std::uint32_t p, std::size_t from, std::size_t to) override {
    mine_[from].erase(std::find(mine_[from].begin(), mine_[from].end(), p));
    mine_[to].push_back(p);
    primary_[p] = to;
    return costOf(p, to) - costOf(p, from);
  }

  void collectGivers(std::uint32_t p, std::vector<std::size_t>& nodes) const override {
    nodes = {primary_[p]};
  }

 private:
  std::int64_t costOf(std::size_t p, NodeNumber n) const {
    const auto& present = problem_.present[p];
    const bool same = !present.empty() && present.front() == n;
    const bool newcomer = std::find(present.begin(), present.end(), n) == present.end();
    return (same ? 0 : kChanged) + (newcomer ? kNewcomer : 0);
  }

  const PlacementProblem& problem_;
  const NumberedAssignment& owners_;
  std::vector<NodeNumber> primary_;
  std::vector<std::vector<std::uint32_t>> mine_;  // partitions by primary
};

// The partitions that take part, and how many primaries each node has and can have at most.
struct Electorate {
  std::vector<std::size_t> partitions;
  std::vector<std::int64_t> fixed;     // primaries that stay whatever is chosen
  std::vector<std::int64_t> possible;  // fixed, and those it could get
};

Electorate electorateOf(const PlacementProblem& problem, std::span<const std::size_t> partitions,
                        const NumberedAssignment& owners) {
  Electorate e;
  e.fixed.assign(problem.nodeCount(), 0);
  e.possible.assign(problem.nodeCount(), 0);
  std::vector<char> takesPart(owners.size(), 0);
  for (const std::size_t p : partitions) takesPart[p] = 1;
  for (std::size_t p = 0; p < owners.size(); ++p) {
    const auto isAvailable = [&](NodeNumber n) { return problem.available(n); };
    if (std::none_of(owners[p].begin(), owners[p].end(), isAvailable)) continue;
    if (takesPart[p]) {
      e.partitions.push_back(p);
      for (const NodeNumber n : owners[p]) e.possible[n] += isAvailable(n) ? 1 : 0;
    } else {
      ++e.fixed[owners[p].front()];
      ++e.possible[owners[p].front()];
    }
  }
  return e;
}

std::vector<Load> primaryLoads(const PlacementProblem& problem, const Electorate& e) {
  std::vector<ShareRequest> requests(problem.nodeCount());
  std::int64_t total = static_cast<std::int64_t>(e.partitions.size());
  for (NodeNumber n = 0; n < problem.nodeCount(); ++n) {
    total += e.fixed[n];
    requests[n] = {problem.available(n) ? problem.nodes[n].weight : 0, e.fixed[n], e.possible[n]};
  }
  const std::vector<Share> shares = fairShares(total, requests);
  std::vector<Load> loads(problem.nodeCount());
  for (NodeNumber n = 0; n < problem.nodeCount(); ++n) {
    const auto role = problem.available(n) ? Load::Role::GivesAndTakes : Load::Role::GivesOnly;
    loads[n] = {e.fixed[n], shares[n].low, shares[n].high, role};
  }
  return loads;
}

// The available owner that lacks most primaries for its weight; a present owner before one that has no data
// yet.
NodeNumber neediest(const PlacementProblem& problem, std::span<const Load> loads,
                    const std::vector<NodeNumber>& owners) {
  NodeNumber best = kNobody;
  for (const NodeNumber n : owners) {
    if (!problem.available(n)) continue;
    if (best == kNobody || (loads[n].low - loads[n].now) * problem.nodes[best].weight >
                               (loads[best].low - loads[best].now) * problem.nodes[n].weight) {
      best = n;
    }
  }
  return best;
}

}  // namespace

void choosePrimaries(const PlacementProblem& problem, std::span<const std::size_t> partitions,
                     NumberedAssignment& owners) {
  const Electorate e = electorateOf(problem, partitions, owners);
  PrimaryModel model(problem, owners);
  std::vector<Load> loads = primaryLoads(problem, e);
  std::vector<std::size_t> vacant;
  const auto start = [&](std::size_t p, NodeNumber primary) {
    model.startWith(p, primary);
    ++loads[primary].now;
  };
  for (const std::size_t p : e.partitions) {
    const NodeNumber first = owners[p].front();
    const bool stays = !problem.present[p].empty() && problem.present[p].front() == first;
    stays&& problem.available(first) ? start(p, first) : vacant.push_back(p);
  }
  for (const std::size_t p : vacant) start(p, neediest(problem, loads, owners[p]));
  settleLoads(model, loads);
  for (const std::size_t p : e.partitions) {
    const auto at = std::find(owners[p].begin(), owners[p].end(), model.primary(p));
    std::rotate(owners[p].begin(), at, at + 1);
  }
}

}  // namespace clusterkit

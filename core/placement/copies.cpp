#include "placement/copies.hpp"

#include <algorithm>

#include "placement/exchange.hpp"
#include "placement/fair_shares.hpp"

namespace clusterkit {

namespace {

// Costs in falling importance: two owners in one zone, a new copy, a present primary that is no owner any
// more. Each outweighs all of the next kind together.
constexpr std::int64_t kLostPrimary = 1;
constexpr std::int64_t kNewCopy = std::int64_t{1} << 17;
constexpr std::int64_t kSharedZone = std::int64_t{1} << 37;
static_assert(kNewCopy > kLostPrimary * kMaxPartitionCount);
static_assert(kSharedZone >= kNewCopy * kMaxPartitionCount * kMaxReplicationFactor);
static_assert((kSharedZone + kNewCopy + kLostPrimary) * kMaxReplicationFactor <= kMaxExchangeCost);

// Copies as things that nodes hand over. A copy that nobody holds yet belongs to the node after the last one,
// which can hold several of a partition.
class CopyModel : public ExchangeModel {
 public:
  explicit CopyModel(const PlacementProblem& problem)
      : problem_(problem),
        nodes_(problem.nodeCount()),
        partitions_(problem.partitionCount()),
        owners_(partitions_),
        holds_(nodes_ * partitions_, 0),
        held_(nodes_ * partitions_, 0),
        missing_(partitions_, 0),
        inZone_(problem.zoneCount * partitions_, 0),
        together_(nodes_ * nodes_, 0),
        primary_(partitions_, kNobody) {}

  NodeNumber unplaced() const { return nodes_; }
  std::size_t missing(std::size_t p) const { return missing_[p]; }
  bool holds(NodeNumber n, std::size_t p) const { return holds_[n * partitions_ + p] != 0; }
  bool held(NodeNumber n, std::size_t p) const { return held_[n * partitions_ + p] != 0; }
  std::size_t inZoneOf(NodeNumber n, std::size_t p) const {
    return inZone_[problem_.zoneOf[n] * partitions_ + p];
  }
  const std::vector<NodeNumber>& owners(std::size_t p) const { return owners_[p]; }

  void startWith(std::size_t p, const std::vector<NodeNumber>& owners, std::size_t missing) {
    for (const NodeNumber n : owners) {
      add(p, n);
      held_[n * partitions_ + p] = 1;
    }
    primary_[p] = owners.empty() ? kNobody : owners.front();
    missing_[p] = missing;
  }

  // How often n owns partitions together with the owners of p: low means that a death of n is borne by many.
  std::size_t company(NodeNumber n, std::size_t p, NodeNumber except) const {
    std::size_t sum = 0;
    for (const NodeNumber other : owners_[p]) {
      if (other != except) sum += together_[n * nodes_ + other];
    }
    return sum;
  }

  void offersFrom(std::size_t from, std::span<const char> wanted, std::span<Offer> offers) const override {
    for (std::size_t p = 0; p < partitions_; ++p) {
      if (from == unplaced() ? missing_[p] == 0 : !holds(from, p)) continue;
      const std::int64_t giving = costOfGiving(p, from);
      for (NodeNumber to = 0; to < nodes_; ++to) {
        if (!wanted[to] || !problem_.available(to) || holds(to, p)) continue;
        const std::int64_t cost = giving + costOfTaking(p, from, to);
        if (cost < offers[to].cost) offers[to] = {cost, static_cast<std::uint32_t>(p)};
      }
    }
  }

  std::int64_t price(std::uint32_t p, std::size_t from, std::size_t to) const override {
    if (from == unplaced() ? missing_[p] == 0 : !holds(from, p)) return Offer::kNone;
    if (to == unplaced() || !problem_.available(to) || holds(to, p)) return Offer::kNone;
    return costOfGiving(p, from) + costOfTaking(p, from, to);
  }

  std::int64_t handOver(std::uint32_t p, std::size_t from, std::size_t to) override {
    const std::int64_t cost = costOfGiving(p, from) + costOfTaking(p, from, to);
    from == unplaced() ? void(--missing_[p]) : remove(p, from);
    to == unplaced() ? void(++missing_[p]) : add(p, to);
    return cost;
  }

  void collectGivers(std::uint32_t p, std::vector<std::size_t>& nodes) const override {
    nodes.assign(owners_[p].begin(), owners_[p].end());
    if (missing_[p] > 0) nodes.push_back(unplaced());
  }

 private:
  std::int64_t costOfGiving(std::size_t p, NodeNumber from) const {
    if (from == unplaced()) return 0;
    const auto others = static_cast<std::int64_t>(inZoneOf(from, p)) - 1;
    return -others * kSharedZone - (held(from, p) ? 0 : kNewCopy) + (primary_[p] == from ? kLostPrimary : 0);
  }

  std::int64_t costOfTaking(std::size_t p, NodeNumber from, NodeNumber to) const {
    if (to == unplaced()) return 0;
    auto others = static_cast<std::int64_t>(inZoneOf(to, p));
    if (from != unplaced() && problem_.zoneOf[from] == problem_.zoneOf[to]) --others;
    return others * kSharedZone + (held(to, p) ? 0 : kNewCopy) - (primary_[p] == to ? kLostPrimary : 0);
  }

  void add(std::size_t p, NodeNumber n) {
    for (const NodeNumber other : owners_[p]) {
      ++together_[n * nodes_ + other];
      ++together_[other * nodes_ + n];
    }
    owners_[p].push_back(n);
    holds_[n * partitions_ + p] = 1;
    ++inZone_[problem_.zoneOf[n] * partitions_ + p];
  }

  void remove(std::size_t p, NodeNumber n) {
    owners_[p].erase(std::find(owners_[p].begin(), owners_[p].end(), n));
    holds_[n * partitions_ + p] = 0;
    --inZone_[problem_.zoneOf[n] * partitions_ + p];
    for (const NodeNumber other : owners_[p]) {
      --together_[n * nodes_ + other];
      --together_[other * nodes_ + n];
    }
  }

  const PlacementProblem& problem_;
  std::size_t nodes_, partitions_;
  std::vector<std::vector<NodeNumber>> owners_;
  std::vector<char> holds_, held_;  // [node * partitions_ + partition]: now, and before anything was changed
  std::vector<std::size_t> missing_;
  std::vector<std::uint32_t> inZone_;    // [zone * partitions_ + partition]
  std::vector<std::uint32_t> together_;  // [node * nodes_ + node]: partitions that both own
  std::vector<NodeNumber> primary_;      // as present
};

// Absent nodes keep their copies, or their share of them where enough others live to take the rest.
std::vector<Load> copyLoads(const PlacementProblem& problem, std::span<const std::int64_t> copies,
                            std::int64_t total) {
  std::vector<ShareRequest> requests(problem.nodeCount());
  for (NodeNumber n = 0; n < problem.nodeCount(); ++n) {
    const std::int64_t cap = problem.available(n) ? static_cast<std::int64_t>(problem.partitionCount())
                             : problem.absent(n)  ? copies[n]
                                                  : 0;
    const bool pinned = problem.absent(n) && problem.availableCount < problem.replicationFactor;
    requests[n] = {problem.nodes[n].weight, pinned ? cap : 0, cap};
  }
  const std::vector<Share> shares = fairShares(total, requests);
  std::vector<Load> loads(problem.nodeCount() + 1);
  for (NodeNumber n = 0; n < problem.nodeCount(); ++n) {
    const auto role = problem.available(n) ? Load::Role::GivesAndTakes : Load::Role::GivesOnly;
    loads[n] = {copies[n], shares[n].low, shares[n].high, role};
  }
  loads.back().role = Load::Role::GivesOnly;
  return loads;
}

// The node that takes a copy nobody holds: spread over zones first, then whoever lacks most, then new
// company.
NodeNumber takerOf(const PlacementProblem& problem, const CopyModel& model, std::span<const Load> loads,
                   std::size_t p) {
  NodeNumber best = kNobody;
  for (NodeNumber n = 0; n < problem.nodeCount(); ++n) {
    if (!problem.available(n) || model.holds(n, p) || loads[n].now >= loads[n].high) continue;
    if (best == kNobody) {
      best = n;
      continue;
    }
    const std::int64_t lacksMore = (loads[n].low - loads[n].now) * problem.nodes[best].weight -
                                   (loads[best].low - loads[best].now) * problem.nodes[n].weight;
    const auto zones = model.inZoneOf(n, p), bestZones = model.inZoneOf(best, p);
    if (zones != bestZones) {
      if (zones < bestZones) best = n;
    } else if (lacksMore != 0) {
      if (lacksMore > 0) best = n;
    } else if (model.company(n, p, kNobody) < model.company(best, p, kNobody)) {
      best = n;
    }
  }
  return best;
}

// Gives every copy that nobody holds to someone, as well as one look at each can; settleLoads() makes it the
// best.
void placeMissing(const PlacementProblem& problem, CopyModel& model, std::vector<Load>& loads) {
  for (std::size_t p = 0; p < problem.partitionCount(); ++p) {
    while (model.missing(p) > 0) {
      const NodeNumber taker = takerOf(problem, model, loads, p);
      if (taker == kNobody) break;
      model.handOver(static_cast<std::uint32_t>(p), model.unplaced(), taker);
      ++loads[taker].now;
      --loads.back().now;
    }
  }
}

// As many owners as the replication factor asks for, or as there are nodes for.
std::size_t wantedCopies(const PlacementProblem& problem, std::size_t p) {
  const auto& present = problem.present[p];
  const auto absent =
      std::count_if(present.begin(), present.end(), [&](NodeNumber n) { return problem.absent(n); });
  return std::min(problem.replicationFactor, problem.availableCount + static_cast<std::size_t>(absent));
}

}  // namespace

NumberedAssignment placeCopies(const PlacementProblem& problem) {
  CopyModel model(problem);
  std::vector<std::int64_t> copies(problem.nodeCount(), 0);
  std::int64_t total = 0, missing = 0;
  for (std::size_t p = 0; p < problem.partitionCount(); ++p) {
    const std::size_t wanted = wantedCopies(problem, p);
    std::vector<NodeNumber> kept = problem.present[p];
    if (kept.size() > wanted) kept.resize(wanted);
    for (const NodeNumber n : kept) ++copies[n];
    model.startWith(p, kept, wanted - kept.size());
    total += static_cast<std::int64_t>(wanted);
    missing += static_cast<std::int64_t>(wanted - kept.size());
  }
  std::vector<Load> loads = copyLoads(problem, copies, total);
  loads.back().now = missing;
  placeMissing(problem, model, loads);
  settleLoads(model, loads);

  NumberedAssignment result(problem.partitionCount());
  for (std::size_t p = 0; p < problem.partitionCount(); ++p) {
    for (const NodeNumber n : problem.present[p]) {
      if (model.holds(n, p)) result[p].push_back(n);
    }
    const std::size_t stayed = result[p].size();
    for (NodeNumber n = 0; n < problem.nodeCount(); ++n) {
      const auto end = result[p].begin() + static_cast<std::ptrdiff_t>(stayed);
      if (model.holds(n, p) && std::find(result[p].begin(), end, n) == end) result[p].push_back(n);
    }
  }
  return result;
}

}  // namespace clusterkit

#include "placement/exchange.hpp"

#include <algorithm>
#include <optional>

namespace clusterkit {

namespace {

// Above the cost of any simple path: fewer than 2^10 hops of kMaxExchangeCost each.
constexpr std::int64_t kImbalance = std::int64_t{1} << 53;
constexpr std::size_t kNoNode = std::numeric_limits<std::size_t>::max();

// Of two equally cheap ways the shorter one wins: it disturbs fewer partitions, and never hands over in one
// partition twice.
struct Distance {
  std::int64_t cost = Offer::kNone;
  std::int64_t hops = 0;
  friend auto operator<=>(const Distance&, const Distance&) = default;
};

struct Exchange {
  std::uint32_t partition;
  std::size_t from, to;
};

struct Way {
  std::vector<Exchange> exchanges;  // in order; for a cycle the last leads to the first
  bool cycle = false;
};

class Settling {
 public:
  Settling(ExchangeModel& model, std::vector<Load>& loads)
      : model_(model),
        loads_(loads),
        count_(loads.size()),
        offers_(count_ * count_),
        stale_(count_ * count_, 1),
        staleRow_(count_, 1) {}

  void run() {
    // Every round lowers the cost, so the bound is never met by a correct model; it keeps a wrong one from
    // hanging.
    std::size_t rounds = 1000;
    for (const Load& load : loads_) rounds += 8 * static_cast<std::size_t>(load.now);
    while (rounds-- > 0) {
      refreshOffers();
      const std::optional<Way> way = cheapestWay();
      if (!way || !apply(*way)) return;
    }
  }

 private:
  const Offer& offer(std::size_t from, std::size_t to) const { return offers_[from * count_ + to]; }

  void refreshOffers() {
    for (std::size_t n = 0; n < count_; ++n) {
      if (!staleRow_[n]) continue;
      const std::span<Offer> row(offers_.data() + n * count_, count_);
      const std::span<char> wanted(stale_.data() + n * count_, count_);
      for (std::size_t to = 0; to < count_; ++to) {
        if (wanted[to]) row[to] = Offer{};
      }
      model_.offersFrom(n, wanted, row);
      std::fill(wanted.begin(), wanted.end(), char{0});
      staleRow_[n] = 0;
    }
  }

  // What it is worth that this node gives one thing away, as a cost; none where it must not.
  std::optional<std::int64_t> costToStartAt(std::size_t node) const {
    const Load& load = loads_[node];
    if (load.now > load.high) return -kImbalance;
    if (load.now > load.low) return 0;
    return std::nullopt;
  }

  std::optional<std::int64_t> costToEndAt(std::size_t node) const {
    const Load& load = loads_[node];
    if (load.role == Load::Role::GivesOnly || load.now >= load.high) return std::nullopt;
    return load.now < load.low ? -kImbalance : 0;
  }

  // Bellman-Ford from all nodes that can give. Gives a way of negative cost, or none when there is no such
  // way.
  std::optional<Way> cheapestWay() {
    distance_.assign(count_, Distance{});
    before_.assign(count_, kNoNode);
    for (std::size_t n = 0; n < count_; ++n) {
      if (const auto cost = costToStartAt(n)) distance_[n] = {*cost, 0};
    }
    for (std::size_t round = 0; round < count_ && relaxAll(); ++round) {
      if (const auto cycle = findCycle()) return cycle;
    }
    return cheapestPath();
  }

  bool relaxAll() {
    bool changed = false;
    for (std::size_t from = 0; from < count_; ++from) {
      if (distance_[from].cost == Offer::kNone) continue;
      for (std::size_t to = 0; to < count_; ++to) {
        const Offer& edge = offer(from, to);
        if (edge.cost == Offer::kNone) continue;
        const Distance through{distance_[from].cost + edge.cost, distance_[from].hops + 1};
        if (through < distance_[to]) {
          distance_[to] = through;
          before_[to] = from;
          changed = true;
        }
      }
    }
    return changed;
  }

  // A cycle among the predecessors is a cycle of negative cost.
  std::optional<Way> findCycle() {
    visited_.assign(count_, kNoNode);
    for (std::size_t start = 0; start < count_; ++start) {
      std::size_t node = start;
      while (node != kNoNode && visited_[node] == kNoNode) {
        visited_[node] = start;
        node = before_[node];
      }
      if (node == kNoNode || visited_[node] != start) continue;
      Way way{{}, true};
      const std::size_t last = node;
      do {
        way.exchanges.push_back({offer(before_[node], node).partition, before_[node], node});
        node = before_[node];
      } while (node != last);
      std::reverse(way.exchanges.begin(), way.exchanges.end());
      return way;
    }
    return std::nullopt;
  }

  std::optional<Way> cheapestPath() const {
    Distance best{0, 0};
    std::size_t end = kNoNode;
    for (std::size_t n = 0; n < count_; ++n) {
      const auto cost = costToEndAt(n);
      if (!cost || before_[n] == kNoNode) continue;
      const Distance total{distance_[n].cost + *cost, distance_[n].hops};
      if (total.cost < 0 && total < best) {
        best = total;
        end = n;
      }
    }
    if (end == kNoNode) return std::nullopt;
    Way way;
    for (std::size_t node = end; before_[node] != kNoNode; node = before_[node]) {
      way.exchanges.push_back({offer(before_[node], node).partition, before_[node], node});
    }
    std::reverse(way.exchanges.begin(), way.exchanges.end());
    return way;
  }

  // Gives false, with nothing changed, when the way turns out not to pay: two exchanges in one partition can
  // spoil each other's price.
  bool apply(const Way& way) {
    const std::size_t first = way.exchanges.front().from;
    const std::size_t last = way.exchanges.back().to;
    std::int64_t change = way.cycle ? 0 : *costToStartAt(first) + *costToEndAt(last);
    for (const Exchange& e : way.exchanges) change += handOver(e.partition, e.from, e.to);
    if (change >= 0) {
      for (auto e = way.exchanges.rbegin(); e != way.exchanges.rend(); ++e)
        handOver(e->partition, e->to, e->from);
      return false;
    }
    if (!way.cycle) {
      --loads_[first].now;
      ++loads_[last].now;
    }
    return true;
  }

  // Only offers that name this partition can become worse, and only offers of this partition better.
  std::int64_t handOver(std::uint32_t partition, std::size_t from, std::size_t to) {
    model_.collectGivers(partition, givers_);
    for (const std::size_t giver : givers_) {
      for (std::size_t taker = 0; taker < count_; ++taker) {
        const Offer& old = offer(giver, taker);
        if (old.cost == Offer::kNone || old.partition != partition) continue;
        stale_[giver * count_ + taker] = 1;
        staleRow_[giver] = 1;
      }
    }
    const std::int64_t change = model_.handOver(partition, from, to);
    model_.collectGivers(partition, givers_);
    for (const std::size_t giver : givers_) {
      for (std::size_t taker = 0; taker < count_; ++taker) {
        const Offer fresh{model_.price(partition, giver, taker), partition};
        Offer& old = offers_[giver * count_ + taker];
        if (fresh.cost != Offer::kNone && fresh < old) old = fresh;
      }
    }
    return change;
  }

  ExchangeModel& model_;
  std::vector<Load>& loads_;
  std::size_t count_;
  std::vector<Offer> offers_;   // offers_[from * count_ + to]
  std::vector<char> stale_;     // like offers_
  std::vector<char> staleRow_;  // some offer of this giver is stale
  std::vector<Distance> distance_;
  std::vector<std::size_t> before_, visited_, givers_;
};

}  // namespace

void settleLoads(ExchangeModel& model, std::vector<Load>& loads) { Settling(model, loads).run(); }

}  // namespace clusterkit

#include "simulation/linearizability.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

namespace clusterkit::sim {
namespace {

constexpr std::size_t kStepsMax = 300'000;

// An unanswered write that nobody has seen can be put after everything else, so it constrains nothing.
// Without it, what only it has seen may be unseen too.
History withoutUnseen(History history) {
  for (std::size_t before = history.size() + 1; history.size() < before;) {
    before = history.size();
    std::unordered_set<RegisterValue> seen;
    for (const Operation& op : history)
      if (op.kind != Kind::Write) seen.insert(op.expected);
    std::erase_if(history, [&](const Operation& op) {
      return op.returned == Operation::kOpen && (op.kind == Kind::Read || !seen.contains(op.written));
    });
  }
  return history;
}

// The part that needs no search (Gibbons and Korach, "Testing Shared Memories", SIAM J. Comput. 1997): a
// value that one operation has finished with before another has begun was there all the time between, so no
// other value can have been. Not enough for exchanges, but most of what is broken is broken here.
bool zonesFit(const History& history) {
  struct Zone {
    std::uint64_t firstReturn = Operation::kOpen, lastInvocation = 0;
    bool written = false;
    void add(const Operation& op) {
      firstReturn = std::min(firstReturn, op.returned);
      lastInvocation = std::max(lastInvocation, op.invoked);
    }
  };
  std::map<RegisterValue, Zone> zones;
  zones[0] = {0, 0, true};
  for (const Operation& op : history) {
    if (op.kind != Kind::Write) zones[op.expected].add(op);
    if (op.kind == Kind::Read) continue;
    zones[op.written].add(op);
    zones[op.written].written = true;
  }
  std::map<std::uint64_t, std::uint64_t> held;  // from, until
  for (const auto& [value, zone] : zones) {
    if (!zone.written) return false;
    if (zone.firstReturn >= zone.lastInvocation) continue;
    const auto next = held.lower_bound(zone.firstReturn);
    if (next != held.end() && next->first < zone.lastInvocation) return false;
    if (next != held.begin() && std::prev(next)->second > zone.firstReturn) return false;
    held.emplace(zone.firstReturn, zone.lastInvocation);
  }
  return std::none_of(zones.begin(), zones.end(), [&](const auto& entry) {
    const Zone& zone = entry.second;
    if (zone.firstReturn < zone.lastInvocation) return false;
    const auto next = held.lower_bound(zone.lastInvocation);
    return next != held.begin() && std::prev(next)->second > zone.firstReturn;
  });
}

class Search {
 public:
  explicit Search(History history) : ops_(std::move(history)), done_((ops_.size() + 63) / 64) {
    std::sort(ops_.begin(), ops_.end(),
              [](const Operation& a, const Operation& b) { return a.invoked < b.invoked; });
    for (const Operation& op : ops_) {
      answered_ += op.returned != Operation::kOpen ? 1 : 0;
      if (op.kind != Kind::Write) ++waiting_[op.expected];
    }
  }

  Linearizability run() {
    while (answered_ > 0) {
      if (++steps_ > kStepsMax) return Linearizability::TooHard;
      if (advance()) continue;
      // A read that fits now can as well come now: only the writes are worth another try.
      Kind kind = Kind::Read;
      while (kind == Kind::Read) {
        if (chosen_.empty()) return Linearizability::Broken;
        kind = takeBack();
      }
    }
    return Linearizability::Holds;
  }

 private:
  struct Choice {
    std::size_t op;
    RegisterValue before;
  };
  struct Hash {
    std::size_t operator()(const std::vector<std::uint64_t>& words) const {
      std::uint64_t hash = 0;
      for (const std::uint64_t word : words) hash = (hash ^ word) * 0x9fb21c651e98df25u ^ hash >> 31;
      return hash;
    }
  };

  bool isDone(std::size_t op) const { return (done_[op / 64] >> (op % 64) & 1) != 0; }
  void flip(std::size_t op) { done_[op / 64] ^= std::uint64_t{1} << (op % 64); }

  // Takes the next operation that may come now, from next_ on: one that was invoked before any that is left
  // has returned.
  bool advance() {
    while (first_ < ops_.size() && isDone(first_)) ++first_;
    std::uint64_t earliestReturn = Operation::kOpen;
    for (std::size_t i = first_; i < ops_.size() && ops_[i].invoked <= earliestReturn; ++i)
      if (!isDone(i)) earliestReturn = std::min(earliestReturn, ops_[i].returned);
    for (std::size_t i = std::max(first_, next_); i < ops_.size() && ops_[i].invoked <= earliestReturn; ++i)
      if (!isDone(i) && fits(ops_[i]) && take(i)) return true;
    return false;
  }
  // Values are unique, so one that is overwritten never comes back: whoever waits for it has to come first.
  bool fits(const Operation& op) const {
    const auto waiting = waiting_.find(value_);
    const std::size_t others = waiting == waiting_.end() ? 0 : waiting->second;
    if (op.kind == Kind::Write) return others == 0;
    return op.expected == value_ && (op.kind == Kind::Read || others == 1);
  }

  bool take(std::size_t i) {
    const RegisterValue before = value_;
    flip(i);
    if (ops_[i].kind != Kind::Read) {
      value_ = ops_[i].written;
      std::vector<std::uint64_t> configuration = done_;
      configuration.push_back(value_);
      if (!visited_.insert(std::move(configuration)).second) {
        flip(i);
        value_ = before;
        return false;
      }
    }
    if (ops_[i].kind != Kind::Write) --waiting_[ops_[i].expected];
    answered_ -= ops_[i].returned != Operation::kOpen ? 1 : 0;
    chosen_.push_back({i, before});
    next_ = 0;
    return true;
  }
  Kind takeBack() {
    const auto [op, before] = chosen_.back();
    chosen_.pop_back();
    flip(op);
    value_ = before;
    answered_ += ops_[op].returned != Operation::kOpen ? 1 : 0;
    if (ops_[op].kind != Kind::Write) ++waiting_[ops_[op].expected];
    next_ = op + 1;
    first_ = std::min(first_, op);
    return ops_[op].kind;
  }

  History ops_;
  std::vector<std::uint64_t> done_;  // a bit per operation
  RegisterValue value_ = 0;
  std::size_t answered_ = 0;  // left, and they have to be placed
  std::size_t first_ = 0;     // all before it are done
  std::size_t next_ = 0;      // the next to try here
  std::size_t steps_ = 0;
  std::unordered_map<RegisterValue, std::size_t> waiting_;  // how many of those left expect it
  std::vector<Choice> chosen_;
  std::unordered_set<std::vector<std::uint64_t>, Hash> visited_;
};

}  // namespace

Linearizability check(const History& history) {
  const History relevant = withoutUnseen(history);
  if (!zonesFit(relevant)) return Linearizability::Broken;
  return Search(relevant).run();
}

}  // namespace clusterkit::sim

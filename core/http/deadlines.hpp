// When which connection has to be looked at. Deadlines mostly move away, so a connection keeps the entry it
// has until that comes due, and is entered anew only for an earlier one. Pure. One thread.
#pragma once

#include <clusterkit/types.hpp>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

namespace clusterkit::http {

class Deadlines {
 public:
  // The entry of one connection; it has none at MonotonicTime::max().
  struct Entry {
    MonotonicTime at = MonotonicTime::max();
  };

  void want(std::uint64_t connection, Entry& entry, MonotonicTime deadline) {
    if (deadline >= entry.at) return;
    drop(connection, entry);
    entry.at = deadline;
    order_.emplace(deadline, connection);
  }

  void drop(std::uint64_t connection, Entry& entry) {
    if (entry.at == MonotonicTime::max()) return;
    order_.erase({entry.at, connection});
    entry.at = MonotonicTime::max();
  }

  // The connections whose entries are due, the earliest first, at most `most`. They keep their entries: drop
  // each before it is asked what it wants now.
  std::vector<std::uint64_t> due(MonotonicTime now, std::size_t most) const {
    std::vector<std::uint64_t> out;
    for (auto next = order_.begin(); next != order_.end() && next->first <= now && out.size() < most; ++next)
      out.push_back(next->second);
    return out;
  }

  // No entry is due before this.
  MonotonicTime earliest() const { return order_.empty() ? MonotonicTime::max() : order_.begin()->first; }
  std::size_t size() const { return order_.size(); }

 private:
  std::set<std::pair<MonotonicTime, std::uint64_t>> order_;
};

}  // namespace clusterkit::http

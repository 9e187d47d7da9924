// The configurations in the log, oldest first: the newest is in force from the moment it is appended (4.1), a
// truncation rolls back to the one before, a snapshot takes the one as of its index.
#pragma once

#include <vector>

#include "configuration.hpp"

namespace clusterkit::raft {

class ConfigurationHistory {
 public:
  struct Item {
    LogIndex index;
    ConfigurationPtr configuration;
  };

  ConfigurationHistory() { reset(LogIndex{}, nullptr); }

  const Configuration& latest() const { return *items_.back().configuration; }
  const ConfigurationPtr& latestPtr() const { return items_.back().configuration; }
  LogIndex latestIndex() const { return items_.back().index; }
  const Item& asOf(LogIndex index) const;

  void append(LogIndex index, ConfigurationPtr configuration);
  void truncateFrom(LogIndex index);
  void compactTo(LogIndex index);                              // keeps the one as of index
  void reset(LogIndex index, ConfigurationPtr configuration);  // null = the empty one

 private:
  std::vector<Item> items_;  // never empty
};

}  // namespace clusterkit::raft

#include "configuration_history.hpp"

#include "invariant.hpp"

namespace clusterkit::raft {

const ConfigurationHistory::Item& ConfigurationHistory::asOf(LogIndex index) const {
  for (auto item = items_.rbegin(); item != items_.rend(); ++item) {
    if (item->index <= index) return *item;
  }
  return items_.front();
}

void ConfigurationHistory::append(LogIndex index, ConfigurationPtr configuration) {
  ensure(configuration != nullptr && index > latestIndex(), "ConfigurationsInLogOrder",
         [&] { return std::to_string(index.value) + " after " + std::to_string(latestIndex().value); });
  items_.push_back({index, std::move(configuration)});
}

void ConfigurationHistory::truncateFrom(LogIndex index) {
  while (items_.size() > 1 && items_.back().index >= index) items_.pop_back();
}

void ConfigurationHistory::compactTo(LogIndex index) {
  while (items_.size() > 1 && items_[1].index <= index) items_.erase(items_.begin());
}

void ConfigurationHistory::reset(LogIndex index, ConfigurationPtr configuration) {
  if (configuration == nullptr) configuration = std::make_shared<const Configuration>();
  items_.assign(1, Item{index, std::move(configuration)});
}

}  // namespace clusterkit::raft

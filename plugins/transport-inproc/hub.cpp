#include "hub.hpp"

#include "station.hpp"

namespace clusterkit::inproc {

std::shared_ptr<Hub> Hub::named(const std::string& name) {
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<Hub>> hubs;
  const std::lock_guard lock(mutex);
  std::erase_if(hubs, [](const auto& entry) { return entry.second.expired(); });
  std::shared_ptr<Hub> hub = hubs[name].lock();
  if (hub == nullptr) hubs[name] = hub = std::make_shared<Hub>();
  return hub;
}

bool Hub::attach(const std::string& endpoint, const std::shared_ptr<Station>& station) {
  const std::lock_guard lock(mutex_);
  std::weak_ptr<Station>& place = stations_[endpoint];
  if (!place.expired()) return false;
  place = station;
  return true;
}

void Hub::detach(const std::string& endpoint) {
  const std::lock_guard lock(mutex_);
  stations_.erase(endpoint);
}

std::shared_ptr<Station> Hub::at(const std::string& endpoint) const {
  const std::lock_guard lock(mutex_);
  const auto it = stations_.find(endpoint);
  return it == stations_.end() ? nullptr : it->second.lock();
}

std::vector<std::shared_ptr<Station>> Hub::stations() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Station>> all;
  for (const auto& [endpoint, weak] : stations_)
    if (auto station = weak.lock()) all.push_back(std::move(station));
  return all;
}

ck_link_faults Hub::faultsBetween(std::uint64_t from, std::uint64_t to) const {
  const std::lock_guard lock(mutex_);
  const auto it = faults_.find({from, to});
  return it == faults_.end() ? defaultFaults_ : it->second;
}

void Hub::setFaults(std::uint64_t from, std::uint64_t to, const ck_link_faults& faults) {
  const std::lock_guard lock(mutex_);
  faults_[{from, to}] = faults;
}

void Hub::setDefaultFaults(const ck_link_faults& faults) {
  const std::lock_guard lock(mutex_);
  defaultFaults_ = faults;
}

void Hub::clearFaults() {
  const std::lock_guard lock(mutex_);
  faults_.clear();
  defaultFaults_ = {};
}

}  // namespace clusterkit::inproc

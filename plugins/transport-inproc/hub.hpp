// The network of one process: who listens under which endpoint, and what goes wrong on the way.
//
// Hubs are found by name and live as long as a station is on them. The lock protects the tables against nodes
// whose loops are different threads; nothing is called while it is held.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "faults.h"

namespace clusterkit::inproc {

class Station;

class Hub {
 public:
  static std::shared_ptr<Hub> named(const std::string& name);

  // False when the endpoint is taken.
  bool attach(const std::string& endpoint, const std::shared_ptr<Station>& station);
  void detach(const std::string& endpoint);
  std::shared_ptr<Station> at(const std::string& endpoint) const;
  std::vector<std::shared_ptr<Station>> stations() const;  // in the order of their endpoints

  ck_link_faults faultsBetween(std::uint64_t from, std::uint64_t to) const;
  void setFaults(std::uint64_t from, std::uint64_t to, const ck_link_faults& faults);
  void setDefaultFaults(const ck_link_faults& faults);
  void clearFaults();

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::weak_ptr<Station>> stations_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, ck_link_faults> faults_;
  ck_link_faults defaultFaults_{};
};

}  // namespace clusterkit::inproc

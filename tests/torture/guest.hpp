// A node beside those that the nemesis sees to, which comes and goes: it joins with an empty folder, stays
// for a while, is removed through some other node, ends, and comes again as a new member under the same name.
// So voters, partitions and snapshots are on the move all the time.
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "simulation/dice.hpp"
#include "torture/own_network.hpp"

namespace clusterkit::test {

class Guest {
 public:
  // `node` is nobody else's until the destructor; it has never been started.
  Guest(TestNode& node, std::vector<HttpServer> others, std::uint64_t seed);
  ~Guest() { stop(); }
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;

  void stop();  // it stays as it is
  // After stop(): false when it is not removed, or does not end, within half a minute each.
  bool leave();
  std::size_t visits() const { return visits_; }                    // that began and ended as they should
  const std::vector<std::string>& wrong() const { return wrong_; }  // after leave()

 private:
  void work();
  bool removed();
  bool hasEnded(std::chrono::milliseconds limit);

  TestNode& node_;
  const std::vector<HttpServer> others_;
  sim::Dice dice_;
  std::string visit_;  // names the removal, so that it ends no other visit
  std::atomic<bool> stopped_ = false;
  std::atomic<std::size_t> visits_ = 0;
  std::vector<std::string> wrong_;
  std::thread thread_;
};

}  // namespace clusterkit::test

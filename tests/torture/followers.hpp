// Clients that follow the cluster's events from the first one on, each by long polls at one node after the
// other, and compare what they are told.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "simulation/dice.hpp"
#include "support/http.hpp"

namespace clusterkit::test {

// A write, as its answer and its event name it.
struct KeyVersion {
  std::string key;
  std::uint64_t version = 0;
  friend auto operator<=>(const KeyVersion&, const KeyVersion&) = default;
};

class Followers {
 public:
  Followers(std::vector<HttpServer> servers, std::size_t threads, std::uint64_t seed);
  ~Followers() { stop(); }
  Followers(const Followers&) = delete;
  Followers& operator=(const Followers&) = delete;

  void stop();  // waits for the answers
  // Up to here all have followed.
  std::uint64_t slowest() const;
  // After stop(): holes, repeats, two accounts of one event, history lost to one that followed.
  const std::vector<std::string>& wrong() const { return wrong_; }
  // After stop(): how many events told of this write.
  std::size_t toldOf(const KeyVersion& write) const { return writes_.count(write); }

 private:
  void follow(std::size_t number, std::uint64_t seed);
  std::uint64_t take(const std::string& body, std::uint64_t since);
  void compare(std::uint64_t seq, const std::string& line, const KeyVersion& write);

  const std::vector<HttpServer> servers_;
  std::atomic<bool> stopped_ = false;
  std::vector<std::atomic<std::uint64_t>> at_;  // by follower
  std::mutex mutex_;
  std::map<std::uint64_t, std::string> told_;  // under mutex_: by number
  std::multiset<KeyVersion> writes_;           // under mutex_: of the events in told_
  std::vector<std::string> wrong_;             // under mutex_
  std::vector<std::thread> threads_;
};

}  // namespace clusterkit::test

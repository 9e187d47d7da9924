// Ends blocking calls from outside: when their time is up, or when the node stops. One thread per sink.
//
// A timeout per read would not do: a receiver that sends one byte now and then would be read from for ever.
#pragma once

#include <atomic>
#include <clusterkit/plugin.hpp>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

namespace clusterkit::webhook {

// The time of a blocking call was up.
class Expired : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The node stops.
class Stopped : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Watch;

class Watchdog {
 public:
  explicit Watchdog(Host host);
  // No Watch may be left.
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  // Cuts all watches, and later ones as soon as they begin. [any]
  void stop();
  // On the clock of Host::now. [any]
  std::uint64_t after(std::chrono::nanoseconds wait) const;

 private:
  friend class Watch;
  using Watches = std::multimap<std::uint64_t, Watch*>;

  Watches::iterator add(std::uint64_t deadline, Watch& watch);
  void run();

  Host host_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Watches watches_;  // those not cut yet
  bool stopped_ = false, ended_ = false;
  std::thread thread_;
};

// The watch over one blocking call, as long as this object lives.
class Watch {
 public:
  // `cut` is called at most once, from any thread, with the watchdog's lock held: it must end the call
  // without blocking, and what it needs must outlive the Watch. It is called at once if the deadline has
  // passed.
  Watch(Watchdog& watchdog, std::uint64_t deadline, std::function<void()> cut);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  bool over() const { return end_ != End::None; }
  // Throws Expired(text) or Stopped when the call was cut.
  void check(const std::string& text) const;

 private:
  friend class Watchdog;
  enum class End { None, Expired, Stopped };
  void finish(End end);

  Watchdog& watchdog_;
  std::function<void()> cut_;
  std::atomic<End> end_{End::None};
  std::optional<Watchdog::Watches::iterator> place_;  // guarded by the watchdog's lock
};

}  // namespace clusterkit::webhook

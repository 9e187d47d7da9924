// A host for contract tests: the test's own thread is the loop, and it runs only inside runUntil.
#pragma once

#include <chrono>
#include <clusterkit/plugin.hpp>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace clusterkit::contract {

class FakeHost {
 public:
  struct Completion {
    ck_status status = CK_OK;
    std::uint64_t value0 = 0, value1 = 0;
    Buffer payload;
    std::string error;
  };

  // Hosts of one test that talk to each other, or stand for one node before and after a restart, need seeds
  // of their own.
  explicit FakeHost(std::uint64_t seed = 1);
  ~FakeHost();  // runs what was posted, so that nothing it owns leaks
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;

  const ck_host* table() const { return &table_; }
  // Upcalls of a kind; their cx is this host, see user().
  void provide(const std::string& ifaceId, const void* upcalls, void* user);
  static void* user(void* cx) { return static_cast<FakeHost*>(cx)->user_; }

  ck_token issue();
  // Runs the loop until the token is completed. Throws std::runtime_error after the deadline.
  Completion wait(ck_token token);
  // The answer, if it has come; does not run the loop.
  std::optional<Completion> take(ck_token token);
  // Runs the loop until the condition holds; false after the deadline.
  bool runUntil(const std::function<bool()>& condition,
                std::chrono::milliseconds limit = std::chrono::seconds(10));

  // One turn of the loop: what was posted and what is due. False when there was nothing to do.
  bool runDue();

  std::vector<std::string> faults() const;  // unknown or second completions
  std::optional<ck_error> fatal() const;    // the first one
  std::uint64_t fatals() const;
  std::vector<std::string> logged() const;  // names of events

 private:
  struct Timer {
    std::uint64_t when;
    ck_fn fn;
    void* arg;
  };
  static FakeHost& self(void* cx) { return *static_cast<FakeHost*>(cx); }
  std::uint64_t now() const;
  bool callReadable();
  ck_status complete(ck_token token, const ck_result& result);

  ck_host table_{};
  void* user_ = nullptr;
  std::map<std::string, const void*> ifaces_;

  mutable std::mutex mutex_;
  std::deque<std::pair<ck_fn, void*>> posted_;
  std::map<std::uint64_t, Timer> timers_;           // loop only
  std::map<int, std::pair<ck_fn, void*>> watched_;  // loop only
  std::uint64_t lastTimer_ = 0;
  std::map<ck_token, std::optional<Completion>> tokens_;
  ck_token lastToken_ = 0;
  std::vector<std::string> faults_, logged_;
  std::optional<ck_error> fatal_;
  std::uint64_t fatals_ = 0;
  std::uint64_t randomState_;
};

}  // namespace clusterkit::contract

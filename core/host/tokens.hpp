// Tokens of asynchronous calls. Each is completed exactly once, by the instance it was handed to, from any
// thread; its handler then runs on the loop, never inside the call that started it or that completed it.
//
// A token is slot plus generation: the number rises by one per token and its low bits are the slot, so a
// token is never used twice and a range of proposals has consecutive numbers. Anything else than the first
// completion of a live token answers CK_STALE, is reported as the plugin's fault and drops the payload.
#pragma once

#include <mutex>
#include <span>
#include <vector>

#include "host/call_outcome.hpp"
#include "host/event_loop.hpp"
#include "host/lifetime.hpp"
#include "host/plugin_faults.hpp"

namespace clusterkit {

struct TokenUse {
  const PluginName* completer = nullptr;  // who has to complete it; null = not known yet, see bind()
  Status ifLost = Status::Cancelled;      // what the handler gets when that instance is poisoned or stopped
};

class TokenTable {
 public:
  static constexpr std::size_t maxLive = std::size_t{1} << 20;

  TokenTable(EventLoop& loop, PluginFaults& faults);
  // On the loop (not inside a handler) or after it has ended. Handlers that still wait are dropped uncalled.
  ~TokenTable();
  TokenTable(const TokenTable&) = delete;
  TokenTable& operator=(const TokenTable&) = delete;

  // 0 when too many are live: the handler is then told UNAVAILABLE, and there is nothing to call. [loop]
  ck_token issue(TokenUse use, CallHandler handler);
  // Consecutive tokens first .. first+n-1 for n handlers (which are moved from). 0 as above. [loop]
  ck_token issueRange(TokenUse use, std::span<CallHandler> handlers);
  // Says who completes a token that was issued without. False: unknown, completed, or bound before. [loop]
  bool bind(ck_token token, TokenUse use);

  // A plugin's completion; the payload is taken in every case. [any]
  ck_status complete(const PluginName& by, ck_token token, const ck_result* result_take);
  // The host's own answer to a token that never reached, or never came back from, a plugin. False: not live.
  // [any]
  bool answer(ck_token token, CallOutcome outcome);
  // Calls a handler that needs no token: on the loop, not inside this call, in order with the others. [any]
  void answerLater(CallHandler handler, CallOutcome outcome);
  // Ends everything that this instance still owes, each with its `ifLost`. [loop]
  void cancelAll(const PluginName& completer);

  std::size_t live() const;  // [any]

 private:
  struct Slot {
    ck_token token = 0;
    bool waiting = false;
    TokenUse use;
    CallHandler handler;
  };
  struct Finished {
    CallHandler handler;
    CallOutcome outcome;
  };

  Slot* find(ck_token token);
  bool findRun(std::size_t count);
  void grow();
  void finish(Slot& slot, CallOutcome outcome);
  void scheduleRun();
  void runFinished();

  EventLoop& loop_;
  PluginFaults& faults_;
  Lifetime lifetime_;
  mutable std::mutex mutex_;
  std::vector<Slot> slots_;
  ck_token next_;
  std::size_t live_ = 0;
  std::vector<Finished> finished_;
  std::vector<Finished> running_;
  bool runScheduled_ = false;
};

}  // namespace clusterkit

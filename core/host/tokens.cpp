#include "host/tokens.hpp"

#include <algorithm>
#include <cassert>

namespace clusterkit {

namespace {

constexpr std::size_t firstCapacity = 64;  // a power of two, as are all that follow

CallOutcome outcomeOf(const ck_result& result) {
  CallOutcome outcome;
  outcome.status = toStatus(result.status);
  outcome.value0 = result.value0;
  outcome.value1 = result.value1;
  outcome.payload = Buffer(result.payload_take);
  if (result.error.code != CK_OK) {
    outcome.text = textOf(result.error);
    outcome.osErrno = result.error.os_errno;
    outcome.retryAfterMs = result.error.retry_after_ms;
  }
  return outcome;
}

}  // namespace

TokenTable::TokenTable(EventLoop& loop, PluginFaults& faults)
    : loop_(loop), faults_(faults), slots_(firstCapacity), next_(1) {}

TokenTable::~TokenTable() = default;

ck_token TokenTable::issue(TokenUse use, CallHandler handler) { return issueRange(use, {&handler, 1}); }

ck_token TokenTable::issueRange(TokenUse use, std::span<CallHandler> handlers) {
  const std::lock_guard lock(mutex_);
  if (live_ + handlers.size() > maxLive) {
    for (CallHandler& handler : handlers) {
      CallOutcome outcome;
      outcome.status = Status::Unavailable;
      outcome.text = "too many calls are under way";
      finished_.push_back({std::move(handler), std::move(outcome)});
    }
    scheduleRun();
    return 0;
  }
  // Half of the slots stay free, so that a run of neighbours is soon found behind calls that take long.
  while (slots_.size() < 2 * (live_ + handlers.size()) || !findRun(handlers.size())) grow();
  const ck_token first = next_;
  for (CallHandler& handler : handlers) {
    Slot& slot = slots_[next_ & (slots_.size() - 1)];
    slot.token = next_++;
    slot.waiting = true;
    slot.use = use;
    slot.handler = std::move(handler);
  }
  live_ += handlers.size();
  return first;
}

// Moves next_ to the first of `count` tokens in a row whose slots are free.
bool TokenTable::findRun(std::size_t count) {
  const ck_token end = next_ + slots_.size() + count;
  std::size_t run = 0;
  for (ck_token token = next_; token < end; ++token) {
    run = slots_[token & (slots_.size() - 1)].waiting ? 0 : run + 1;
    if (run == count) {
      next_ = token + 1 - count;
      return true;
    }
  }
  return false;
}

// Tokens that differ modulo the old size differ modulo twice the size, so nothing can collide.
void TokenTable::grow() {
  std::vector<Slot> larger(slots_.size() * 2);
  for (Slot& slot : slots_)
    if (slot.token != 0) larger[slot.token & (larger.size() - 1)] = std::move(slot);
  slots_ = std::move(larger);
}

TokenTable::Slot* TokenTable::find(ck_token token) {
  Slot& slot = slots_[token & (slots_.size() - 1)];
  return token != 0 && slot.token == token && slot.waiting ? &slot : nullptr;
}

bool TokenTable::bind(ck_token token, TokenUse use) {
  const std::lock_guard lock(mutex_);
  Slot* const slot = find(token);
  if (slot == nullptr || slot->use.completer != nullptr) return false;
  slot->use = use;
  return true;
}

ck_status TokenTable::complete(const PluginName& by, ck_token token, const ck_result* result) {
  if (result == nullptr || result->size < sizeof(ck_result)) {
    faults_.report(by, "complete", "result is missing or too short");
    return CK_INVALID;
  }
  CallOutcome outcome = outcomeOf(*result);  // takes the payload, whatever becomes of it
  const char* fault = nullptr;
  {
    const std::lock_guard lock(mutex_);
    Slot* const slot = find(token);
    if (slot != nullptr && slot->use.completer == &by) {
      finish(*slot, std::move(outcome));
      return CK_OK;
    }
    if (slot != nullptr)
      fault = "completed a token that was not handed to it";
    else
      fault =
          token != 0 && token < next_ ? "completed a token twice or too late" : "completed an unknown token";
  }
  faults_.report(by, "complete", fault, "token=" + std::to_string(token));
  return CK_STALE;
}

bool TokenTable::answer(ck_token token, CallOutcome outcome) {
  const std::lock_guard lock(mutex_);
  Slot* const slot = find(token);
  if (slot == nullptr) return false;
  finish(*slot, std::move(outcome));
  return true;
}

void TokenTable::answerLater(CallHandler handler, CallOutcome outcome) {
  const std::lock_guard lock(mutex_);
  finished_.push_back({std::move(handler), std::move(outcome)});
  scheduleRun();
}

void TokenTable::cancelAll(const PluginName& completer) {
  const std::lock_guard lock(mutex_);
  std::vector<Slot*> owed;
  for (Slot& slot : slots_)
    if (slot.waiting && slot.use.completer == &completer) owed.push_back(&slot);
  std::sort(owed.begin(), owed.end(), [](const Slot* a, const Slot* b) { return a->token < b->token; });
  for (Slot* slot : owed) {
    CallOutcome outcome;
    outcome.status = slot->use.ifLost;
    outcome.text = completer.text() + " has ended before it answered";
    finish(*slot, std::move(outcome));
  }
}

std::size_t TokenTable::live() const {
  const std::lock_guard lock(mutex_);
  return live_;
}

void TokenTable::finish(Slot& slot, CallOutcome outcome) {
  slot.waiting = false;
  --live_;
  finished_.push_back({std::move(slot.handler), std::move(outcome)});
  scheduleRun();
}

// One hand-over to the loop for everything that ends before the loop gets to it.
void TokenTable::scheduleRun() {
  if (std::exchange(runScheduled_, true)) return;
  loop_.post([this, alive = lifetime_.watch()] {
    if (!alive.expired()) runFinished();
  });
}

void TokenTable::runFinished() {
  assert(running_.empty());
  {
    const std::lock_guard lock(mutex_);
    runScheduled_ = false;
    running_.swap(finished_);
  }
  for (Finished& each : running_)
    if (each.handler) each.handler(std::move(each.outcome));
  running_.clear();
}

}  // namespace clusterkit

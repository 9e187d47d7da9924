#include "lua_budget.hpp"

#include <cstdlib>

namespace clusterkit::script {

LuaBudget::LuaBudget(Host host, std::size_t memory, std::uint64_t instructions,
                     const std::atomic<bool>& cancelled)
    : host_(host), memoryLimit_(memory), instructionLimit_(instructions), cancelled_(cancelled) {}

void LuaBudget::begin(std::uint64_t deadline) {
  instructions_ = 0;
  deadline_ = deadline;
  breach_ = Breach::none;
}

bool LuaBudget::spend(std::uint64_t instructions) noexcept {
  instructions_ += instructions;
  if (breach_ != Breach::none) return false;
  if (cancelled_)
    breach_ = Breach::cancelled;
  else if (instructions_ > instructionLimit_)
    breach_ = Breach::instructions;
  else if (deadline_ != 0 && host_.now() >= deadline_)
    breach_ = Breach::deadline;
  return breach_ == Breach::none;
}

const char* LuaBudget::breachText() const {
  switch (breach_) {
    case Breach::none: break;
    case Breach::instructions: return "more than max_instructions were used";
    case Breach::deadline: return "deadline exceeded";
    case Breach::cancelled: return "the sink is stopping";
  }
  return "";
}

void* LuaBudget::allocate(void* budget, void* block, std::size_t before, std::size_t after) noexcept {
  auto& self = *static_cast<LuaBudget*>(budget);
  const std::size_t held = block != nullptr ? before : 0;  // of a new block `before` is its type
  if (after == 0) {
    std::free(block);
    self.memoryUsed_ -= held;
    return nullptr;
  }
  if (after > held && after - held > self.memoryLimit_ - self.memoryUsed_) return nullptr;
  void* moved = std::realloc(block, after);
  if (moved == nullptr) return after <= held ? block : nullptr;  // Lua relies on it that shrinking works
  self.memoryUsed_ = self.memoryUsed_ - held + after;
  return moved;
}

}  // namespace clusterkit::script

// What one Lua script may use: memory all the time; instructions and time per event.
#pragma once

#include <atomic>
#include <clusterkit/sink.hpp>
#include <cstddef>
#include <cstdint>

namespace clusterkit::script {

class LuaBudget {
 public:
  enum class Breach { none, instructions, deadline, cancelled };

  // `cancelled` may be set by any thread at any time.
  LuaBudget(Host host, std::size_t memory, std::uint64_t instructions, const std::atomic<bool>& cancelled);
  LuaBudget(const LuaBudget&) = delete;
  LuaBudget& operator=(const LuaBudget&) = delete;

  void begin(std::uint64_t deadline);  // clock of Host::now, 0: none
  // False when anything is used up; then for good, until begin.
  bool spend(std::uint64_t instructions) noexcept;

  Breach breach() const { return breach_; }
  const char* breachText() const;
  std::size_t memoryLimit() const { return memoryLimit_; }

  // A lua_Alloc; its first argument is the budget.
  static void* allocate(void* budget, void* block, std::size_t before, std::size_t after) noexcept;

 private:
  Host host_;
  std::size_t memoryLimit_, memoryUsed_ = 0;
  std::uint64_t instructionLimit_, instructions_ = 0, deadline_ = 0;
  const std::atomic<bool>& cancelled_;
  Breach breach_ = Breach::none;
};

}  // namespace clusterkit::script

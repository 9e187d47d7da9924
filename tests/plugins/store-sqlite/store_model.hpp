// A life of a store whose every step follows from its number alone, so that what the store must hold after
// any prefix can be computed; and the comparison of a store with it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "contract/store/store_under_test.hpp"

namespace clusterkit::sqlite {

class Model {
 public:
  std::uint64_t step() const { return step_; }
  const std::vector<contract::Entry>& log() const { return log_; }
  const ck_hard_state& hard() const { return hard_; }

  contract::BatchOf next();
  // An entry that no later step truncates, to take a snapshot at; none while the log is short.
  std::optional<contract::Entry> settled() const;
  // No truncation goes further below the highest index ever reached.
  static constexpr std::size_t depth = 8;

 private:
  std::uint64_t step_ = 0;
  std::size_t highest_ = 0;
  std::vector<contract::Entry> log_;
  ck_hard_state hard_{};
};

// The bytes of a snapshot at this entry.
std::string stateAt(const contract::Entry& e);

// The store holds the model's life up to some step, which is not below `told`; the model then stands there.
void expectPrefix(contract::StoreUnderTest& store, const contract::StoreUnderTest::Opened& opened,
                  Model& model, std::uint64_t told);

}  // namespace clusterkit::sqlite

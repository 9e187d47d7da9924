// Whether a simulation has kept all its promises. The first broken one counts; the rest would be echoes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace clusterkit::sim {

struct Violation {
  std::string_view invariant;  // a literal
  std::string detail;
};

class Verdict {
 public:
  void broken(std::string_view invariant, std::string detail) {
    if (!violation_) violation_ = Violation{invariant, std::move(detail)};
  }
  bool holds() const { return !violation_; }
  const std::optional<Violation>& violation() const { return violation_; }

 private:
  std::optional<Violation> violation_;
};

}  // namespace clusterkit::sim

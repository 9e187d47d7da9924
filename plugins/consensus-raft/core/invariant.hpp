// What must hold in every state, checked in release builds too. A broken invariant means that memory, disk or
// a peer has done what Raft rules out: the step throws, the driver stops the node with the invariant's name
// in its log, and the Raft object is of no more use.
#pragma once

#include <stdexcept>
#include <string>

namespace clusterkit::raft {

class InvariantBroken : public std::logic_error {
 public:
  InvariantBroken(const char* name, const std::string& detail)
      : std::logic_error(std::string(name) + ": " + detail), name_(name) {}
  const char* name() const { return name_; }  // PascalCase, a literal

 private:
  const char* name_;
};

// `detail` is a callable that makes the text, so that a check that holds costs one branch.
template <class Detail>
void ensure(bool holds, const char* name, Detail&& detail) {
  if (!holds) throw InvariantBroken(name, detail());
}

}  // namespace clusterkit::raft

// Whom to ask whether the cluster went on in a later generation, and what the answers say. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cluster/state.hpp"

namespace clusterkit {

class GenerationSearch {
 public:
  // Of one look, so that many dead addresses do not keep a worker.
  static constexpr std::size_t kMostAsked = 8;
  enum class Whom { Everybody, TheSilent };  // the silent: those that the cluster does not hear

  explicit GenerationSearch(MemberId self) : self_(self) {}

  // HTTP addresses of other nodes, at most kMostAsked. Where there are more of them, each call goes on where
  // the one before has ended, so that all are asked in turn.
  std::vector<std::string> next(const ClusterState& state, Whom whom);

 private:
  const MemberId self_;
  std::size_t asked_ = 0;
};

// The cluster that a node names in its answer to GET /v1/status; 0 when the answer is none.
ClusterId clusterIn(const std::string& status);

// The latest generation among the answers that supersedes `own`; 0 when none does.
ClusterId successorOf(ClusterId own, std::span<const ClusterId> answers);

}  // namespace clusterkit

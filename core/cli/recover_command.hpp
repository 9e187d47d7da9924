// `clusterkit recover FOLDER`: a cluster that lost its majority goes on with this node alone, in a new
// generation.
#pragma once

#include "cli/commands.hpp"

namespace clusterkit::cli {

// FOLDER [--as-sole-voter] [STORE [CONSENSUS]]. Shows what would be done, and throws NotConfirmed, unless the
// flag is there.
void recover(const Session& session, const std::vector<std::string>& arguments);

// Exit code 1: nothing was changed.
class NotConfirmed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace clusterkit::cli

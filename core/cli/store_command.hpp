// `clusterkit store inspect|verify|dump FOLDER [PLUGIN]`: looks at the store of a node that does not run.
#pragma once

#include "cli/commands.hpp"

namespace clusterkit::cli {

void storeInspect(const Session& session, const std::vector<std::string>& arguments);
// Throws StoreNotWhole after it has said what it found.
void storeVerify(const Session& session, const std::vector<std::string>& arguments);
void storeDump(const Session& session, const std::vector<std::string>& arguments);

// Exit code 1: the store is not what it should be.
class StoreNotWhole : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace clusterkit::cli

// A cluster that lost its majority goes on with one survivor: what to write behind its log so that it wakes
// up as the only voter. Unsafe by nature (dissertation 4.4 has no answer to a lost majority): what the lost
// members had committed and the survivor never got is gone. Everything in the survivor's log is kept and will
// be committed, for any of it may have been acknowledged. Pure.
#pragma once

#include <stdexcept>
#include <vector>

#include "options.hpp"

namespace clusterkit::raft {

struct Recovery {
  HardState hard;              // to be written in one step with
  std::vector<Entry> entries;  // these, behind the log
  ConfigurationPtr replaced;   // the configuration that was in force
};

// There is nothing to recover from, or it cannot be this member; the text says why.
class NotRecoverable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Everything in a term above all that the survivor knows: empty entries up to the last index that was ever
// acknowledged (what was there is lost, and a store that repairs needs to see it passed), the configuration
// of the survivor alone with all others as tombstones, and the command. Throws NotRecoverable.
Recovery recoverAsSoleVoter(const InitialState& survivor, Bytes command);

}  // namespace clusterkit::raft

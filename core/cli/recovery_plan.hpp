// What `clusterkit recover` decides, from what the survivor holds. Pure.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "cluster/state.hpp"
#include "daemon/identity.hpp"
#include "host/cluster_types.hpp"

namespace clusterkit::cli {

// It makes no sense for this folder; the text says why and what to do.
class NothingToRecover : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Survivor {
  StoreImage image;
  std::optional<Identity> identity;
  ClusterState state;  // after the whole log, committed or not
};

struct RecoveryPlan {
  Identity identity;                 // of the folder from then on: the next generation of its cluster
  std::string command;               // for the log, encoded
  LogIndex last;                     // of the survivor's log
  std::uint64_t unsettled = 0;       // entries that it does not know to be committed; they will be
  std::uint64_t lost = 0;            // entries that it acknowledged once and has no more
  std::vector<std::string> dropped;  // "node-2 at 10.0.0.2:8080"
};

// Throws NothingToRecover. `random`: any 64 bits.
RecoveryPlan planRecovery(const Survivor& survivor, std::uint64_t random, WallTime now);

// Whether the survivor, of a configuration of that many voters and learners, is the whole cluster already:
// its node can be started as it is.
bool isWholeCluster(const Survivor& survivor, const RecoveryPlan& plan, std::size_t members);

}  // namespace clusterkit::cli

// What a message of Raft promises about its sender's disk must be on that disk when it leaves. This is the
// one invariant that knows the plugin's wire format.
#pragma once

#include <string_view>

#include "simulation/disk.hpp"
#include "simulation/verdict.hpp"

namespace clusterkit::sim {

class PromisesAreDurable {
 public:
  // `bytes` as the transport got them; messages that are not Raft's are not looked at.
  static void sent(std::string_view bytes, const Disk& disk, Verdict& verdict);
};

}  // namespace clusterkit::sim

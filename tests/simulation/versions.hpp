// What a member of another version would say, for clusters in the middle of an upgrade. It means the same,
// but every message has a field that this version does not know, and a follower that refuses an append may
// name an earlier index than ours would: any at which its log is known is allowed, it only costs the leader
// time.
#pragma once

#include <string>

#include "simulation/dice.hpp"
#include "simulation/disk.hpp"

namespace clusterkit::sim {

enum class Version : std::uint8_t { Ours, Other };

// `bytes` as the transport gets them, with the port's mark at the end; `disk` is the sender's.
void sayAsOther(std::string& bytes, const Disk& disk, Dice& dice);

}  // namespace clusterkit::sim

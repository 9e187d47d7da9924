// What the machine itself does and holds.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <vector>

namespace clusterkit::bench {

// Appends of 256 bytes, each synced, that one file of `folder` takes in a second. Takes half a second.
double syncsPerSecond(const std::filesystem::path& folder);

// The largest resident set that any of the processes had since it started, in MiB.
double peakMiB(const std::vector<pid_t>& processes);

// What the processes have used of the cores up to now, in seconds; counted in the kernel's ticks (10 ms).
double cpuSeconds(const std::vector<pid_t>& processes);

}  // namespace clusterkit::bench

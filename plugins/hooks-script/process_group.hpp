// The processes of one script: it leads a group of its own, which all its children join unless they leave it
// on purpose (setsid, setpgid).
#pragma once

#include <sys/types.h>

#include <chrono>

namespace clusterkit::script {

void signalGroup(pid_t group, int signal);

// For a group whose leader has ended and been waited for: SIGTERM to whoever is left, SIGKILL to those that
// are there after `grace`. Returns at once when nobody is left.
void clearGroup(pid_t group, std::chrono::milliseconds grace);

}  // namespace clusterkit::script

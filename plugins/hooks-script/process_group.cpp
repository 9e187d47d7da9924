#include "process_group.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

namespace clusterkit::script {
namespace {

constexpr std::chrono::milliseconds kLook{5};

// In a container the node may be process 1, to whom orphans fall: nobody else would wait for them.
void reapAdopted(pid_t group) {
  while (::waitpid(-group, nullptr, WNOHANG) > 0) {
  }
}

}  // namespace

void signalGroup(pid_t group, int signal) { ::kill(-group, signal); }

// The number cannot belong to anybody else while the group has a member. Once it is empty the number is free,
// but comes round only after all others have been given out, which takes far longer than one look.
void clearGroup(pid_t group, std::chrono::milliseconds grace) {
  if (::kill(-group, SIGTERM) != 0) return;
  for (auto left = grace; left.count() > 0; left -= kLook) {
    ::poll(nullptr, 0, static_cast<int>(kLook.count()));
    reapAdopted(group);
    if (::kill(-group, 0) != 0) return;
  }
  ::kill(-group, SIGKILL);
  reapAdopted(group);
}

}  // namespace clusterkit::script

// The table behind CK_HOST_READINESS: a plugin's descriptors in the wait of the node loop. Internal to the
// host services.
#pragma once

#include <clusterkit/plugin.h>

namespace clusterkit {

extern const ck_host_readiness_1 hostReadiness;

}  // namespace clusterkit

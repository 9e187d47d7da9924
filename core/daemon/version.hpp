// The version of this build.
#pragma once

namespace clusterkit {

inline constexpr const char* kVersion = CLUSTERKIT_VERSION;

}  // namespace clusterkit

// What the daemon's exit code says: the contract with whoever starts it.
#pragma once

namespace clusterkit {

inline constexpr int kExitConfiguration = 2;
inline constexpr int kExitPlugin = 3;  // refused, or failed
inline constexpr int kExitStore = 4;   // damaged, or refuses
inline constexpr int kExitInvariant = 5;
inline constexpr int kExitAddressInUse = 6;

}  // namespace clusterkit

// What snapshot writer and reader agree on. Internal.
#pragma once

#include <cstddef>
#include <string_view>

namespace clusterkit {

inline constexpr std::string_view kSnapshotMagic = "CKSTATE1";
inline constexpr std::size_t kSnapshotLengthBytes = 4;  // before each record, lowest byte first
inline constexpr std::size_t kMaxSnapshotRecordBytes = 4 * 1024 * 1024;

}  // namespace clusterkit

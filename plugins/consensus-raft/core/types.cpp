#include "types.hpp"

#include "configuration.hpp"

namespace clusterkit::raft {
namespace {

constexpr std::uint64_t frameBytes = 32;  // index, term, type and their encoding

std::uint64_t payloadBytes(const EntryPayload& payload) {
  if (const auto* command = std::get_if<Bytes>(&payload)) return command->size();
  const auto* configuration = std::get_if<ConfigurationPtr>(&payload);
  if (configuration == nullptr || *configuration == nullptr) return 0;
  std::uint64_t bytes = 8 * (*configuration)->removed.size();
  for (const Member& m : (*configuration)->members) bytes += 16 + m.endpoint.size() + m.publicKey.size();
  return bytes;
}

}  // namespace

std::uint64_t sizeOf(const Entry& entry) { return frameBytes + payloadBytes(entry.payload); }

}  // namespace clusterkit::raft

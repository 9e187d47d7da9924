// Who this data folder is: the member id minted with it, and the cluster it belongs to. Kept in the store, so
// that it lives and dies with the log that it vouches for.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "clusterkit/types.hpp"
#include "host/call_outcome.hpp"
#include "host/store_port.hpp"

namespace clusterkit {

struct Identity {
  MemberId member;
  ClusterId cluster;       // 0: not part of a cluster yet
  std::uint64_t boot = 0;  // how often the folder was started; NodeSpec::boot
  std::string nodeId;      // of the configuration that first used the folder
  ClusterId supersededBy =
      {};  // the later generation of the cluster that left this folder behind; 0: none known

  friend bool operator==(const Identity&, const Identity&) = default;
};

// The name of its value in the store.
inline constexpr std::string_view kIdentityName = "core.identity";

std::string encodeIdentity(const Identity& identity);
std::optional<Identity> decodeIdentity(std::string_view text);

// Nothing when the folder is new. Everything [loop].
void loadIdentity(StorePort& store, UniqueFunction<void(Result<std::optional<Identity>>)> done);
void saveIdentity(StorePort& store, const Identity& identity, CallHandler done);

}  // namespace clusterkit

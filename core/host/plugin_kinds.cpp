#include "host/plugin_kinds.hpp"

#include <clusterkit/consensus.h>
#include <clusterkit/sink.h>
#include <clusterkit/store.h>
#include <clusterkit/transport.h>

#include <array>
#include <utility>

namespace clusterkit {
namespace {

using Kind = std::pair<std::string_view, std::string_view>;  // kind, role
constexpr std::array<Kind, 5> kKinds{{{CK_CONSENSUS_KIND, "consensus"},
                                      {CK_TRANSPORT_KIND, "transport"},
                                      {CK_STORE_KIND, "store"},
                                      {CK_SINK_KIND, "sink"},
                                      {CK_SINK_SIMPLE_KIND, "sink"}}};

}  // namespace

std::string_view roleOf(std::string_view kind) {
  for (const auto& [known, role] : kKinds)
    if (known == kind) return role;
  return {};
}

std::vector<std::string> knownKinds() {
  std::vector<std::string> out;
  for (const auto& known : kKinds) out.emplace_back(known.first);
  return out;
}

std::vector<std::string> knownRoles() { return {"consensus", "transport", "store", "sink"}; }

}  // namespace clusterkit

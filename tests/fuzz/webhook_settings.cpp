#include <algorithm>

#include "fuzz/hook_settings.hpp"
#include "fuzz/require.hpp"
#include "settings.hpp"

namespace clusterkit::fuzz {
namespace {

bool isGraphic(char c) { return c > ' ' && c < 0x7f; }
bool endsALine(char c) { return c == '\r' || c == '\n'; }

// What stands in the head of a request cannot bring another line into it.
void checkWebhook(const Config& config) {
  const webhook::Settings settings = webhook::readSettings(config);
  const webhook::Target& target = settings.target;
  require(!target.host.empty() && target.port != 0, "a target has a host and a port", target.authority);
  require(std::all_of(target.authority.begin(), target.authority.end(), isGraphic), "a target can be shown",
          target.authority);
  require(target.path.starts_with('/') && std::all_of(target.path.begin(), target.path.end(), isGraphic),
          "a path can be sent", target.path);
  for (const webhook::Header& header : settings.headers) {
    require(!header.name.empty() && std::all_of(header.name.begin(), header.name.end(), isGraphic),
            "a header has a name", header.name);
    require(std::none_of(header.value.begin(), header.value.end(), endsALine), "a header is one line");
  }
  require(settings.tls.certFile.empty() == settings.tls.keyFile.empty(), "a certificate comes with its key");
}

}  // namespace

const HookSettings& webhookSettings() {
  static constexpr HookSettings settings{webhook::kOptions, checkWebhook};
  return settings;
}

}  // namespace clusterkit::fuzz

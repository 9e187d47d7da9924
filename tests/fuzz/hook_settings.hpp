// What the plugins of hook sinks make of their sections, each behind one function: their own headers share
// names.
#pragma once

#include <clusterkit/plugin.hpp>

namespace clusterkit::fuzz {

struct HookSettings {
  const ck_option* rows;
  // Reads the section and checks what comes out. Throws clusterkit::Error when the plugin refuses it.
  void (*check)(const Config& config);
};

const HookSettings& webhookSettings();
const HookSettings& scriptSettings();

}  // namespace clusterkit::fuzz

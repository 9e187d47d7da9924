// Sections of the sinks "webhook" and "script": what the host lets pass goes to the plugin's own checks.
#include <algorithm>
#include <functional>

#include "fuzz/hook_settings.hpp"
#include "fuzz/input.hpp"
#include "fuzz/require.hpp"
#include "host/call_outcome.hpp"
#include "host/options.hpp"
#include "host/text.hpp"

namespace clusterkit {
namespace {

using fuzz::require;

constexpr std::size_t kLongestRefusal = 2000;
constexpr std::size_t kLongestKey = 48;

bool isControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

void checkRefusal(const std::string& text) {
  require(!text.empty() && text.size() <= kLongestRefusal, "a refusal is short", text);
  require(std::none_of(text.begin(), text.end(), isControl), "a refusal is one line", text);
}

// A line "name = value" each, as an INI file has them; the values may be anything but a line's end.
ConfigSection sectionOf(std::string_view text) {
  ConfigSection section{"sink", "audit", "fuzz.ini:1", {}};
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos || line.find('\0') != std::string_view::npos) continue;
    const std::string_view key = trimmed(line.substr(0, equals));
    if (key.size() > kLongestKey) continue;
    section.values[std::string(key)] = {std::string(trimmed(line.substr(equals + 1))), "fuzz.ini:2"};
  }
  return section;
}

}  // namespace
}  // namespace clusterkit

// The first byte says whose section it is.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clusterkit;
  fuzz::Input input(data, size);
  const fuzz::HookSettings& hook = input.byte() % 2 == 0 ? fuzz::webhookSettings() : fuzz::scriptSettings();
  const ConfigSection section = sectionOf(input.take(size));
  try {
    const CheckedOptions options(section, optionRows(hook.rows, sizeof(ck_option)),
                                 {"/srv", "/srv/data", {}});
    ck_config config = options.config();
    hook.check(Config(&config));
  } catch (const ConfigError& refusal) {
    checkRefusal(refusal.what());
  } catch (const Error& refusal) {
    require(refusal.status() == CK_INVALID, "a section that is wrong is invalid", refusal.what());
    checkRefusal(textOf(makeError(refusal.status(), refusal.what())));
  }
  return 0;
}

#include "environment.hpp"

#include <cstdlib>

namespace clusterkit::script {

std::string idText(const Event& event) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : event.raw().id) {
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  return text;
}

std::vector<std::string> environmentOf(const Settings& settings, const Event* event) {
  const char* home = std::getenv("HOME");
  std::map<std::string, std::string> all = settings.environment;
  all.emplace("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  all.emplace("HOME", home != nullptr ? home : "/");
  all.emplace("LANG", "C.UTF-8");
  all.emplace("CLUSTERKIT_SINK", settings.sink);
  if (event != nullptr) {
    all.emplace("CLUSTERKIT_EVENT_TYPE", event->type());
    all.emplace("CLUSTERKIT_EVENT_SEQ", std::to_string(event->seq()));
    all.emplace("CLUSTERKIT_EVENT_SUBJECT", event->subject());
    all.emplace("CLUSTERKIT_EVENT_INDEX", std::to_string(event->index()));
    all.emplace("CLUSTERKIT_EVENT_EPOCH", std::to_string(event->epoch()));
    all.emplace("CLUSTERKIT_EVENT_ATTEMPT", std::to_string(event->attempt()));
    all.emplace("CLUSTERKIT_EVENT_ID", idText(*event));
  }
  std::vector<std::string> out;
  for (const auto& [name, value] : all) out.push_back(name + "=" + value);
  return out;
}

}  // namespace clusterkit::script

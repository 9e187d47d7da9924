#include "discovery/service.hpp"

#include <algorithm>

namespace clusterkit {
namespace {

constexpr std::size_t kMaxTextBytes = 1024;

bool isPlain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= 0x20 && c != 0x7f; });
}

bool isName(std::string_view text) {
  return !text.empty() && text.size() <= kMaxServiceNameBytes && isPlain(text);
}

bool isText(std::string_view text) { return text.size() <= kMaxTextBytes && isPlain(text); }

}  // namespace

std::string checkServiceSpec(const ServiceSpec& spec) {
  if (!isName(spec.service)) return "a service name must have 1 to 128 bytes without control characters";
  const std::string where = "service " + spec.service + ": ";
  if (!spec.id.empty() && !isName(spec.id)) {
    return where + "an id must have 1 to 128 bytes without control characters";
  }
  if (!isText(spec.address)) return where + "the address is too long or has control characters";
  if (spec.port > 65535) return where + "port " + std::to_string(spec.port) + " is above 65535";
  if (spec.tags.size() > kMaxServiceTags) return where + "more than 64 tags";
  if (spec.meta.size() > kMaxServiceMeta) return where + "more than 64 meta entries";
  if (!std::all_of(spec.tags.begin(), spec.tags.end(), isText)) {
    return where + "a tag is too long or has control characters";
  }
  const auto isMeta = [](const auto& entry) { return isName(entry.first) && isText(entry.second); };
  if (!std::all_of(spec.meta.begin(), spec.meta.end(), isMeta)) {
    return where + "a meta entry has no name, is too long or has control characters";
  }
  return {};
}

ServiceInstance instanceOn(std::string_view nodeId, const ServiceSpec& spec, Passing passing) {
  ServiceInstance instance{spec, std::string(nodeId), passing};
  if (instance.spec.id.empty()) instance.spec.id = instance.node;
  return instance;
}

std::string serviceKey(std::string_view service, std::string_view id) {
  return servicePrefix(service).append(id);
}

std::string servicePrefix(std::string_view service) {
  std::string prefix(service);
  prefix.push_back('\0');
  return prefix;
}

bool matches(const ServiceInstance& instance, const ServiceQuery& query) {
  if (instance.spec.service != query.service) return false;
  if (query.want == ServiceQuery::Want::PassingOnly && instance.passing == Passing::No) return false;
  const auto& tags = instance.spec.tags;
  return query.tag.empty() || std::find(tags.begin(), tags.end(), query.tag) != tags.end();
}

}  // namespace clusterkit

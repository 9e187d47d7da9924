#include "daemon/config_overrides.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "daemon/settings_schema.hpp"
#include "host/options.hpp"
#include "host/text.hpp"

namespace clusterkit {
namespace {

constexpr std::string_view kPrefix = "CLUSTERKIT_";

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (c == '-') c = '_';
  }
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

ConfigSection& sectionOf(std::vector<ConfigSection>& sections, const std::string& kind,
                         const std::string& instance, const std::string& origin) {
  for (auto& section : sections)
    if (section.kind == kind && section.instance == instance) return section;
  sections.push_back({kind, instance, origin, {}});
  return sections.back();
}

// What orchestrators put into every process for a network service whose name starts with "clusterkit".
bool isServiceLink(std::string_view name, std::string_view value) {
  if (name.ends_with("_SERVICE_HOST") || name.ends_with("_SERVICE_PORT") ||
      name.find("_SERVICE_PORT_") != std::string_view::npos)
    return true;
  const bool port = name.ends_with("_PORT") || name.find("_PORT_") != std::string_view::npos;
  return port && (value.starts_with("tcp://") || value.starts_with("udp://") ||
                  name.find("_TCP") != std::string_view::npos || name.find("_UDP") != std::string_view::npos);
}

// The part of a variable's name behind CLUSTERKIT_, taken apart.
struct Target {
  const SectionSchema* schema;
  std::string instance;
  std::string key;
};

// `rest` without "WORD_" in front; nothing if it does not start so.
std::optional<std::string_view> behind(std::string_view rest, const std::string& word) {
  if (!rest.starts_with(word + "_") || rest.size() == word.size() + 1) return std::nullopt;
  return rest.substr(word.size() + 1);
}

std::optional<Target> namedTarget(const SectionSchema& schema, std::string_view rest,
                                  const std::vector<ConfigSection>& sections) {
  std::optional<Target> best;
  for (const auto& section : sections) {
    if (section.kind != schema.kind) continue;
    const auto key = behind(rest, upper(section.instance));
    if (key && (!best || section.instance.size() > best->instance.size()))
      best = Target{&schema, section.instance, lower(*key)};
  }
  return best;
}

[[noreturn]] void refuseUndeclared(const std::string& name, const SectionSchema& schema,
                                   const std::vector<ConfigSection>& sections) {
  std::vector<std::string> declared;
  for (const auto& section : sections)
    if (section.kind == schema.kind) declared.push_back("[" + schema.kind + "." + section.instance + "]");
  throw ConfigError("environment " + oneLine(name) + ": no such [" + schema.kind +
                    ".NAME]; declared: " + joined(declared));
}

// Nothing for a variable that names no section of ours.
std::optional<Target> targetOf(const std::string& name, const std::string& value,
                               const std::vector<ConfigSection>& sections) {
  const std::string_view rest = std::string_view(name).substr(kPrefix.size());
  for (const auto& schema : settingsSchema()) {
    const auto inner = behind(rest, upper(schema.kind));
    if (!inner) continue;
    const auto target = schema.named ? namedTarget(schema, *inner, sections)
                                     : std::optional<Target>({&schema, "", lower(*inner)});
    const auto keys = keysOf(schema);
    const bool known = target && std::find(keys.begin(), keys.end(), target->key) != keys.end();
    if (!known && isServiceLink(name, value)) return std::nullopt;
    if (!target) refuseUndeclared(name, schema, sections);
    return target;
  }
  return std::nullopt;
}

KeyOverride parseAssignment(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  const std::size_t first = name.find('.');
  const std::size_t last = name.rfind('.');
  const std::string where = "--set " + inQuotes(text.substr(0, text.find('=')));
  if (equals == std::string::npos || first == std::string::npos || first == 0 || last + 1 == name.size())
    throw ConfigError(where + ": allowed: --set section.key=value or --set sink.NAME.key=value");
  KeyOverride out{name.substr(0, first), "", name.substr(last + 1), text.substr(equals + 1)};
  if (last > first) out.instance = name.substr(first + 1, last - first - 1);
  return out;
}

}  // namespace

std::string environmentName(std::string_view kind, std::string_view instance, std::string_view key) {
  return std::string(kPrefix) + upper(kind) + "_" + (instance.empty() ? "" : upper(instance) + "_") +
         upper(key);
}

std::vector<KeyOverride> parseAssignments(std::span<const std::string> texts) {
  std::vector<KeyOverride> out;
  std::set<std::string> seen;
  for (const auto& text : texts) {
    out.push_back(parseAssignment(text));
    if (!seen.insert(text.substr(0, text.find('='))).second)
      throw ConfigError("--set " + inQuotes(text.substr(0, text.find('='))) + ": this key is given twice");
  }
  return out;
}

void declareSections(std::vector<ConfigSection>& sections, std::span<const KeyOverride> assignments) {
  for (const auto& assignment : assignments)
    sectionOf(sections, assignment.kind, assignment.instance, "--set");
}

void applyAssignments(std::vector<ConfigSection>& sections, std::span<const KeyOverride> assignments) {
  for (const auto& assignment : assignments) {
    auto& section = sectionOf(sections, assignment.kind, assignment.instance, "--set");
    section.values[assignment.key] = {assignment.value, "--set"};
  }
}

std::vector<std::string> applyEnvironment(std::vector<ConfigSection>& sections,
                                          const Environment& environment) {
  std::vector<std::string> ignored;
  for (const auto& [name, value] : environment) {
    if (!name.starts_with(kPrefix)) continue;
    const auto target = targetOf(name, value, sections);
    if (!target) {
      ignored.push_back(name);
      continue;
    }
    const std::string origin = "environment " + name;
    sectionOf(sections, target->schema->kind, target->instance, origin).values[target->key] = {value, origin};
  }
  return ignored;
}

}  // namespace clusterkit

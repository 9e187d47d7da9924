#include "host/options.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>

#include "host/option_value.hpp"
#include "host/text.hpp"

namespace clusterkit {
namespace {

constexpr std::size_t kMaxRows = 256;
constexpr std::size_t kLargestSecretFile = 64 * 1024;

bool isKeyName(std::string_view name) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  return !name.empty() && name.size() <= 48 && std::all_of(name.begin(), name.end(), allowed);
}

[[noreturn]] void refuseRow(const ck_option& row, const std::string& what) {
  throw std::invalid_argument("option " + inQuotes(row.name) + " " + what);
}

void checkRow(const ck_option& row) {
  if (!isKeyName(row.name)) refuseRow(row, "has a name that is not [a-z0-9_]{1,48}");
  if (row.type < CK_TYPE_STRING || row.type > CK_TYPE_LIST)
    refuseRow(row, "has type " + std::to_string(row.type) + ", known are 1 to 9");
  if (row.help == nullptr) refuseRow(row, "has no help text");
  if (row.type == CK_TYPE_ENUM && (row.choices == nullptr || *row.choices == '\0'))
    refuseRow(row, "has no choices");
  if (row.min > row.max)
    refuseRow(row, "has a range from " + std::to_string(row.min) + " to " + std::to_string(row.max));
  if (row.fallback == nullptr) return;
  if ((row.flags & CK_OPTION_REQUIRED) != 0) refuseRow(row, "is required and has a default");
  try {
    parseOption(row, row.fallback, "/");
  } catch (const std::invalid_argument& e) {
    refuseRow(row, "has the default " + inQuotes(row.fallback) + ", which " + e.what());
  }
}

std::string readSecretFile(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) throw std::invalid_argument("is no regular file");
  std::ifstream file(path, std::ios::binary);
  std::string secret(kLargestSecretFile + 1, '\0');
  file.read(secret.data(), static_cast<std::streamsize>(secret.size()));
  if (!file && !file.eof()) throw std::invalid_argument("cannot be read");
  secret.resize(static_cast<std::size_t>(file.gcount()));
  if (secret.size() > kLargestSecretFile) throw std::invalid_argument("has more than 64KiB");
  while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) secret.pop_back();
  if (secret.empty()) throw std::invalid_argument("is empty");
  if (secret.find('\0') != std::string::npos) throw std::invalid_argument("holds a zero byte");
  return secret;
}

std::string faultText(const ConfigSection& section, const std::string& origin, const std::string& rest) {
  return (origin.empty() ? section.origin : origin) + ": " + sectionTitle(section) + " " + rest;
}

}  // namespace

struct CheckedOptions::Values {
  struct Entry {
    OptionValue value;
    std::string origin;
  };

  OptionRows rows;
  ConfigSection section;  // its name and origin; no values
  std::string instance;
  std::string dataDir;
  std::map<std::string, Entry, std::less<>> entries;

  const ck_option* row(std::string_view name) const {
    for (const auto& r : rows)
      if (name == r.name) return &r;
    return nullptr;
  }
  const Entry* find(const char* name) const {
    const auto at = entries.find(std::string_view(name != nullptr ? name : ""));
    return at == entries.end() ? nullptr : &at->second;
  }
  bool hasSecrets() const {
    return std::any_of(rows.begin(), rows.end(), [](const auto& r) { return r.type == CK_TYPE_SECRET; });
  }
  std::vector<std::string> allowedKeys(const std::vector<std::string>& hostKeys) const;
  void checkNames(const ConfigSection& from, const OptionRules& rules) const;
  void read(const ck_option& row, const ConfigSection& from, const OptionRules& rules);
  std::optional<Entry> given(const ck_option& row, const ConfigSection& from, const OptionRules& rules) const;
  std::optional<Entry> fromSecretFile(const ck_option& row, const ConfigSection& from,
                                      const OptionRules& rules) const;
};

std::vector<std::string> CheckedOptions::Values::allowedKeys(const std::vector<std::string>& hostKeys) const {
  std::set<std::string> keys(hostKeys.begin(), hostKeys.end());
  for (const auto& r : rows) {
    keys.insert(r.name);
    if (r.type == CK_TYPE_SECRET) keys.insert(std::string(r.name) + "_file");
  }
  return {keys.begin(), keys.end()};
}

void CheckedOptions::Values::checkNames(const ConfigSection& from, const OptionRules& rules) const {
  if (rules.unknownKeys == UnknownKeys::Ignore) return;
  const auto allowed = allowedKeys(rules.hostKeys);
  for (const auto& [key, value] : from.values) {
    if (std::binary_search(allowed.begin(), allowed.end(), key)) continue;
    const auto nearest = nearestName(key, allowed);
    const std::string what = "unknown key" +
                             (nearest.empty() ? "" : ", did you mean " + inQuotes(nearest) + "?") +
                             "; allowed: " + joined(allowed);
    // Behind a mistyped name may stand a secret.
    if (hasSecrets()) throw ConfigError(faultText(section, value.origin, oneLine(key) + ": " + what));
    throw configFault(section, key, value, what);
  }
}

std::optional<CheckedOptions::Values::Entry> CheckedOptions::Values::fromSecretFile(
    const ck_option& row, const ConfigSection& from, const OptionRules& rules) const {
  const std::string key = std::string(row.name) + "_file";
  const auto named = from.values.find(key);
  if (row.type != CK_TYPE_SECRET || this->row(key) != nullptr || named == from.values.end())
    return std::nullopt;
  if (from.values.count(row.name) != 0)
    throw configFault(section, key, named->second,
                      "both " + std::string(row.name) + " and " + key + " are set");
  try {
    return Entry{{readSecretFile(rules.baseFolder / named->second.text), 0, {}}, named->second.origin};
  } catch (const std::invalid_argument& e) {
    throw configFault(section, key, named->second,
                      std::string(e.what()) + "; allowed: a file that holds the secret");
  }
}

std::optional<CheckedOptions::Values::Entry> CheckedOptions::Values::given(const ck_option& row,
                                                                           const ConfigSection& from,
                                                                           const OptionRules& rules) const {
  const auto at = from.values.find(row.name);
  if (at == from.values.end()) return fromSecretFile(row, from, rules);
  fromSecretFile(row, from, rules);  // refuses both at once
  try {
    return Entry{parseOption(row, at->second.text, rules.baseFolder), at->second.origin};
  } catch (const std::invalid_argument& e) {
    if (row.type == CK_TYPE_SECRET)
      throw ConfigError(
          faultText(section, at->second.origin, std::string(row.name) + " (secret): " + e.what()));
    throw configFault(section, row.name, at->second, e.what());
  }
}

void CheckedOptions::Values::read(const ck_option& row, const ConfigSection& from, const OptionRules& rules) {
  auto entry = given(row, from, rules);
  if (!entry && row.fallback != nullptr)
    entry = Entry{parseOption(row, row.fallback, rules.baseFolder), from.origin};
  if (entry) {
    entries.emplace(row.name, std::move(*entry));
  } else if ((row.flags & CK_OPTION_REQUIRED) != 0) {
    throw ConfigError(faultText(
        section, "",
        "key " + inQuotes(row.name) + " is missing (" + row.help + "); allowed: " + allowedText(row)));
  }
}

OptionRows optionRows(const ck_option* first, std::uint32_t rowSize) {
  OptionRows rows;
  if (first == nullptr) return rows;
  if (rowSize < sizeof(ck_option) || rowSize > 4096 || rowSize % alignof(ck_option) != 0) {
    throw std::invalid_argument("options have rows of " + std::to_string(rowSize) +
                                " bytes, this host knows " + std::to_string(sizeof(ck_option)));
  }
  std::set<std::string> names;
  const auto* at = reinterpret_cast<const std::uint8_t*>(first);
  for (;; at += rowSize) {
    ck_option row;
    std::memcpy(&row, at, sizeof row);
    if (row.name == nullptr) return rows;
    if (rows.size() == kMaxRows) throw std::invalid_argument("options have more than 256 rows");
    checkRow(row);
    if (!names.insert(row.name).second) refuseRow(row, "is there twice");
    rows.push_back(row);
  }
}

OptionRows optionRows(const ck_component& component) {
  return optionRows(component.options, component.option_size);
}

std::string sectionTitle(const ConfigSection& section) {
  return oneLine("[" + section.kind + (section.instance.empty() ? "" : "." + section.instance) + "]");
}

ConfigError configFault(const ConfigSection& section, const std::string& key, const ConfigValue& value,
                        const std::string& what) {
  return ConfigError(
      faultText(section, value.origin, oneLine(key) + " = " + inQuotes(value.text) + ": " + what));
}

CheckedOptions::CheckedOptions(const ConfigSection& section, OptionRows rows, const OptionRules& rules)
    : values_(std::make_unique<Values>()) {
  values_->rows = std::move(rows);
  values_->section = {section.kind, section.instance, section.origin, {}};
  values_->instance = section.instance.empty() ? section.kind : section.instance;
  values_->dataDir = rules.dataDir;
  values_->checkNames(section, rules);
  for (const auto& row : values_->rows) values_->read(row, section, rules);
}

CheckedOptions::CheckedOptions(CheckedOptions&&) noexcept = default;
CheckedOptions& CheckedOptions::operator=(CheckedOptions&&) noexcept = default;
CheckedOptions::~CheckedOptions() = default;

ck_config CheckedOptions::config() const {
  ck_config out{};
  out.size = sizeof out;
  out.cx = values_.get();
  out.instance = values_->instance.c_str();
  out.data_dir = values_->dataDir.c_str();
  out.str = [](void* cx, const char* name) noexcept -> const char* {
    const auto* entry = static_cast<const Values*>(cx)->find(name);
    return entry != nullptr ? entry->value.text.c_str() : nullptr;
  };
  out.num = [](void* cx, const char* name) noexcept -> std::int64_t {
    const auto* entry = static_cast<const Values*>(cx)->find(name);
    return entry != nullptr ? entry->value.number : 0;
  };
  out.count = [](void* cx, const char* name) noexcept -> std::uint64_t {
    const auto* entry = static_cast<const Values*>(cx)->find(name);
    return entry != nullptr ? entry->value.items.size() : 0;
  };
  out.item = [](void* cx, const char* name, std::uint64_t i) noexcept -> const char* {
    const auto* entry = static_cast<const Values*>(cx)->find(name);
    return entry != nullptr && i < entry->value.items.size() ? entry->value.items[i].c_str() : nullptr;
  };
  return out;
}

bool CheckedOptions::has(std::string_view name) const {
  if (values_->row(name) == nullptr) throw std::logic_error("no option " + inQuotes(name));
  return values_->entries.find(name) != values_->entries.end();
}

const OptionValue& CheckedOptions::value(std::string_view name) const {
  static const OptionValue none;
  return has(name) ? values_->entries.find(name)->second.value : none;
}

const std::string& CheckedOptions::text(std::string_view name) const { return value(name).text; }
std::int64_t CheckedOptions::number(std::string_view name) const { return value(name).number; }
Duration CheckedOptions::duration(std::string_view name) const { return Duration(value(name).number); }
bool CheckedOptions::flag(std::string_view name) const { return value(name).number != 0; }
const std::vector<std::string>& CheckedOptions::list(std::string_view name) const {
  return value(name).items;
}

const std::string& CheckedOptions::origin(std::string_view name) const {
  return has(name) ? values_->entries.find(name)->second.origin : values_->section.origin;
}

ConfigError CheckedOptions::fault(std::string_view name, const std::string& what) const {
  const std::string value = !has(name)                                   ? " (not set)"
                            : values_->row(name)->type == CK_TYPE_SECRET ? " (secret)"
                                                                         : " = " + inQuotes(text(name));
  return ConfigError(faultText(values_->section, origin(name), std::string(name) + value + ": " + what));
}

}  // namespace clusterkit

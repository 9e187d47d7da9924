// Checks a section of the configuration against a table of ck_option rows and hands out the typed values, to
// a plugin as ck_config and to the host's own settings as C++ values. Secrets are never part of a message.
// [ctl]
#pragma once

#include <clusterkit/plugin.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "clusterkit/types.hpp"
#include "host/option_value.hpp"
#include "host/section.hpp"

namespace clusterkit {

// A config schema in this host's row size, found to be sound.
using OptionRows = std::vector<ck_option>;

// Reads rows up to the one without a name; rowSize is sizeof(ck_option) where they were compiled. `first` may
// be null. Throws std::invalid_argument naming the row that is wrong: no help, unknown type, a default out of
// range and so on.
OptionRows optionRows(const ck_option* first, std::uint32_t rowSize);
OptionRows optionRows(const ck_component& component);

enum class UnknownKeys { Refuse, Ignore };

struct OptionRules {
  std::filesystem::path baseFolder;  // absolute: what relative paths are relative to
  std::string dataDir;               // absolute folder of the node, for ck_config
  std::vector<std::string>
      hostKeys;  // keys of the section that the host reads itself, allowed beside the rows
  UnknownKeys unknownKeys = UnknownKeys::Refuse;
};

// "[sink.audit]"
std::string sectionTitle(const ConfigSection& section);

// "clusterkit.ini:12: [log] level = 'loud': <what>".
ConfigError configFault(const ConfigSection& section, const std::string& key, const ConfigValue& value,
                        const std::string& what);

// The values of one section. Movable; the rows' names must outlive it (they lie in a library that is never
// unmapped).
class CheckedOptions {
 public:
  // Throws ConfigError for the first thing that is wrong.
  CheckedOptions(const ConfigSection& section, OptionRows rows, const OptionRules& rules);
  CheckedOptions(CheckedOptions&&) noexcept;
  CheckedOptions& operator=(CheckedOptions&&) noexcept;
  ~CheckedOptions();

  // A view of this object; it and what it returns stay valid as long as this object, also when it is moved.
  ck_config config() const;

  // For names of the table; asking for another one is a programming error and throws std::logic_error. What
  // is not set reads as empty, 0 or false.
  bool has(std::string_view name) const;  // given, or has a default
  const std::string& text(std::string_view name) const;
  std::int64_t number(std::string_view name) const;
  Duration duration(std::string_view name) const;
  bool flag(std::string_view name) const;
  const std::vector<std::string>& list(std::string_view name) const;
  // Where a value came from; of a default: the section.
  const std::string& origin(std::string_view name) const;
  // An error about a value of this section that only its reader could find.
  ConfigError fault(std::string_view name, const std::string& what) const;

 private:
  struct Values;
  const OptionValue& value(std::string_view name) const;
  std::unique_ptr<Values> values_;
};

}  // namespace clusterkit

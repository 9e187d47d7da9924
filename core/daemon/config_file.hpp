// Reads a configuration file into raw sections, strictly: whatever cannot be meant is an error that names
// file and line. The ending decides the format. [ctl]
//
// INI:  lines `[section]`, `[sink.audit]`, `key = value`, blank lines, and comments that start with ; or #. A
// value
//       reaches to the end of its line, blanks around it removed; there are no comments behind values, no
//       quotes and no continued lines.
// XML:  <clusterkit><node><id>n1</id></node><sink name="audit">...</sink></clusterkit>; no other attributes,
// no deeper
//       elements, no DTD, no entities but the five of XML itself and character references.
//
// In both a section or key may be there once, keys are lower-case, the text is UTF-8 without control
// characters, and
// ${env:NAME} in a value is replaced ($${env:NAME} stays, with one $ less).
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "host/section.hpp"

namespace clusterkit {

// Names and values of environment variables.
using Environment = std::map<std::string, std::string>;
Environment processEnvironment();

// Throws ConfigError. Sections come in the order of the file.
std::vector<ConfigSection> readConfigFile(const std::filesystem::path& path, const Environment& environment);

// The two formats, of text in memory; `file` is the name for messages. Without substitution.
std::vector<ConfigSection> parseIni(std::string_view text, const std::string& file);
std::vector<ConfigSection> parseXml(std::string_view text, const std::string& file);

// `value` with ${env:NAME} replaced. Throws ConfigError naming `where` if the variable is not set.
std::string substituteEnvironment(const std::string& value, const Environment& environment,
                                  const std::string& where);

}  // namespace clusterkit

#include "daemon/load_settings.hpp"

#include "daemon/config_overrides.hpp"
#include "host/text.hpp"

namespace clusterkit {

LoadedSettings loadSettings(const ConfigSources& sources) {
  std::vector<ConfigSection> sections;
  SettingsFolders folders{sources.workingFolder, sources.workingFolder, "no configuration file"};
  if (sources.file) {
    sections = readConfigFile(*sources.file, sources.environment);
    folders.base = (sources.workingFolder / *sources.file).lexically_normal().parent_path();
    folders.origin = oneLine(sources.file->string());
  }
  const auto assignments = parseAssignments(sources.assignments);
  declareSections(sections, assignments);
  auto ignored = applyEnvironment(sections, sources.environment);
  applyAssignments(sections, assignments);
  return {readSettings(sections, folders), std::move(ignored)};
}

}  // namespace clusterkit

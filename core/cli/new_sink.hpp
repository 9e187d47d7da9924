// `clusterkit new sink NAME`: a project for a hook sink of one's own, which builds, tests and runs as it is
// written.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/sink_template.hpp"

namespace clusterkit::cli {

// Makes the folder NAME in `parent` with the template's files and returns their names. Throws UsageError when
// the name is not allowed or the folder exists; std::runtime_error when a file cannot be written.
std::vector<std::string> writeSinkProject(const SinkTemplate& project, const std::string& name,
                                          const std::filesystem::path& parent);

}  // namespace clusterkit::cli

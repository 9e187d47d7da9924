// The projects of examples/ that `clusterkit new sink` writes, built into the command.
#pragma once

#include <string_view>
#include <vector>

namespace clusterkit::cli {

struct TemplateFile {
  std::string_view name, text;
};

struct SinkTemplate {
  // Stands for the new sink's name, in the names of files and in their texts.
  std::string_view placeholder;
  std::vector<TemplateFile> files;
};

const SinkTemplate& cppSinkTemplate();
const SinkTemplate& cSinkTemplate();

}  // namespace clusterkit::cli

// Every key of the core's own sections: name, type, default, range, help. The one table behind checks, error
// texts and samples.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/options.hpp"

namespace clusterkit {

enum class SectionOwner {
  Core,        // all keys are in the table
  Plugin,      // keys are those of the chosen plugin
  CorePlugin,  // both: [sink.NAME]
};

struct SectionSchema {
  std::string kind;
  bool named;  // [sink.audit]
  SectionOwner owner;
  std::string about;  // one line for people
  OptionRows rows;
};

// In the order of the sample.
const std::vector<SectionSchema>& settingsSchema();

// Null for a kind that does not exist.
const SectionSchema* findSection(std::string_view kind);

std::vector<std::string> sectionKinds();
std::vector<std::string> keysOf(const SectionSchema& schema);

}  // namespace clusterkit

// What `clusterkitd --plugin-help sink.script` prints: a commented sample section with every option of a
// component.
#pragma once

#include <functional>
#include <string>

#include "host/options.hpp"

namespace clusterkit {

enum class SampleStyle {
  RequiredActive,  // keys that must be set are lines, all others comments
  AllCommented,    // the whole section is a comment: it is an example
};

// A table of rows with the section it belongs to, for people.
struct SectionSample {
  std::string kind;      // "sink"
  std::string instance;  // "audit" for [sink.audit]; empty for unnamed sections
  std::string about;     // what the section is for, one line; may be empty
  OptionRows rows;
  std::string pluginKey;  // for a sink: written as "plugin = <this>" before the options; empty = no such line
  std::function<std::string(const std::string& key)> required;  // a value for a required key; may be empty
  SampleStyle style = SampleStyle::RequiredActive;
};

// Every key with its help, what is allowed, and its default; keys that need not be set are commented out.
std::string iniSample(const SectionSample& sample);

// The same as an element below <clusterkit>. Defaults are shown in comments.
std::string xmlSample(const SectionSample& sample);

// The sample of a component in both formats, with a heading.
std::string pluginHelp(const ck_component& component);

}  // namespace clusterkit

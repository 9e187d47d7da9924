#include "daemon/section_builder.hpp"

#include <algorithm>

#include "host/options.hpp"
#include "host/text.hpp"

namespace clusterkit {
namespace {

bool isKey(std::string_view key) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  return !key.empty() && std::all_of(key.begin(), key.end(), allowed);
}

std::string lowered(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

}  // namespace

void SectionBuilder::fail(std::size_t line, const std::string& what) const {
  throw ConfigError(at(line) + ": " + what);
}

void SectionBuilder::open(const std::string& kind, const std::string& instance, std::size_t line) {
  if (kind.empty()) fail(line, "a section without a name; allowed: [node], [sink.audit] and so on");
  for (const auto& section : sections_) {
    if (section.kind == kind && section.instance == instance)
      fail(line, sectionTitle(section) + ": this section is there twice, first at " + section.origin);
  }
  sections_.push_back({kind, instance, at(line), {}});
}

void SectionBuilder::add(const std::string& key, std::string value, std::size_t line) {
  if (sections_.empty()) fail(line, "key " + inQuotes(key) + " stands before the first section");
  ConfigSection& section = sections_.back();
  if (!isKey(key)) {
    const bool caseOnly = isKey(lowered(key));
    fail(line,
         sectionTitle(section) + " " + inQuotes(key) + " is no key" +
             (caseOnly ? ", keys are lower-case: " + inQuotes(lowered(key)) : "; allowed: a-z, 0-9 and _"));
  }
  const auto [there, isNew] = section.values.try_emplace(key, ConfigValue{std::move(value), at(line)});
  if (!isNew)
    fail(line,
         sectionTitle(section) + " " + key + ": this key is there twice, first at " + there->second.origin);
}

std::vector<ConfigSection> SectionBuilder::finish() {
  if (sections_.empty())
    throw ConfigError(file_ + ": there is no section in it; [node] and [http] are needed");
  return std::move(sections_);
}

}  // namespace clusterkit

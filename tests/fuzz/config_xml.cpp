// Configuration files in XML.
#include "daemon/config_file.hpp"
#include "fuzz/config.hpp"
#include "fuzz/input.hpp"

namespace clusterkit {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = c != '<' && c != '>' && c != '&' && c != '"' && c != '\n' && c != '\r' && c != '\t';
    out += plain ? std::string(1, c) : "&#" + std::to_string(static_cast<int>(c)) + ";";
  }
  return out;
}

std::vector<ConfigSection> rereadXml(const std::vector<ConfigSection>& sections) {
  std::string text = "<clusterkit>";
  for (const ConfigSection& section : sections) {
    text += "<" + section.kind;
    text += section.instance.empty() ? ">" : " name=\"" + escaped(section.instance) + "\">";
    for (const auto& [key, value] : section.values)
      text += "<" + key + ">" + escaped(value.text) + "</" + key + ">";
    text += "</" + section.kind + ">";
  }
  return parseXml(text + "</clusterkit>", "again.xml");
}

}  // namespace
}  // namespace clusterkit

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clusterkit;
  fuzz::loadConfig(fuzz::textOf(data, size), ".xml", &parseXml, &rereadXml);
  return 0;
}

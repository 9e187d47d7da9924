#include "daemon/config_sample.hpp"

#include "daemon/settings_schema.hpp"
#include "host/plugin_help.hpp"

namespace clusterkit {
namespace {

// What a first node on this machine would set; everything else shows its default.
std::string givenValue(const std::string& kind, const std::string& key) {
  if (kind == "node" && key == "id") return "node-1";
  if (kind == "http" && key == "listen") return "127.0.0.1:8080";
  if (kind == "sink" && key == "plugin") return "script";
  if (kind == "service" && key == "address") return "127.0.0.1:7000";
  return "";
}

std::string pluginHint(const SectionSchema& schema) {
  const std::string id = schema.kind == "sink" ? "script" : "<id>";
  return "Keys of the plugin itself: clusterkitd --plugin-help " + schema.kind + "." + id;
}

SectionSample sampleOf(const SectionSchema& schema) {
  SectionSample sample;
  sample.kind = schema.kind;
  sample.instance = schema.named ? "example" : "";
  sample.about = schema.about;
  if (schema.owner != SectionOwner::Core) sample.about += " " + pluginHint(schema);
  sample.rows = schema.rows;
  sample.required = [kind = schema.kind](const std::string& key) { return givenValue(kind, key); };
  // A sink or a service is only there if somebody wants one.
  sample.style = schema.named ? SampleStyle::AllCommented : SampleStyle::RequiredActive;
  return sample;
}

}  // namespace

std::string sampleIni() {
  std::string out =
      "; Every key of clusterkitd with its default. A key behind a ; is not set; remove the ; to set it.\n"
      "; Every key can also be set by the environment (CLUSTERKIT_NODE_ID for id in [node]) and by\n"
      "; --set node.id=node-1; the order is command line, environment, this file, default.\n"
      "; ${env:NAME} in a value is replaced. Paths are relative to the folder of this file.\n";
  for (const auto& schema : settingsSchema()) out += "\n" + iniSample(sampleOf(schema));
  return out;
}

std::string sampleXml() {
  std::string out =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<!-- Every key of clusterkitd with its default. Keys in comments are not set. The rules are those of\n"
      "     clusterkit.ini, which says more. -->\n"
      "<clusterkit>\n";
  for (const auto& schema : settingsSchema()) out += xmlSample(sampleOf(schema)) + "\n";
  out.pop_back();
  return out + "</clusterkit>\n";
}

}  // namespace clusterkit

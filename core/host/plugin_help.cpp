#include "host/plugin_help.hpp"

#include <clusterkit/plugin.h>

#include "host/option_value.hpp"
#include "host/plugin_kinds.hpp"
#include "host/text.hpp"

namespace clusterkit {
namespace {

bool isRequired(const ck_option& row) { return (row.flags & CK_OPTION_REQUIRED) != 0; }

// "How often to ask (10ms to 1m). Required."
std::string explain(const ck_option& row) {
  const std::string hint = allowedHint(row);
  std::string text = row.help;
  if (!text.empty() && text.back() == '.') text.pop_back();
  text += (hint.empty() ? "" : " (" + hint + ")") + ".";
  if (isRequired(row)) text += " Required.";
  if ((row.flags & CK_OPTION_RELOADABLE) != 0) text += " Can be reloaded.";
  return oneLine(text);
}

std::string xmlEscaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

// Two hyphens end an XML comment too early.
std::string xmlComment(std::string text) {
  for (std::size_t at = text.find("--"); at != std::string::npos; at = text.find("--", at))
    text.insert(at + 1, " ");
  return "<!-- " + text + " -->";
}

// What the line of a key shows behind the =.
std::string shownValue(const SectionSample& sample, const ck_option& row) {
  if (row.fallback != nullptr) return oneLine(row.fallback);
  return isRequired(row) && sample.required ? sample.required(row.name) : "";
}

bool isActive(const SectionSample& sample, const ck_option& row) {
  return isRequired(row) && sample.style == SampleStyle::RequiredActive;
}

std::string line(const std::string& text) { return text.substr(0, text.find_last_not_of(' ') + 1) + "\n"; }

}  // namespace

std::string iniSample(const SectionSample& sample) {
  const std::string lead = sample.style == SampleStyle::AllCommented ? ";" : "";
  std::string out;
  if (!sample.about.empty()) out += "; " + oneLine(sample.about) + "\n";
  out += lead + sectionTitle({sample.kind, sample.instance, "", {}}) + "\n";
  if (!sample.pluginKey.empty()) out += lead + "plugin = " + sample.pluginKey + "\n";
  for (const ck_option& row : sample.rows) {
    out += "; " + explain(row) + "\n";
    out += line((isActive(sample, row) ? "" : ";") + std::string(row.name) + " = " + shownValue(sample, row));
  }
  return out;
}

std::string xmlSample(const SectionSample& sample) {
  const bool commented = sample.style == SampleStyle::AllCommented;
  const auto shown = [&](const std::string& element) { return commented ? xmlComment(element) : element; };
  const std::string name = sample.instance.empty() ? "" : " name=\"" + xmlEscaped(sample.instance) + "\"";
  std::string out;
  if (!sample.about.empty()) out += "  " + xmlComment(oneLine(sample.about)) + "\n";
  out += "  " + shown("<" + sample.kind + name + ">") + "\n";
  if (!sample.pluginKey.empty())
    out += "    " + shown("<plugin>" + xmlEscaped(sample.pluginKey) + "</plugin>") + "\n";
  for (const ck_option& row : sample.rows) {
    const std::string tag = row.name;
    const std::string element = "<" + tag + ">" + xmlEscaped(shownValue(sample, row)) + "</" + tag + ">";
    out += "    " + xmlComment(explain(row)) + "\n";
    out += "    " + (isActive(sample, row) ? element : xmlComment(element)) + "\n";
  }
  return out + "  " + shown("</" + sample.kind + ">") + "\n";
}

std::string pluginHelp(const ck_component& component) {
  SectionSample sample;
  sample.kind = roleOf(component.kind);
  const bool isSink = sample.kind == "sink";
  sample.rows = optionRows(component);
  if (isSink) {
    sample.instance = "name";
    sample.pluginKey = component.id;
  }
  const std::string use = isSink ? "" : "; chosen by [plugins] " + sample.kind + " = " + component.id + "\n";
  const std::string heading =
      oneLine(sample.kind + "." + component.id + " " + component.version + ": " + component.summary);
  return "; " + heading + "\n" + use + "\n" + iniSample(sample) + "\n; The same in XML:\n\n" +
         xmlSample(sample);
}

}  // namespace clusterkit

#include "host/plugin_list.hpp"

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <clusterkit/plugin.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <utility>

#include "host/plugin_kinds.hpp"
#include "host/text.hpp"

namespace clusterkit {
namespace {

const std::string kHostAbi = std::to_string(CK_ABI_MAJOR) + "." + std::to_string(CK_ABI_MINOR);

std::vector<std::string> flagNames(std::uint32_t flags) {
  static constexpr std::array<std::pair<std::uint32_t, const char*>, 5> names{
      {{CK_COMPONENT_DETERMINISTIC, "deterministic"},
       {CK_COMPONENT_SINGLETON, "singleton"},
       {CK_COMPONENT_NEEDS_STORE, "needs-store"},
       {CK_COMPONENT_NEEDS_TRANSPORT, "needs-transport"},
       {CK_COMPONENT_CONCURRENT, "concurrent"}}};
  std::vector<std::string> out;
  for (const auto& [bit, name] : names)
    if ((flags & bit) != 0) out.emplace_back(name);
  return out;
}

std::string builtAbi(const LibraryNote& library) {
  return std::to_string(library.abiMajor) + "." + std::to_string(library.abiMinor);
}

using Row = std::array<std::string, 5>;

std::string table(const std::vector<Row>& rows) {
  std::array<std::size_t, 5> widths{};
  for (const Row& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string out;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
    out += std::string(line, 0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

Poco::JSON::Object::Ptr componentJson(const ComponentNote& component) {
  Poco::JSON::Object::Ptr out = new Poco::JSON::Object(Poco::JSON_PRESERVE_KEY_ORDER);
  Poco::JSON::Array flags;
  for (const auto& flag : flagNames(component.flags)) flags.add(flag);
  out->set("kind", component.kind);
  out->set("id", component.id);
  out->set("version", component.version);
  out->set("summary", component.summary);
  out->set("known", !roleOf(component.kind).empty());
  out->set("flags", flags);
  return out;
}

Poco::JSON::Object::Ptr fileJson(const PluginFile& file) {
  Poco::JSON::Object::Ptr out = new Poco::JSON::Object(Poco::JSON_PRESERVE_KEY_ORDER);
  out->set("file", oneLine(file.path.string()));
  out->set("size", file.size);
  if (!file.sha256.empty()) out->set("sha256", file.sha256);
  out->set("state", file.ok() ? "ok" : "refused");
  if (!file.ok()) out->set("reason", file.refusal);
  if (!file.notes) return out;
  const LibraryNote& library = file.notes->library;
  out->set("abi", builtAbi(library));
  out->set("need", std::to_string(library.abiMajor) + "." + std::to_string(library.needMinor));
  out->set("library", library.library);
  out->set("version", library.version);
  Poco::JSON::Array components;
  for (const ComponentNote& component : file.notes->components) components.add(componentJson(component));
  out->set("components", components);
  return out;
}

}  // namespace

std::string listPluginsText(const PluginCatalog& catalog) {
  std::vector<Row> rows{{"PLUGIN", "VERSION", "ABI", "FILE", "SUMMARY"}};
  std::string refused;
  for (const PluginFile& file : catalog.files()) {
    if (!file.ok()) {
      refused += "refused  " + oneLine(file.path.string()) + "  " + file.refusal + "\n";
      continue;
    }
    for (const ComponentNote& c : file.notes->components) {
      const auto role = roleOf(c.kind);
      const std::string plugin =
          role.empty() ? c.kind + " " + c.id + " (unknown kind)" : std::string(role) + "." + c.id;
      rows.push_back({oneLine(plugin), oneLine(c.version), builtAbi(file.notes->library),
                      oneLine(file.path.string()), oneLine(c.summary)});
    }
  }
  std::string places;
  for (const auto& place : catalog.places()) places += "looked in  " + place + "\n";
  return table(rows) + refused + places + "host ABI  " + kHostAbi + "\n";
}

std::string listPluginsJson(const PluginCatalog& catalog) {
  Poco::JSON::Object out(Poco::JSON_PRESERVE_KEY_ORDER);
  Poco::JSON::Array places;
  for (const auto& place : catalog.places()) places.add(place);
  Poco::JSON::Array plugins;
  for (const PluginFile& file : catalog.files()) plugins.add(fileJson(file));
  out.set("host_abi", kHostAbi);
  out.set("places", places);
  out.set("plugins", plugins);
  std::ostringstream text;
  out.stringify(text, 2);
  text << "\n";
  return text.str();
}

}  // namespace clusterkit

#include "host/plugin_entry.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "host/options.hpp"
#include "host/plugin_catalog.hpp"
#include "host/text.hpp"

namespace clusterkit {
namespace {

constexpr std::size_t kMaxComponents = 64;
constexpr std::uint32_t kLargestTable = 64 * 1024;
constexpr std::size_t kLongestText = 4096;

[[noreturn]] void refuse(const std::string& why) { throw PluginRefused(why); }

// A smaller table misses members of the first revision; an absurdly large one is no table of ours.
void checkSize(std::uint32_t size, std::size_t wanted, const std::string& what) {
  if (size >= wanted && size <= kLargestTable) return;
  refuse("has " + what + " of " + std::to_string(size) + " bytes, this host knows " + std::to_string(wanted));
}

void checkText(const char* text, const std::string& what) {
  if (text == nullptr) refuse("has a null pointer as " + what);
  if (::strnlen(text, kLongestText) == kLongestText) refuse("has a text without end as " + what);
}

void checkSame(const std::string& noted, const std::string& entered, const std::string& what) {
  if (noted == entered) return;
  refuse("says " + what + " " + inQuotes(noted) + " in its note but " + inQuotes(entered) + " in its entry");
}

std::string abi(std::uint32_t major, std::uint32_t minor, std::uint32_t need) {
  return std::to_string(major) + "." + std::to_string(minor) + " needing " + std::to_string(major) + "." +
         std::to_string(need);
}

bool isId(std::string_view id) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !id.empty() && id.size() <= 32 && std::all_of(id.begin(), id.end(), allowed);
}

void checkComponent(const ck_component& component, std::size_t position) {
  const std::string number = "component " + std::to_string(position);
  checkSize(component.size, sizeof(ck_component), number);
  checkText(component.kind, "the kind of " + number);
  checkText(component.id, "the id of " + number);
  if (!isId(component.id)) refuse("has the id " + inQuotes(component.id) + ", allowed is [a-z0-9-]{1,32}");
  const std::string name = "component " + inQuotes(component.id);
  checkText(component.summary, "the summary of " + name);
  checkText(component.version, "the version of " + name);
  if (component.create == nullptr) refuse("has a null pointer as create of " + name);
  if (component.iface == nullptr) refuse("has a null pointer as iface of " + name);
  if (component.destroy == nullptr) refuse("has a null pointer as destroy of " + name);
  try {
    optionRows(component);
  } catch (const std::invalid_argument& e) {
    refuse("has an unsound config schema in " + name + ": " + e.what());
  }
}

std::string describe(const ComponentNote& component) {
  return component.kind + " " + component.id + " " + component.version + " flags " +
         std::to_string(component.flags) + " (" + component.summary + ")";
}

// Both sides as sorted text: the order of components in a file means nothing.
std::string describeAll(const std::vector<ComponentNote>& components) {
  std::vector<std::string> lines;
  for (const auto& component : components) lines.push_back(describe(component));
  std::sort(lines.begin(), lines.end());
  return joined(lines);
}

PluginNotes asNotes(const ck_entry& entry, const std::vector<const ck_component*>& components) {
  PluginNotes notes;
  notes.library = {entry.abi_major, entry.abi_minor, entry.need_minor, entry.library, entry.version};
  for (const ck_component* c : components)
    notes.components.push_back({c->kind, c->id, c->version, c->summary, c->flags});
  return notes;
}

void checkSameAsNote(const PluginNotes& entered, const PluginNotes& noted) {
  const LibraryNote& a = noted.library;
  const LibraryNote& b = entered.library;
  checkSame(abi(a.abiMajor, a.abiMinor, a.needMinor), abi(b.abiMajor, b.abiMinor, b.needMinor), "plugin ABI");
  checkSame(a.library, b.library, "library");
  checkSame(a.version, b.version, "version");
  const std::string notedComponents = describeAll(noted.components);
  const std::string enteredComponents = describeAll(entered.components);
  if (notedComponents != enteredComponents)
    refuse("offers in its note: " + oneLine(notedComponents) +
           "; but in its entry: " + oneLine(enteredComponents));
}

}  // namespace

std::vector<const ck_component*> checkEntry(const ck_entry* entry, const PluginNotes& notes) {
  if (entry == nullptr) refuse("has a null entry");
  checkSize(entry->size, sizeof(ck_entry), "an entry");
  checkText(entry->library, "its library name");
  checkText(entry->version, "its version");
  if (entry->components == nullptr) refuse("has a null pointer as its list of components");
  std::vector<const ck_component*> components;
  for (const ck_component* const* at = entry->components; *at != nullptr; ++at) {
    if (components.size() == kMaxComponents) refuse("has more than 64 components");
    checkComponent(**at, components.size() + 1);
    components.push_back(*at);
  }
  if (components.empty()) refuse("has no component in its entry");
  const PluginNotes entered = asNotes(*entry, components);
  checkNotes(entered);
  checkSameAsNote(entered, notes);
  return components;
}

}  // namespace clusterkit

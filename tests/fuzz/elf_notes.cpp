// What a plugin file says about itself, read before any of its code is trusted.
#include "host/elf_notes.hpp"

#include <algorithm>

#include "cluster/json_text.hpp"
#include "fuzz/input.hpp"
#include "fuzz/require.hpp"
#include "fuzz/small_elf.hpp"

namespace clusterkit {
namespace {

using fuzz::require;

constexpr std::size_t kLongestRefusal = 600;

std::string textOf(const LibraryNote& note) {
  JsonText json;
  json.beginObject().field("abi_major", note.abiMajor).field("abi_minor", note.abiMinor);
  json.field("need_minor", note.needMinor).field("library", note.library).field("version", note.version);
  json.endObject();
  return json.take();
}

std::string textOf(const ComponentNote& note) {
  JsonText json;
  json.beginObject().field("kind", note.kind).field("id", note.id).field("version", note.version);
  json.field("summary", note.summary).field("flags", std::to_string(note.flags)).endObject();
  return json.take();
}

// The same notes in a file of our own, component after component.
std::string fileOf(const PluginNotes& notes) {
  std::vector<fuzz::ElfNote> all{{CK_NOTE_LIBRARY, textOf(notes.library)}};
  for (const ComponentNote& note : notes.components) all.push_back({CK_NOTE_COMPONENT, textOf(note)});
  return fuzz::smallElf(all);
}

std::span<const std::uint8_t> bytesOf(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

void saysTheSameAgain(const PluginNotes& notes) {
  require(!notes.components.empty(), "a plugin has a component");
  try {
    const PluginNotes again = readPluginNotes(bytesOf(fileOf(notes)));
    require(fileOf(again) == fileOf(notes), "notes survive the way there and back");
  } catch (const PluginRefused& refusal) {
    // What was short in the file's own spelling may be too long in ours: \u0001 for one byte.
    require(std::string_view(refusal.what()).starts_with("has a note of "), "notes can be read again",
            refusal.what());
  }
}

void checkRefusal(std::string_view text) {
  require(!text.empty() && text.size() <= kLongestRefusal, "a refusal is short", text);
  const auto isControl = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  require(std::none_of(text.begin(), text.end(), isControl), "a refusal is one line", text);
}

}  // namespace
}  // namespace clusterkit

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clusterkit;
  try {
    saysTheSameAgain(readPluginNotes({data, size}));
  } catch (const PluginRefused& refusal) {
    checkRefusal(refusal.what());
  }
  return 0;
}

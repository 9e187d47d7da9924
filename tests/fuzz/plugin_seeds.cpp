#include <array>

#include "frame.hpp"
#include "fuzz/seeds.hpp"
#include "fuzz/small_elf.hpp"

namespace clusterkit::fuzz {
namespace {

const ElfNote kLibrary{CK_NOTE_LIBRARY,
                       R"({"abi_major":1,"abi_minor":0,"need_minor":0,"library":"audit","version":"2.1"})"};
const ElfNote kComponent{
    CK_NOTE_COMPONENT,
    R"({"kind":"clusterkit.sink/1","id":"audit","version":"2.1","summary":"writes it down","flags":"1 | 2"})"};

std::string frame(zmq::FrameKind kind, std::uint64_t sequence) {
  std::array<std::uint8_t, zmq::frameHeaderSize> bytes{};
  zmq::encode({kind, 1, 7, 8, 0x1122334455667788, sequence}, bytes.data());
  return {bytes.begin(), bytes.end()};
}

}  // namespace

std::vector<Seed> pluginSeeds() {
  const ElfNote ofTheLinker{3, std::string("\x01\x02\x03", 3), std::string("GNU", 4)};
  const ElfNote noJson{CK_NOTE_COMPONENT, "{\"kind\":"};
  std::string wrongMachine = smallElf({kLibrary, kComponent});
  wrongMachine[offsetof(Elf64_Ehdr, e_machine)] = EM_386;
  return {{"elf_notes", "plugin", smallElf({kLibrary, kComponent})},
          {"elf_notes", "aligned-to-8", smallElf({ofTheLinker, kLibrary, kComponent, kComponent}, 8)},
          {"elf_notes", "no-library", smallElf({kComponent})},
          {"elf_notes", "no-json", smallElf({kLibrary, noJson})},
          {"elf_notes", "other-machine", wrongMachine},
          {"wire_frame", "hello", frame(zmq::FrameKind::hello, 42)},
          {"wire_frame", "stream",
           frame(zmq::FrameKind::data, 1) + frame(zmq::FrameKind::data, 2) + frame(zmq::FrameKind::data, 5)}};
}

}  // namespace clusterkit::fuzz

#include "host/elf_notes.hpp"

#include <Poco/Dynamic/Var.h>
#include <Poco/Exception.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <clusterkit/plugin.h>
#include <elf.h>

#include <bit>
#include <cstring>
#include <limits>
#include <optional>

#include "host/text.hpp"
#include "host/units.hpp"
#include "host/utf8.hpp"

namespace clusterkit {
namespace {

static_assert(std::endian::native == std::endian::little,
              "the reader copies little-endian headers as they are");

#if defined(__x86_64__)
constexpr std::uint16_t kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t kMachine = EM_AARCH64;
#elif defined(__riscv)
constexpr std::uint16_t kMachine = EM_RISCV;
#else
#error "add this architecture's ELF machine number"
#endif

constexpr std::size_t kMaxComponents = 64;
constexpr std::size_t kMaxNoteText = 16 * 1024;
constexpr std::size_t kMaxProgramHeaders = 1024;

using Bytes = std::span<const std::uint8_t>;

[[noreturn]] void refuse(const std::string& why) { throw PluginRefused(why); }

std::string machineName(std::uint16_t machine) {
  const std::string number = " (" + std::to_string(machine) + ")";
  switch (machine) {
    case EM_386: return "i386" + number;
    case EM_ARM: return "arm" + number;
    case EM_X86_64: return "x86-64" + number;
    case EM_AARCH64: return "aarch64" + number;
    case EM_RISCV: return "riscv" + number;
    case EM_PPC64: return "ppc64" + number;
    case EM_S390: return "s390" + number;
    default: return "machine" + number;
  }
}

// The part of `bytes` at an untrusted place; `what` names it in the refusal.
Bytes slice(Bytes bytes, std::uint64_t offset, std::uint64_t size, const char* what) {
  if (offset > bytes.size() || size > bytes.size() - offset) {
    refuse(std::string("is damaged: ") + what + " at offset " + std::to_string(offset) + " with " +
           std::to_string(size) + " bytes is outside of " + std::to_string(bytes.size()) + " bytes");
  }
  return bytes.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
}

template <class Header>
Header readHeader(Bytes bytes, std::uint64_t offset, const char* what) {
  const Bytes raw = slice(bytes, offset, sizeof(Header), what);
  Header header;
  std::memcpy(&header, raw.data(), sizeof header);
  return header;
}

Elf64_Ehdr readFileHeader(Bytes file) {
  if (file.size() < SELFMAG || std::memcmp(file.data(), ELFMAG, SELFMAG) != 0)
    refuse("is no ELF file: it does not start with the bytes 7f 45 4c 46");
  const auto ident = slice(file, 0, EI_NIDENT, "the ELF identification");
  if (ident[EI_CLASS] != ELFCLASS64)
    refuse("is ELF class " + std::to_string(ident[EI_CLASS]) + ", this host takes class 2 (64 bits)");
  if (ident[EI_DATA] != ELFDATA2LSB)
    refuse("has ELF byte order " + std::to_string(ident[EI_DATA]) + ", this host takes 1 (little-endian)");
  const auto header = readHeader<Elf64_Ehdr>(file, 0, "the ELF header");
  if (header.e_machine != kMachine)
    refuse("is built for " + machineName(header.e_machine) + ", this host runs on " + machineName(kMachine));
  if (header.e_type != ET_DYN)
    refuse("has ELF type " + std::to_string(header.e_type) + ", a shared object has type 3");
  if (header.e_phentsize != sizeof(Elf64_Phdr)) {
    refuse("is damaged: its program headers have " + std::to_string(header.e_phentsize) + " bytes, not " +
           std::to_string(sizeof(Elf64_Phdr)));
  }
  if (header.e_phnum > kMaxProgramHeaders)
    refuse("has " + std::to_string(header.e_phnum) + " program headers, at most 1024 are looked at");
  return header;
}

struct RawNote {
  std::uint32_t type;
  std::string_view text;
};

std::string_view text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

std::uint64_t roundUp(std::uint64_t n, std::uint64_t to) { return (n + to - 1) / to * to; }

// Name and text of a note are each padded to the segment's alignment, 4 or 8.
void collectNotes(Bytes segment, std::uint64_t alignment, std::vector<RawNote>& out) {
  const std::uint64_t pad = alignment == 8 ? 8 : 4;
  std::uint64_t at = 0;
  while (segment.size() - at >= sizeof(Elf64_Nhdr)) {
    const auto header = readHeader<Elf64_Nhdr>(segment, at, "a note's header");
    const Bytes name = slice(segment, at + sizeof header, header.n_namesz, "a note's name");
    const std::uint64_t start = roundUp(at + sizeof header + header.n_namesz, pad);
    const Bytes body = slice(segment, start, header.n_descsz, "a note's text");
    constexpr std::string_view ours{CK_NOTE_NAME, sizeof CK_NOTE_NAME};  // with its zero
    if (text(name) == ours) {
      if (out.size() > kMaxComponents) refuse("has more than 64 components");
      out.push_back({header.n_type, text(body)});
    }
    at = roundUp(start + header.n_descsz, pad);
    if (at >= segment.size()) return;
  }
}

Poco::JSON::Object::Ptr parseNote(std::string_view json) {
  while (!json.empty() && json.back() == '\0') json.remove_suffix(1);
  if (json.size() > kMaxNoteText)
    refuse("has a note of " + std::to_string(json.size()) + " bytes, at most 16384 are read");
  if (json.find('\0') != std::string_view::npos || !isUtf8(json)) refuse("has a note that is no UTF-8 text");
  try {
    Poco::JSON::Parser parser;
    parser.setDepth(4);
    auto parsed = parser.parse(std::string(json));
    if (parsed.type() == typeid(Poco::JSON::Object::Ptr)) return parsed.extract<Poco::JSON::Object::Ptr>();
  } catch (const Poco::Exception& e) {
    refuse("has a note that is no JSON: " + inQuotes(json));
  } catch (const std::exception& e) {
    refuse("has a note that is no JSON: " + inQuotes(json));
  }
  refuse("has a note that is no JSON object: " + inQuotes(json));
}

std::string stringFact(const Poco::JSON::Object& note, const std::string& key) {
  const auto value = note.get(key);
  if (!value.isString()) refuse("has a note whose '" + key + "' is missing or no string");
  return value.extract<std::string>();
}

std::uint32_t numberFact(const Poco::JSON::Object& note, const std::string& key) {
  const auto value = note.get(key);
  std::optional<std::int64_t> number;
  if (!value.isEmpty() && value.isInteger()) number = parseInteger(value.convert<std::string>());
  if (!number || *number < 0 || *number > std::numeric_limits<std::uint32_t>::max())
    refuse("has a note whose '" + key + "' is missing or no number of 32 bits");
  return static_cast<std::uint32_t>(*number);
}

LibraryNote libraryNote(const Poco::JSON::Object& note) {
  return {numberFact(note, "abi_major"), numberFact(note, "abi_minor"), numberFact(note, "need_minor"),
          stringFact(note, "library"), stringFact(note, "version")};
}

ComponentNote componentNote(const Poco::JSON::Object& note) {
  return {stringFact(note, "kind"), stringFact(note, "id"), stringFact(note, "version"),
          stringFact(note, "summary"), parseNoteFlags(stringFact(note, "flags"))};
}

}  // namespace

std::uint32_t parseNoteFlags(std::string_view text) {
  std::uint32_t flags = 0;
  for (const auto& part : splitTrimmed(text, '|')) {
    const auto number = parseInteger(part);
    if (!number || *number < 0 || *number > std::numeric_limits<std::uint32_t>::max())
      refuse("has a note whose flags are " + inQuotes(text) + ", wanted are numbers joined by |");
    flags |= static_cast<std::uint32_t>(*number);
  }
  return flags;
}

PluginNotes readPluginNotes(Bytes file) {
  const Elf64_Ehdr header = readFileHeader(file);
  std::vector<RawNote> raw;
  for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
    // An offset near 2^64 must not wrap round to a valid one.
    if (header.e_phoff > file.size()) refuse("is damaged: its program headers are outside of the file");
    const auto segment =
        readHeader<Elf64_Phdr>(file, header.e_phoff + i * sizeof(Elf64_Phdr), "a program header");
    // The system's loader maps what the header says and dies of a bus error where the file is shorter.
    if (segment.p_type == PT_LOAD) slice(file, segment.p_offset, segment.p_filesz, "a loadable segment");
    if (segment.p_type != PT_NOTE) continue;
    collectNotes(slice(file, segment.p_offset, segment.p_filesz, "a note segment"), segment.p_align, raw);
  }
  std::optional<LibraryNote> library;
  PluginNotes notes;
  for (const RawNote& note : raw) {
    if (note.type == CK_NOTE_LIBRARY) {
      if (library) refuse("has two library notes");
      library = libraryNote(*parseNote(note.text));
    } else if (note.type == CK_NOTE_COMPONENT) {
      notes.components.push_back(componentNote(*parseNote(note.text)));
    }
  }
  if (!library) refuse("has no ClusterKit note: it is no plugin, or was built without CK_LIBRARY_NOTE");
  if (notes.components.empty()) refuse("has a ClusterKit library note but no component note");
  notes.library = *std::move(library);
  return notes;
}

}  // namespace clusterkit

// The smallest ELF files that the note reader takes: a header, one loadable segment, one segment of notes.
#pragma once

#include <clusterkit/plugin.h>
#include <elf.h>

#include <string>
#include <string_view>
#include <vector>

namespace clusterkit::fuzz {

struct ElfNote {
  std::uint32_t type = CK_NOTE_COMPONENT;
  std::string text;
  std::string name = std::string(CK_NOTE_NAME, sizeof CK_NOTE_NAME);  // with its zero
};

namespace elf {

template <class Header>
std::string_view bytesOf(const Header& header) {
  return {reinterpret_cast<const char*>(&header), sizeof header};
}

inline std::string padded(std::string text, std::size_t alignment) {
  text.resize((text.size() + alignment - 1) / alignment * alignment);
  return text;
}

inline Elf64_Ehdr header() {
  Elf64_Ehdr header{};
  const unsigned char ident[] = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT};
  std::copy(std::begin(ident), std::end(ident), header.e_ident);
  header.e_type = ET_DYN;
#if defined(__x86_64__)
  header.e_machine = EM_X86_64;
#elif defined(__aarch64__)
  header.e_machine = EM_AARCH64;
#elif defined(__riscv)
  header.e_machine = EM_RISCV;
#endif
  header.e_version = EV_CURRENT;
  header.e_phoff = sizeof header;
  header.e_ehsize = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 2;
  return header;
}

inline Elf64_Phdr segment(std::uint32_t type, std::size_t offset, std::size_t size, std::size_t alignment) {
  Elf64_Phdr segment{};
  segment.p_type = type;
  segment.p_offset = offset;
  segment.p_filesz = segment.p_memsz = size;
  segment.p_align = alignment;
  return segment;
}

}  // namespace elf

// `alignment`: 4, or 8 as some linkers have it.
inline std::string smallElf(const std::vector<ElfNote>& notes, std::size_t alignment = 4) {
  std::string segment;
  for (const ElfNote& note : notes) {
    const Elf64_Nhdr header{static_cast<Elf64_Word>(note.name.size()),
                            static_cast<Elf64_Word>(note.text.size()), note.type};
    segment = elf::padded(segment + std::string(elf::bytesOf(header)) + note.name, alignment);
    segment = elf::padded(segment + note.text, alignment);
  }
  const std::size_t start = sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr);
  const Elf64_Ehdr header = elf::header();
  const Elf64_Phdr load = elf::segment(PT_LOAD, 0, start + segment.size(), 4096);
  const Elf64_Phdr note = elf::segment(PT_NOTE, start, segment.size(), alignment);
  std::string file(elf::bytesOf(header));
  file += elf::bytesOf(load);
  file += elf::bytesOf(note);
  return file + segment;
}

}  // namespace clusterkit::fuzz

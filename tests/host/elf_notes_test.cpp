// The note reader on sound files, on stripped ones, and on damaged ones of every kind: it refuses, it never
// crashes.
#include "host/elf_notes.hpp"

#include <clusterkit/sink.h>
#include <elf.h>

#include <cstring>
#include <random>

#include "host/plugin_fixture.hpp"

namespace clusterkit {
namespace {

using testing::HasSubstr;

std::string refusal(const Bytes& bytes) {
  try {
    readPluginNotes(bytes);
  } catch (const PluginRefused& e) {
    return e.what();
  }
  return "";
}

template <class T>
void patch(Bytes& bytes, std::size_t offset, T value) {
  ASSERT_LE(offset + sizeof value, bytes.size());
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

// The program header of the notes segment that holds ours.
std::size_t noteHeaderOffset(const Bytes& bytes) {
  Elf64_Ehdr file;
  std::memcpy(&file, bytes.data(), sizeof file);
  for (std::size_t i = 0; i < file.e_phnum; ++i) {
    const std::size_t at = file.e_phoff + i * sizeof(Elf64_Phdr);
    Elf64_Phdr segment;
    std::memcpy(&segment, bytes.data() + at, sizeof segment);
    const std::string text(bytes.begin() + static_cast<std::ptrdiff_t>(segment.p_offset),
                           bytes.begin() + static_cast<std::ptrdiff_t>(segment.p_offset + segment.p_filesz));
    if (segment.p_type == PT_NOTE && text.find(CK_NOTE_NAME) != std::string::npos) return at;
  }
  ADD_FAILURE() << "no note segment";
  return 0;
}

// Where the last byte that the loader maps ends; debug information and section headers come behind it.
std::size_t mappedEnd(const Bytes& bytes) {
  Elf64_Ehdr file;
  std::memcpy(&file, bytes.data(), sizeof file);
  std::size_t end = 0;
  for (std::size_t i = 0; i < file.e_phnum; ++i) {
    Elf64_Phdr segment;
    std::memcpy(&segment, bytes.data() + file.e_phoff + i * sizeof segment, sizeof segment);
    if (segment.p_type == PT_LOAD) end = std::max<std::size_t>(end, segment.p_offset + segment.p_filesz);
  }
  return end;
}

TEST(ElfNotes, ASoundFileSaysWhatItIs) {
  const PluginNotes notes = readPluginNotes(bytesOf(testPlugin("counter")));
  EXPECT_EQ(notes.library.abiMajor, 1u);
  EXPECT_EQ(notes.library.needMinor, 0u);
  EXPECT_EQ(notes.library.library, "counter");
  EXPECT_EQ(notes.library.version, "2.1");
  ASSERT_EQ(notes.components.size(), 1u);
  EXPECT_EQ(notes.components[0].kind, CK_SINK_SIMPLE_KIND);
  EXPECT_EQ(notes.components[0].id, "counter");
  EXPECT_EQ(notes.components[0].summary, "counts what it is given");
  EXPECT_EQ(notes.components[0].flags, 0u);
}

class StrippedNotes : public PluginTest {};

TEST_F(StrippedNotes, SurviveTheStripCommandAndTheLossOfAllSectionHeaders) {
  for (const char* plugin : {"counter", "sound"}) {
    const fs::path path = put(plugin);
    const std::string command = "strip --strip-all '" + path.string() + "'";
    ASSERT_EQ(std::system(command.c_str()), 0);
    Bytes bytes = bytesOf(path);
    ASSERT_LT(bytes.size(), bytesOf(testPlugin(plugin)).size());
    EXPECT_EQ(readPluginNotes(bytes).components[0].id, plugin);
    patch(bytes, offsetof(Elf64_Ehdr, e_shoff), std::uint64_t{0xFFFFFFFFFFFFFFFF});
    patch(bytes, offsetof(Elf64_Ehdr, e_shnum), std::uint16_t{0xFFFF});
    EXPECT_EQ(readPluginNotes(bytes).components[0].id, plugin);
  }
}

TEST(ElfNotes, FilesForAnotherMachineAreRefusedWithBothValues) {
  Bytes bytes = bytesOf(testPlugin("sound"));
  Elf64_Ehdr header;
  std::memcpy(&header, bytes.data(), sizeof header);
  const std::uint16_t other = header.e_machine == EM_AARCH64 ? EM_X86_64 : EM_AARCH64;
  patch(bytes, offsetof(Elf64_Ehdr, e_machine), other);
  EXPECT_THAT(refusal(bytes),
              testing::MatchesRegex("is built for .* \\([0-9]+\\), this host runs on .* \\([0-9]+\\)"));
  EXPECT_THAT(refusal(bytes), HasSubstr("(" + std::to_string(other) + ")"));
  EXPECT_THAT(refusal(bytes), HasSubstr("(" + std::to_string(header.e_machine) + ")"));

  bytes = bytesOf(testPlugin("sound"));
  bytes[EI_CLASS] = ELFCLASS32;
  EXPECT_EQ(refusal(bytes), "is ELF class 1, this host takes class 2 (64 bits)");
  bytes = bytesOf(testPlugin("sound"));
  bytes[EI_DATA] = ELFDATA2MSB;
  EXPECT_EQ(refusal(bytes), "has ELF byte order 2, this host takes 1 (little-endian)");
  bytes = bytesOf(testPlugin("sound"));
  patch(bytes, offsetof(Elf64_Ehdr, e_type), std::uint16_t{ET_REL});
  EXPECT_EQ(refusal(bytes), "has ELF type 1, a shared object has type 3");
}

TEST(ElfNotes, WhatIsNoElfOrNoPluginIsRefused) {
  EXPECT_THAT(refusal({}), HasSubstr("is no ELF file"));
  EXPECT_THAT(refusal({'h', 'e', 'l', 'l', 'o'}), HasSubstr("is no ELF file"));
  EXPECT_THAT(refusal({0x7f, 'E', 'L', 'F'}), HasSubstr("is damaged: the ELF identification"));
  EXPECT_THAT(refusal(bytesOf(testPlugin("no_library_note"))), HasSubstr("has no ClusterKit note"));
  EXPECT_THAT(refusal(bytesOf(testPlugin("no_component_note"))), HasSubstr("but no component note"));
  EXPECT_THAT(refusal(bytesOf(testPlugin("broken_note"))),
              HasSubstr("has a note that is no JSON: '{\"kind\":'"));
}

TEST(ElfNotes, OffsetsThatPointOutsideAreRefused) {
  const Bytes sound = bytesOf(testPlugin("sound"));
  for (const std::uint64_t wrong : {std::uint64_t{sound.size()}, std::uint64_t{sound.size() - 1},
                                    std::uint64_t{1} << 63, ~std::uint64_t{0}, ~std::uint64_t{0} - 63}) {
    Bytes bytes = sound;
    patch(bytes, offsetof(Elf64_Ehdr, e_phoff), wrong);
    EXPECT_THAT(refusal(bytes), HasSubstr("is damaged")) << wrong;
    for (const std::size_t field : {offsetof(Elf64_Phdr, p_offset), offsetof(Elf64_Phdr, p_filesz)}) {
      bytes = sound;
      patch(bytes, noteHeaderOffset(sound) + field, wrong);
      EXPECT_THAT(refusal(bytes), HasSubstr("is damaged: a note segment")) << wrong;
    }
  }
  Bytes bytes = sound;
  Elf64_Phdr segment;
  std::memcpy(&segment, sound.data() + noteHeaderOffset(sound), sizeof segment);
  for (const std::size_t field : {offsetof(Elf64_Nhdr, n_namesz), offsetof(Elf64_Nhdr, n_descsz)}) {
    bytes = sound;
    patch(bytes, segment.p_offset + field, std::uint32_t{0xFFFFFFFF});
    EXPECT_THAT(refusal(bytes), HasSubstr("is damaged: a note's")) << field;
  }
}

TEST(ElfNotes, AFileCutAtAnyLengthIsRefusedUnlessAllThatIsMappedIsThere) {
  const Bytes sound = bytesOf(testPlugin("sound"));
  const std::size_t mapped = mappedEnd(sound);
  ASSERT_LT(mapped, sound.size());
  // A copy of exactly that length each time, so that a sanitizer sees a byte read behind the end.
  for (std::size_t length = 0; length < sound.size(); ++length) {
    const Bytes cut(sound.begin(), sound.begin() + static_cast<std::ptrdiff_t>(length));
    ASSERT_EQ(refusal(cut).empty(), length >= mapped) << length;
  }
}

TEST(ElfNotes, RandomlyDamagedHeadersAndNotesNeverCrashTheReader) {
  const Bytes sound = bytesOf(testPlugin("sound"));
  Elf64_Phdr segment;
  std::memcpy(&segment, sound.data() + noteHeaderOffset(sound), sizeof segment);
  const std::size_t end = segment.p_offset + segment.p_filesz;
  std::mt19937 random(20261123);
  std::size_t refused = 0;
  for (int round = 0; round < 5'000; ++round) {
    Bytes bytes = sound;
    const bool inNotes = round % 2 == 0;
    const std::size_t flips = 1 + random() % 4;
    for (std::size_t i = 0; i < flips; ++i) {
      const std::size_t from = inNotes ? segment.p_offset : 0;
      const std::size_t size = inNotes ? segment.p_filesz : std::min<std::size_t>(end, 64 + 56 * 12);
      bytes[from + random() % size] = static_cast<std::uint8_t>(random());
    }
    if (!refusal(bytes).empty()) ++refused;
  }
  EXPECT_GT(refused, 500u);
  EXPECT_LT(refused, 5'000u);
}

TEST(ElfNotes, FlagsAreNumbersJoinedByBars) {
  EXPECT_EQ(parseNoteFlags("0"), 0u);
  EXPECT_EQ(parseNoteFlags("4 | 8"), 12u);
  EXPECT_EQ(parseNoteFlags("1|2|1"), 3u);
  for (const char* bad : {"", "x", "1 |", "-1", "4294967296", "1 8", "(1 | 2)"})
    EXPECT_THROW(parseNoteFlags(bad), PluginRefused) << bad;
}

}  // namespace
}  // namespace clusterkit

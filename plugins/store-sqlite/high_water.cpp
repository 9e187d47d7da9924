#include "high_water.hpp"

#include <array>
#include <clusterkit/checksum.hpp>

namespace clusterkit::sqlite {

namespace {

constexpr std::uint64_t slotSize = 512;
constexpr std::uint64_t slotCount = 2;
constexpr std::uint64_t markFormat = 1;
constexpr char magic[8] = {'C', 'K', 'H', 'I', 'G', 'H', 'W', 'M'};

using Words = std::array<std::uint64_t, 11>;

Words wordsOf(const Mark& m) {
  Words w{0,         markFormat, m.step, m.index, m.term, m.hard.term, m.hard.voted_for, m.hard.commit,
          m.metaSum, 0,          0};
  std::memcpy(&w[0], magic, sizeof magic);
  w[9] = crc64({reinterpret_cast<const char*>(w.data()), 9 * sizeof(std::uint64_t)});
  return w;
}

std::optional<Mark> markOf(std::string_view slot) {
  Words w{};
  if (slot.size() < sizeof w) return std::nullopt;
  std::memcpy(w.data(), slot.data(), sizeof w);
  const Mark m{w[2], w[3], w[4], {w[5], w[6], w[7]}, w[8]};
  if (w != wordsOf(m)) return std::nullopt;
  return m;
}

}  // namespace

HighWater::Found HighWater::open(const std::filesystem::path& path) {
  Found found;
  found.existed = std::filesystem::exists(path);
  if (!found.existed) return found;
  file_ = File(path, File::Mode::readWrite);
  const std::string bytes = file_.read(0, slotSize * slotCount);
  for (std::uint64_t i = 0; i < slotCount; ++i) {
    const auto mark = bytes.size() < (i + 1) * slotSize
                          ? std::nullopt
                          : markOf(std::string_view(bytes).substr(i * slotSize, slotSize));
    if (!mark) {
      found.damaged = true;
    } else if (!found.mark || mark->step > found.mark->step) {
      found.mark = mark;
      nextSlot_ = (i + 1) % slotCount;
    }
  }
  return found;
}

// Under its name only when it is complete: a file that cannot be read must mean damage, never a crash of long
// ago.
void HighWater::create(const std::filesystem::path& path, const Mark& mark) {
  const std::filesystem::path unfinished = path.string() + ".tmp";
  file_ = File(unfinished, File::Mode::createOrTruncate);
  file_.write(0, std::string(slotSize * slotCount, '\0'));
  write(mark);
  write(mark);
  file_.sync();
  renameFile(unfinished, path);
  file_ = File(path, File::Mode::readWrite);  // errors name the file by the name that it has
  syncFolder(path.parent_path());
}

void HighWater::write(const Mark& mark) {
  const Words w = wordsOf(mark);
  file_.write(nextSlot_ * slotSize, {reinterpret_cast<const char*>(w.data()), sizeof w});
  nextSlot_ = (nextSlot_ + 1) % slotCount;
}

}  // namespace clusterkit::sqlite

// What a script writes: lines of its answers on descriptor 3, and of its output into the log. However the
// bytes arrive, the lines are the same, and no more of them than allowed.
#include <string>
#include <vector>

#include "ack_line.hpp"
#include "fuzz/input.hpp"
#include "fuzz/require.hpp"
#include "line_splitter.hpp"
#include "output_log.hpp"

namespace clusterkit {
namespace {

using fuzz::require;

constexpr std::size_t kLongestLine = 24;  // so that short inputs reach it
constexpr std::uint64_t kOutputLimit = 100;

struct Line {
  std::string text;
  bool whole;
  friend bool operator==(const Line&, const Line&) = default;
};

// Cut into pieces of these sizes in turn.
template <class Take>
void inPieces(std::string_view bytes, std::string_view sizes, Take take) {
  for (std::size_t i = 0; !bytes.empty(); ++i) {
    const std::size_t size =
        sizes.empty() ? bytes.size() : static_cast<unsigned char>(sizes[i % sizes.size()]) + 1;
    take(bytes.substr(0, size));
    bytes.remove_prefix(std::min(size, bytes.size()));
  }
}

std::vector<Line> linesOf(std::string_view bytes, std::string_view sizes) {
  std::vector<Line> lines;
  script::LineSplitter splitter(kLongestLine);
  const auto keep = [&](const script::LineSplitter::Piece& piece) {
    require(piece.text.size() <= kLongestLine && piece.text.find('\n') == std::string_view::npos,
            "a line is bounded", piece.text);
    lines.push_back({std::string(piece.text), piece.whole});
  };
  inPieces(bytes, sizes, [&](std::string_view part) { splitter.feed(part, keep); });
  splitter.finish(keep);
  return lines;
}

void checkAnswer(const std::string& line) {
  const auto ack = script::parseAckLine(line);
  if (!ack) return;
  const std::string seq = std::to_string(ack->seq);
  require(line.find(seq) != std::string::npos, "an answer names its event", line);
  require(
      ack->verdict.status == CK_OK || ack->verdict.status == CK_RETRY || ack->verdict.status == CK_INVALID,
      "an answer is a verdict", line);
  if (ack->verdict.status == CK_OK)
    require(line.find_first_not_of("0123456789") == std::string::npos || line.starts_with("ok "),
            "what is done is said plainly", line);
  else
    require(!ack->verdict.text.empty(), "a refusal has a reason", line);
}

// A host that takes the log's lines and has nothing else.
struct LogOnly {
  std::uint64_t lines = 0, bytes = 0;

  static std::int32_t enabled(void*, std::int32_t) noexcept { return 1; }
  static void write(void* cx, std::int32_t, const char* event, const ck_field* fields,
                    std::uint64_t count) noexcept {
    auto& self = *static_cast<LogOnly*>(cx);
    if (std::string_view(event) != "script_output") return;
    ++self.lines;
    for (std::uint64_t i = 0; i < count; ++i)
      if (std::string_view(fields[i].key) == "line") self.bytes += fields[i].value.size;
  }
  ck_host table() {
    ck_host host{};
    host.size = sizeof host;
    host.cx = this;
    host.log_enabled = enabled;
    host.log = write;
    return host;
  }
};

LogOnly logOf(std::string_view bytes, std::string_view sizes) {
  LogOnly log;
  const ck_host host = log.table();
  script::OutputLog output(Host(&host), "script", kOutputLimit);
  output.begin(1);
  inPieces(bytes, sizes, [&](std::string_view part) { output.add(script::Stream::output, part); });
  output.finish();
  require(log.bytes <= kOutputLimit && log.lines <= script::OutputLog::kMostLines, "output has its limits");
  return log;
}

}  // namespace
}  // namespace clusterkit

// First how the bytes are cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clusterkit;
  fuzz::Input input(data, size);
  const std::string_view sizes = input.take(input.below(8));
  const std::string_view bytes = input.take(size);
  const std::vector<Line> lines = linesOf(bytes, {});
  require(lines == linesOf(bytes, sizes), "how the bytes arrive changes nothing");
  for (const Line& line : lines)
    if (line.whole) checkAnswer(line.text);
  require(logOf(bytes, {}).bytes == logOf(bytes, sizes).bytes, "nor in the log");
  return 0;
}

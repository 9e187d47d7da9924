#include "output_log.hpp"

#include <utility>

namespace clusterkit::script {

OutputLog::OutputLog(Host host, std::string script, std::uint64_t limit)
    : host_(host), script_(std::move(script)), limit_(limit) {}

void OutputLog::begin(std::uint64_t seq) {
  reportDropped();
  seq_ = seq;
  bytes_ = lines_ = 0;
}

void OutputLog::add(Stream stream, std::string_view bytes) {
  LineSplitter& splitter = stream == Stream::output ? output_ : errors_;
  splitter.feed(bytes, [&](const LineSplitter::Piece& piece) { write(stream, piece.text); });
}

void OutputLog::finish() {
  output_.finish([&](const LineSplitter::Piece& piece) { write(Stream::output, piece.text); });
  errors_.finish([&](const LineSplitter::Piece& piece) { write(Stream::errors, piece.text); });
  reportDropped();
}

void OutputLog::write(Stream stream, std::string_view line) {
  if (dropped_ > 0 || bytes_ + line.size() > limit_ || lines_ == kMostLines) {
    dropped_ += line.size() + 1;
    return;
  }
  bytes_ += line.size() + 1;
  ++lines_;
  const auto level = stream == Stream::output ? CK_LOG_INFO : CK_LOG_WARN;
  host_.log(level, "script_output", {{"script", script_}, {"seq", seq_}, {"line", line}});
}

void OutputLog::reportDropped() {
  if (dropped_ == 0) return;
  host_.log(CK_LOG_WARN, "script_output_dropped",
            {{"script", script_}, {"seq", seq_}, {"bytes", std::exchange(dropped_, 0)}});
}

}  // namespace clusterkit::script

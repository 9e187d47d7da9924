// What a script prints becomes lines of the log, up to a limit per event; the rest is counted.
#pragma once

#include <clusterkit/sink.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "line_splitter.hpp"

namespace clusterkit::script {

enum class Stream { output, errors };

// Not thread-safe: belongs to whoever runs the script. The host's log escapes control characters and bytes
// that are no UTF-8.
class OutputLog {
 public:
  static constexpr std::size_t kLongestLine = 4096;  // a longer one becomes several
  static constexpr std::uint64_t kMostLines = 1000;

  // `script` names it in the log. At most `limit` bytes and kMostLines lines are written per event.
  OutputLog(Host host, std::string script, std::uint64_t limit);

  void begin(std::uint64_t seq);  // the event that output belongs to from now on
  void add(Stream stream, std::string_view bytes);
  void finish();  // lines without an end, and how much was dropped

 private:
  void write(Stream stream, std::string_view line);
  void reportDropped();

  Host host_;
  std::string script_;
  std::uint64_t limit_;
  std::uint64_t seq_ = 0;
  std::uint64_t bytes_ = 0, lines_ = 0, dropped_ = 0;
  LineSplitter output_{kLongestLine}, errors_{kLongestLine};
};

}  // namespace clusterkit::script

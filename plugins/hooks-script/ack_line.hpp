// The lines by which a script of mode = stream answers on descriptor 3.
#pragma once

#include <clusterkit/sink.hpp>
#include <cstdint>
#include <optional>
#include <string_view>

namespace clusterkit::script {

struct AckLine {
  std::uint64_t seq = 0;
  Verdict verdict;
};

// "SEQ" and "ok SEQ": done. "retry SEQ [text]", "reject SEQ [text]". Empty for anything else.
std::optional<AckLine> parseAckLine(std::string_view line);

}  // namespace clusterkit::script

// Frames of the ZeroMQ transport, and what a receiver notes of their sequence numbers.
#include "frame.hpp"

#include <array>
#include <map>

#include "fuzz/input.hpp"
#include "fuzz/require.hpp"
#include "sequence_window.hpp"

namespace clusterkit::zmq {
namespace {

using fuzz::require;

void writesBackAsItWas(const FrameHeader& header) {
  std::array<std::uint8_t, frameHeaderSize> bytes{};
  encode(header, bytes.data());
  const auto again = decode(bytes.data(), bytes.size());
  require(again.has_value(), "a frame that was read is written as one that can be read");
  require(*again == header, "a frame survives the way there and back");
}

// A stream that the window knows is judged by its last number alone.
class JudgedStreams {
 public:
  void note(const FrameHeader& header) {
    const bool known = window_.knows(header.session);
    const auto verdict = window_.note(header.session, header.sequence);
    std::uint64_t& last = last_[header.session];
    if (!known) {
      require(verdict.fresh && verdict.lost == 0, "the first that is heard of a stream is no loss");
    } else {
      require(verdict.fresh == (header.sequence > last), "fresh is what is newer than the last");
      require(verdict.lost == (verdict.fresh ? header.sequence - last - 1 : 0), "a gap is counted as it is");
    }
    if (verdict.fresh) last = header.sequence;
    require(window_.knows(header.session), "what was just noted is known");
  }

 private:
  SequenceWindow window_;
  std::map<std::uint64_t, std::uint64_t> last_;
};

}  // namespace
}  // namespace clusterkit::zmq

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clusterkit::zmq;
  JudgedStreams streams;
  do {
    const auto header = decode(data, size);
    if (header) {
      writesBackAsItWas(*header);
      streams.note(*header);
    }
    const std::size_t step = size < frameHeaderSize ? size : frameHeaderSize;
    data += step;
    size -= step;
  } while (size > 0);
  return 0;
}

// Bytes of an HTTP client, from the socket to the state: every request has its answer, a refusal says why,
// and how the bytes are cut changes nothing.
#include "fuzz/http_answers.hpp"
#include "fuzz/http_exchange.hpp"
#include "fuzz/input.hpp"
#include "fuzz/require.hpp"

namespace clusterkit::fuzz {
namespace {

constexpr std::size_t kPieces = 5;  // a longer request is cut only so often

void sendInPieces(HttpExchange& exchange, std::string_view bytes, std::size_t first) {
  std::size_t size = 1 + first % 64;
  for (std::size_t i = 0; i < kPieces && !bytes.empty(); ++i, size = size * 3 + 1) {
    exchange.send(bytes.substr(0, size));
    bytes.remove_prefix(std::min(size, bytes.size()));
  }
  exchange.send(bytes);
}

}  // namespace
}  // namespace clusterkit::fuzz

// The first byte says how the bytes after it are cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clusterkit;
  using namespace clusterkit::fuzz;
  Input input(data, size);
  const std::uint8_t first = input.byte();
  const std::string_view bytes = input.take(size);
  HttpExchange whole;
  whole.send(bytes);
  whole.end();
  const auto answers = readAnswers(whole.answered(), whole.methods());
  HttpExchange cut;
  sendInPieces(cut, bytes, first);
  cut.end();
  const auto answersToCut = readAnswers(cut.answered(), cut.methods());
  require(stateHash(whole.state()) == stateHash(cut.state()),
          "what is done does not depend on how bytes are cut");
  require(answers == answersToCut || whole.waited() || cut.waited(), "nor do the answers",
          whole.answered() + "\n--- cut ---\n" + cut.answered());
  return 0;
}

// What a receiver of webhooks answers: the bytes of a stranger, read up to the verdict about the event.
#include <algorithm>

#include "connection.hpp"
#include "fuzz/input.hpp"
#include "fuzz/paired_socket.hpp"
#include "fuzz/require.hpp"

namespace clusterkit {
namespace {

using fuzz::require;

constexpr std::int64_t kWall = 1'800'000'000;
constexpr std::size_t kLongestText = 200;
constexpr std::size_t kMostBytes = 64 * 1024;
constexpr int kMostEvents = 100;

void checkText(std::string_view text) {
  const auto isControl = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  require(!text.empty() && text.size() <= kLongestText, "a reason is short", text);
  require(std::none_of(text.begin(), text.end(), isControl), "a reason is one line", text);
}

void checkVerdict(const webhook::Answer& answer) {
  require(answer.status >= 0 && answer.status <= 999 && (answer.status / 100 != 1 || answer.status == 101),
          "a final status", std::to_string(answer.status));
  const Verdict verdict = webhook::verdictOf(answer, "example.org", kWall);
  require((verdict.status == CK_OK) == (answer.status / 100 == 2), "2xx is done, and nothing else",
          std::to_string(answer.status));
  require(verdict.status == CK_OK || verdict.status == CK_RETRY || verdict.status == CK_INVALID, "a verdict");
  require(verdict.retryAfterMs <= std::chrono::milliseconds(webhook::kLongestRetryAfter).count(),
          "a wait has its limit", answer.retryAfter);
  if (verdict.status != CK_OK) checkText(verdict.text);
}

// As many events as the receiver answers on one connection, up to what the kernel takes without a reader.
void deliverSome(webhook::Connection& connection) {
  for (int event = 0; event < kMostEvents; ++event) {
    checkVerdict(connection.post("POST / HTTP/1.1\r\nHost: example.org\r\nContent-Length: 0\r\n\r\n"));
    if (!connection.finish()) return;
  }
}

}  // namespace
}  // namespace clusterkit

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clusterkit;
  if (size > kMostBytes) return 0;
  auto [receiver, sender] = fuzz::makePairedSockets();
  if (size > 0) receiver.sendBytes(data, static_cast<int>(size));
  receiver.shutdownSend();
  webhook::Connection connection(sender);
  try {
    deliverSome(connection);
  } catch (const webhook::NoAnswer& failure) {
    checkText(failure.what());
  } catch (const webhook::BadAnswer& failure) {
    checkText(failure.what());
  }
  return 0;
}

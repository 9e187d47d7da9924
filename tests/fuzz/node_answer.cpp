// What a node reads of another node's HTTP answers: who is in the cluster that it joins, and which cluster it
// is.
#include "daemon/generation_search.hpp"
#include "fuzz/input.hpp"
#include "fuzz/require.hpp"
#include "http/errors.hpp"
#include "http/join_message.hpp"

namespace clusterkit {
namespace {

void readJoinReply(std::string_view text) {
  http::JoinReply reply;
  try {
    reply = http::parseJoinReply(text);
  } catch (const http::RequestError& refused) {
    const std::string& why = refused.error().message;
    return fuzz::require(!why.empty() && why.find('\n') == std::string::npos, "a refusal is one line", why);
  }
  const std::string again = http::joinReplyBody(reply);
  fuzz::require(http::joinReplyBody(http::parseJoinReply(again)) == again,
                "a reply survives the way there and back", again);
}

}  // namespace
}  // namespace clusterkit

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clusterkit;
  readJoinReply(fuzz::textOf(data, size));
  (void)clusterIn(std::string(fuzz::textOf(data, size)));
  return 0;
}

#include "http/accept.hpp"

#include <gtest/gtest.h>

namespace clusterkit::http {
namespace {

constexpr std::string_view kStream = "text/event-stream";

bool asks(std::initializer_list<const char*> lines) {
  Request request;
  for (const char* line : lines) request.headers.add("accept", line);
  return asksFor(request, kStream);
}

TEST(Accept, AMediaTypeIsAskedForByItsNameInAnyCaseAndPlace) {
  EXPECT_TRUE(asks({"text/event-stream"}));
  EXPECT_TRUE(asks({"Text/Event-Stream"}));
  EXPECT_TRUE(asks({"application/json, text/event-stream;q=0.5"}));
  EXPECT_TRUE(asks({"application/json", "text/event-stream"})) << "a list may span lines";
}

TEST(Accept, NobodyIsGivenWhatTheyDidNotName) {
  EXPECT_FALSE(asks({}));
  EXPECT_FALSE(asks({""}));
  EXPECT_FALSE(asks({"*/*"}));
  EXPECT_FALSE(asks({"text/*"}));
  EXPECT_FALSE(asks({"text/event-streams"}));
  EXPECT_FALSE(asks({";,;=,\"text/event-stream"}));
}

TEST(Accept, TheWeightZeroMeansNot) {
  EXPECT_FALSE(asks({"text/event-stream;q=0, application/json"}));
  EXPECT_FALSE(asks({"text/event-stream; q=0.000"}));
  EXPECT_TRUE(asks({"text/event-stream; q=0.001"}));
}

}  // namespace
}  // namespace clusterkit::http

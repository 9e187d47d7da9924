// The hooks in config/hooks do what their comments say.
#include <gmock/gmock.h>

#include "script_under_test.hpp"

namespace clusterkit::script {
namespace {

using testing::ElementsAre;

Options sample(const std::string& option, const std::string& file, const std::string& mode) {
  return {{"mode", mode}, {option, std::string(CLUSTERKIT_SOURCE_DIR) + "/config/hooks/" + file}};
}

TEST(Samples, LogEventPrintsOneLine) {
  ScriptUnderTest sink;
  sink.create(sample("command", "log-event.sh", "per-event"));
  const TestEvent event;
  EXPECT_EQ(sink.deliver(event).status, CK_OK);
  EXPECT_THAT(sink.lines(),
              ElementsAre("event 7: node_join of node-3, " + std::to_string(event.json.size()) + " bytes"));
}

TEST(Samples, FollowAnswersEachEvent) {
  ScriptUnderTest sink;
  sink.create(sample("command", "follow.sh", "stream"));
  EXPECT_EQ(sink.deliver().status, CK_OK);
  EXPECT_EQ(sink.deliver().status, CK_OK);
  sink.destroy();
  EXPECT_THAT(sink.lines(), ElementsAre("event 7", "event 7"));
}

TEST(Samples, CountCountsByType) {
  ScriptUnderTest sink;
  sink.create(sample("script", "count.lua", "lua"));
  EXPECT_EQ(sink.deliver().status, CK_OK);
  EXPECT_EQ(sink.deliver().status, CK_OK);
  EXPECT_THAT(sink.lines(), ElementsAre("node_join number 1, event 7", "node_join number 2, event 7"));
}

}  // namespace
}  // namespace clusterkit::script

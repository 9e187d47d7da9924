// Both examples do what they say: one line per event, and a clear word when that is not possible.
#include <clusterkit/sink.h>
#include <gmock/gmock.h>

#include "contract/support/fake_host.hpp"
#include "contract/support/plugin_file.hpp"
#include "support/temp_dir.hpp"

namespace clusterkit {
namespace {

using contract::PluginFile;
using contract::PluginInstance;
using testing::HasSubstr;

class SinkFile : public testing::TestWithParam<const char*> {
 protected:
  std::unique_ptr<PluginInstance> openAt(const std::string& path) {
    const PluginFile file(std::string(CLUSTERKIT_EXAMPLES) + "/" + GetParam() + ".so", GetParam());
    return std::make_unique<PluginInstance>(file, host_.table(), folder_.path(),
                                            std::map<std::string, std::string>{{"path", path}});
  }
  ck_status deliver(const PluginInstance& sink, const std::string& json, ck_error& error) {
    ck_event event{};
    event.size = sizeof event;
    event.type = "node_join";
    event.subject = "node-3";
    event.json = span(json);
    return sink.iface<ck_sink_simple_1>(CK_SINK_SIMPLE_KIND)->deliver(sink.self(), &event, &error);
  }

  test::TempDir folder_;
  contract::FakeHost host_;
  ck_error error_ = makeError(CK_OK, "");
};

TEST_P(SinkFile, AppendsOneLinePerEventAlsoAfterARestart) {
  const auto path = folder_.path() / "events.jsonl";
  for (const char* run : {"1", "2"}) {
    const auto sink = openAt(path);
    EXPECT_EQ(deliver(*sink, std::string("{\"seq\":1,\"run\":") + run + "}", error_), CK_OK);
    EXPECT_EQ(deliver(*sink, std::string("{\"seq\":2,\"run\":") + run + "}", error_), CK_OK);
  }
  EXPECT_EQ(test::readFile(path),
            "{\"seq\":1,\"run\":1}\n{\"seq\":2,\"run\":1}\n{\"seq\":1,\"run\":2}\n{\"seq\":2,\"run\":2}\n");
}

TEST_P(SinkFile, RefusesAFileThatCannotBeOpened) {
  try {
    openAt("/no/such/folder/events.jsonl");
    FAIL() << "not refused";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("path: cannot be opened"));
  }
}

TEST_P(SinkFile, WantsAnEventAgainWhenTheDiskIsFull) {
  const auto sink = openAt("/dev/full");
  for (int attempt = 1; attempt <= 3; ++attempt) {
    EXPECT_EQ(deliver(*sink, "{}", error_), CK_RETRY);
    EXPECT_THAT(error_.msg, HasSubstr("path: cannot be written to"));
  }
}

INSTANTIATE_TEST_SUITE_P(Examples, SinkFile, testing::Values("sink-file", "sink-file-c"),
                         [](const auto& example) { return example.index == 0 ? "cpp" : "c"; });

}  // namespace
}  // namespace clusterkit

// Configuration as an operator meets it: both formats, and every way to get it wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "e2e/test_cluster.hpp"

namespace clusterkit::test {
namespace {

using testing::HasSubstr;

TEST(Configuration, BothFormatsGiveTheSameCluster) {
  TestCluster cluster;
  cluster.addStarted({}, Format::ini);
  cluster.addStarted({}, Format::xml);
  cluster.addStarted({}, Format::xml);
  ASSERT_TRUE(eventually([&] { return cluster.allActive(3) && cluster.balanced(3); }));
  EXPECT_EQ(cluster.node(2).put("k", "v").status, 200);
  EXPECT_EQ(cluster.node(1).value("k"), "v");
}

struct Bad {
  const char* name;
  const char* file;
  std::string content;
  const char* says;  // part of the one line
};

std::string deepXml() {
  std::string out = "<clusterkit>";
  for (int i = 0; i < 200000; ++i) out += "<a>";
  return out;
}

std::vector<Bad> badConfigurations() {
  const std::string good = "[node]\nid = n1\n[http]\nlisten = 127.0.0.1:0\n";
  return {
      {"Empty", "c.ini", "", "node"},
      {"Binary", "c.ini",
       std::string("\x7f"
                   "ELF\0\1\2\3",
                   8),
       "c.ini"},
      {"NoIni", "c.ini", "this is no configuration\n", "c.ini:1"},
      {"UnknownKey", "c.ini", good + "portt = 1\n", "portt"},
      {"UnknownSection", "c.ini", good + "[nodes]\nid = 2\n", "nodes"},
      {"DuplicateKey", "c.ini", good + "listen = 127.0.0.1:1\n", "listen"},
      {"DuplicateSection", "c.ini", good + "[node]\n", "node"},
      {"BadPort", "c.ini", "[node]\nid = n1\n[http]\nlisten = 127.0.0.1:99999\n", "99999"},
      {"BadDuration", "c.ini", good + "[health]\ninterval = fast\n", "fast"},
      {"OutOfRange", "c.ini", good + "[cluster]\npartition_count = 0\n", "partition_count"},
      {"PluginOption", "c.ini", good + "[consensus]\nheartbeat = 1h\n", "heartbeat"},
      {"UnknownPluginKey", "c.ini", good + "[store]\nsinchronous = full\n", "synchronous"},
      {"WhatOnlyThePluginCanTell", "c.ini", good + "[sink.audit]\nplugin = script\ncommand = /nope\n",
       "c.ini:5: [sink.audit]"},
      {"BrokenXml", "c.xml", "<clusterkit><node>", "c.xml"},
      {"DeepXml", "c.xml", deepXml(), "c.xml"},
      {"Doctype", "c.xml", "<!DOCTYPE a [<!ENTITY b \"c\">]><clusterkit/>", "c.xml"},
  };
}

class BadConfiguration : public testing::TestWithParam<Bad> {};

TEST_P(BadConfiguration, IsOneClearLineAndExitTwoAndTouchesNoData) {
  const TempDir folder;
  const auto file = folder.write(GetParam().file, GetParam().content);
  const Finished run = runToEnd({daemonPath(), "--config", file.string(), "--set",
                                 "node.data_dir=" + (folder.path() / "data").string()});
  EXPECT_EQ(run.exitCode, 2) << run.output.substr(0, 2000);
  EXPECT_EQ(std::count(run.output.begin(), run.output.end(), '\n'), 1) << run.output.substr(0, 2000);
  EXPECT_THAT(run.output, HasSubstr(GetParam().says));
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "data"));
}

INSTANTIATE_TEST_SUITE_P(Each, BadConfiguration, testing::ValuesIn(badConfigurations()),
                         [](const auto& row) { return row.param.name; });

TEST(Configuration, AMissingFileIsNamed) {
  const Finished run = runToEnd({daemonPath(), "--config", "/nonexistent/c.ini"});
  EXPECT_EQ(run.exitCode, 2);
  EXPECT_THAT(run.output, HasSubstr("/nonexistent/c.ini"));
}

TEST(Configuration, AnUnknownPluginIsExitThreeAndNamesTheNearest) {
  const TempDir folder;
  const auto file =
      folder.write("c.ini", "[node]\nid = n1\n[http]\nlisten = 127.0.0.1:0\n[plugins]\nstore = sqlight\n");
  const Finished run = runToEnd({daemonPath(), "--config", file.string(), "--check-config"});
  EXPECT_EQ(run.exitCode, 3);
  EXPECT_THAT(run.output, HasSubstr("sqlite"));
}

TEST(Configuration, ATransportThatCannotCarryTheLargestCommandIsRefusedAtTheStart) {
  const TempDir folder;
  const auto file = folder.write("c.ini",
                                 "[node]\nid = n1\ndata_dir = data\n[http]\nlisten = 127.0.0.1:0\n"
                                 "[transport]\nlisten = 127.0.0.1:0\nmax_message = 1MiB\n");
  const Finished run = runToEnd({daemonPath(), "--config", file.string()});
  EXPECT_EQ(run.exitCode, 3) << run.output;
  EXPECT_THAT(run.output, HasSubstr("raise transport.max_message"));
}

TEST(Configuration, CheckConfigSaysOkAndStartsNothing) {
  const TempDir folder;
  const auto file = folder.write("c.ini", "[node]\nid = n1\n[http]\nlisten = 127.0.0.1:0\n");
  const Finished run = runToEnd({daemonPath(), "--config", file.string(), "--check-config"});
  EXPECT_EQ(run.exitCode, 0) << run.output;
  EXPECT_THAT(run.output, HasSubstr("ok"));
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "clusterkit-data"));
}

TEST(Configuration, AnAddressInUseIsExitSix) {
  TestCluster cluster;
  TestNode& first = cluster.addStarted();
  ASSERT_TRUE(eventually([&] { return first.ready(); }));
  TestNode& second = cluster.add({{"http.listen", first.address()}});
  second.start();
  EXPECT_EQ(second.process().waitExit(10s), 6) << second.log();
  TestNode& third = cluster.add({{"transport.listen", first.transportAddress()}});
  third.start();
  EXPECT_EQ(third.process().waitExit(10s), 6) << third.log();
  EXPECT_TRUE(first.ready());
}

TEST(Configuration, EnvironmentAndCommandLineOverrideTheFile) {
  const TempDir folder;
  const auto file = folder.write("c.ini", "[node]\nid = from-file\n[http]\nlisten = 127.0.0.1:0\n");
  const std::vector<std::string> check = {daemonPath(), "--config", file.string(), "--check-config"};
  EXPECT_THAT(runToEnd(check).output, HasSubstr("from-file"));
  EXPECT_THAT(runToEnd(check, 20s, {{"CLUSTERKIT_NODE_ID", "from-env"}}).output, HasSubstr("from-env"));
  std::vector<std::string> set = check;
  set.insert(set.end(), {"--set", "node.id=from-line"});
  EXPECT_THAT(runToEnd(set, 20s, {{"CLUSTERKIT_NODE_ID", "from-env"}}).output, HasSubstr("from-line"));
}

TEST(Configuration, ListPluginsAndPluginHelpWork) {
  const Finished list = runToEnd({daemonPath(), "--list-plugins"});
  EXPECT_EQ(list.exitCode, 0);
  for (const char* id : {"raft", "zmq", "inproc", "sqlite", "memory"})
    EXPECT_THAT(list.output, HasSubstr(id));
  EXPECT_EQ(runToEnd({daemonPath(), "--list-plugins", "--json"}).exitCode, 0);
  const Finished help = runToEnd({daemonPath(), "--plugin-help", "consensus.raft"});
  EXPECT_EQ(help.exitCode, 0);
  EXPECT_THAT(help.output, HasSubstr("election_timeout"));
}

}  // namespace
}  // namespace clusterkit::test

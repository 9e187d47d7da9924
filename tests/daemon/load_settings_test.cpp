// File, environment and command line together: who wins, and what a wrong one says.
#include "daemon/load_settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <functional>

#include "daemon/config_overrides.hpp"
#include "daemon/config_sample.hpp"
#include "daemon/settings_schema.hpp"
#include "support/temp_dir.hpp"

namespace clusterkit {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

namespace fs = std::filesystem;

const std::string kIni =
    "[node]\nid = file\n[http]\nlisten = :8080\n[health]\ninterval = 1s\n[sink.audit]\nplugin = script\n"
    "[sink.audit-log]\nplugin = script\n[store]\nsynchronous = full\n";

class LoadSettings : public testing::Test {
 protected:
  Settings load(std::vector<std::string> assignments, Environment environment = {},
                const std::string& text = kIni) {
    return loadSettings(sources(std::move(assignments), std::move(environment), text)).settings;
  }
  ConfigSources sources(std::vector<std::string> assignments, Environment environment,
                        const std::string& text = kIni) {
    std::ofstream(file_) << text;
    return {file_, std::move(assignments), std::move(environment), folder_.path()};
  }
  std::string errorOf(std::vector<std::string> assignments, Environment environment = {}) {
    try {
      load(std::move(assignments), std::move(environment));
    } catch (const ConfigError& e) {
      EXPECT_EQ(std::string(e.what()).find('\n'), std::string::npos);
      return e.what();
    }
    ADD_FAILURE() << "no error";
    return "";
  }

  test::TempDir folder_;
  fs::path file_ = folder_.path() / "c.ini";
};

TEST_F(LoadSettings, CommandLineBeatsEnvironmentBeatsFileBeatsDefault) {
  const Environment environment{{"CLUSTERKIT_NODE_ID", "env"}, {"CLUSTERKIT_HEALTH_INTERVAL", "2s"}};
  const Settings s = load({"node.id=command"}, environment);
  EXPECT_EQ(s.node.id, "command");
  EXPECT_EQ(s.health.interval, 2s);
  EXPECT_EQ(toString(s.http.listen), "127.0.0.1:8080");
  EXPECT_EQ(s.health.threshold, 3u);
}

TEST_F(LoadSettings, WithoutAFileTheOtherSourcesAreEnough) {
  ConfigSources only;
  only.assignments = {"node.id=n1"};
  only.environment = {{"CLUSTERKIT_HTTP_LISTEN", ":80"}};
  only.workingFolder = "/srv";
  const Settings s = loadSettings(only).settings;
  EXPECT_EQ(s.node.dataDir, "/srv/clusterkit-data/n1");
  EXPECT_EQ(s.http.listen.port, 80);
  EXPECT_EQ(s.baseFolder, "/srv");
  only.environment.clear();
  try {
    loadSettings(only);
    FAIL();
  } catch (const ConfigError& e) {
    EXPECT_THAT(e.what(), HasSubstr("no configuration file: [http] key 'listen' is missing"));
  }
}

TEST_F(LoadSettings, RelativePathsStartAtTheFolderOfTheFile) {
  EXPECT_EQ(load({"node.data_dir=d"}).node.dataDir, folder_.path() / "d");
}

TEST_F(LoadSettings, NamedSectionsAreReachedByEnvironmentTheLongestNameFirst) {
  const Settings s =
      load({}, {{"CLUSTERKIT_SINK_AUDIT_TIMEOUT", "5s"}, {"CLUSTERKIT_SINK_AUDIT_LOG_TIMEOUT", "6s"}});
  ASSERT_EQ(s.sinks.size(), 2u);
  EXPECT_EQ(s.sinks[0].rules.timeout, 5s);
  EXPECT_EQ(s.sinks[1].rules.timeout, 6s);
  EXPECT_EQ(environmentName("sink", "audit-log", "timeout"), "CLUSTERKIT_SINK_AUDIT_LOG_TIMEOUT");
}

TEST_F(LoadSettings, TheCommandLineMayDeclareASinkTheEnvironmentMayNot) {
  const Settings s = load({"sink.new.plugin=script"}, {{"CLUSTERKIT_SINK_NEW_CONCURRENCY", "4"}});
  ASSERT_EQ(s.sinks.size(), 3u);
  EXPECT_EQ(s.sinks[2].rules.delivery.concurrency, 4u);
  EXPECT_EQ(errorOf({}, {{"CLUSTERKIT_SINK_NEW_PLUGIN", "script"}}),
            "environment CLUSTERKIT_SINK_NEW_PLUGIN: no such [sink.NAME]; declared: [sink.audit], "
            "[sink.audit-log]");
}

TEST_F(LoadSettings, KeysOfPluginsPassThrough) {
  const Settings s = load({"transport.secret_key=x"}, {{"CLUSTERKIT_STORE_SYNCHRONOUS", "normal"}});
  EXPECT_EQ(s.store.values.at("synchronous").text, "normal");
  EXPECT_EQ(s.store.values.at("synchronous").origin, "environment CLUSTERKIT_STORE_SYNCHRONOUS");
  EXPECT_EQ(s.transport.values.at("secret_key").origin, "--set");
}

TEST_F(LoadSettings, WrongOverridesNameTheirSource) {
  EXPECT_THAT(
      errorOf({}, {{"CLUSTERKIT_NODE_IDD", "x"}}),
      HasSubstr("environment CLUSTERKIT_NODE_IDD: [node] idd = 'x': unknown key, did you mean 'id'?"));
  EXPECT_THAT(errorOf({"health.interval=9"}), HasSubstr("--set: [health] interval = '9': is no duration"));
  EXPECT_THAT(errorOf({"helth.interval=9s"}),
              HasSubstr("--set: [helth]: unknown section, did you mean 'health'?"));
  EXPECT_THAT(errorOf({"node.id"}), HasSubstr("--set 'node.id': allowed: --set section.key=value"));
  EXPECT_THAT(errorOf({"id=n1"}), HasSubstr("--set 'id': allowed"));
  EXPECT_THAT(errorOf({"node.=n1"}), HasSubstr("--set 'node.': allowed"));
  EXPECT_THAT(errorOf({"node.id=a", "node.id=b"}), HasSubstr("--set 'node.id': this key is given twice"));
  EXPECT_THAT(errorOf({"node.ID=a"}), HasSubstr("--set: [node] ID = 'a': unknown key"));
}

TEST_F(LoadSettings, VariablesOfOthersAreIgnoredAndNamed) {
  const auto loaded = loadSettings(sources({}, {{"CLUSTERKIT_ADDRESS", "a:1"},
                                                {"CLUSTERKIT_SERVICE_HOST", "10.0.0.1"},
                                                {"CLUSTERKIT_SERVICE_PORT_HTTP", "80"},
                                                {"CLUSTERKIT_PORT", "tcp://10.0.0.1:80"},
                                                {"CLUSTERKIT_HTTP_PORT", "tcp://10.0.0.1:80"},
                                                {"CLUSTERKIT_HTTP_PORT_80_TCP_ADDR", "10.0.0.1"},
                                                {"PATH", "/bin"}}));
  EXPECT_THAT(loaded.ignoredVariables,
              ElementsAre("CLUSTERKIT_ADDRESS", "CLUSTERKIT_HTTP_PORT", "CLUSTERKIT_HTTP_PORT_80_TCP_ADDR",
                          "CLUSTERKIT_PORT", "CLUSTERKIT_SERVICE_HOST", "CLUSTERKIT_SERVICE_PORT_HTTP"));
}

std::string fileText(const std::string& name) {
  std::ifstream in(std::string(CLUSTERKIT_CONFIG_DIR) + "/" + name);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Samples, AreExactlyWhatTheTableOfKeysPrints) {
  if (std::getenv("CLUSTERKIT_WRITE_SAMPLES") != nullptr) {
    std::ofstream(std::string(CLUSTERKIT_CONFIG_DIR) + "/clusterkit.ini") << sampleIni();
    std::ofstream(std::string(CLUSTERKIT_CONFIG_DIR) + "/clusterkit.xml") << sampleXml();
  }
  EXPECT_EQ(fileText("clusterkit.ini"), sampleIni());
  EXPECT_EQ(fileText("clusterkit.xml"), sampleXml());
}

// The settings of a configuration as one text, to compare two of them.
std::string describe(const Settings& s) {
  std::string out = s.node.id + " " + s.node.dataDir.string() + " " + toString(s.http.listen) + " " +
                    s.cluster.name + " " + std::to_string(s.cluster.partitionCount) + " " +
                    std::to_string(s.http.maxBodyMemory) + " " + s.rebalance.strategy + " " +
                    std::to_string(s.events.retain) + " " + std::to_string(s.health.interval.count()) + " " +
                    std::to_string(static_cast<int>(s.log.level));
  for (const auto& sink : s.sinks)
    out += " sink " + sink.rules.name + " " + sink.plugin + " " + std::to_string(sink.rules.timeout.count());
  for (const auto& service : s.services) out += " service " + service.name + " " + toString(service.address);
  return out;
}

std::string sampleWith(const std::string& text, const std::string& ending) {
  test::TempDir folder;
  const fs::path file = folder.path() / ("sample" + ending);
  std::ofstream(file) << text;
  return describe(loadSettings({file, {}, {}, "/srv"}).settings);
}

TEST(Samples, GiveTheDefaultSettingsInBothFormats) {
  ConfigSources bare;
  bare.assignments = {"node.id=node-1", "http.listen=127.0.0.1:8080"};
  bare.workingFolder = "/srv";
  const std::string expected = describe(loadSettings(bare).settings);
  EXPECT_EQ(sampleWith(sampleIni(), ".ini"), expected);
  EXPECT_EQ(sampleWith(sampleXml(), ".xml"), expected);
}

// With every comment mark in front of a key removed, every key of the sample is still taken.
TEST(Samples, EveryKeyOfTheIniSampleIsTaken) {
  std::string all;
  std::size_t keys = 0;
  std::string sample = sampleIni();
  for (std::size_t at = 0; at < sample.size();) {
    const std::size_t end = sample.find('\n', at);
    std::string line = sample.substr(at, end - at);
    at = end + 1;
    if (line.size() > 1 && line[0] == ';' && line[1] != ' ') line.erase(0, 1);
    const bool unset = !line.empty() && line[0] != ';' && line.back() == '=';
    if (!line.empty() && line[0] != ';' && line.find('=') != std::string::npos) ++keys;
    if (!unset) all += line + "\n";
  }
  std::size_t rows = 0;
  for (const auto& schema : settingsSchema()) rows += schema.rows.size();
  EXPECT_EQ(keys, rows);
  EXPECT_THAT(sampleWith(all, ".ini"),
              HasSubstr("sink example script 30000000000 service example 127.0.0.1:7000"));
}

TEST(Samples, ThreeNodesFindEachOther) {
  for (int i = 1; i <= 3; ++i) {
    const std::string n = std::to_string(i);
    const fs::path file = std::string(CLUSTERKIT_CONFIG_DIR) + "/node" + n + ".ini";
    const Settings s = loadSettings({file, {}, {}, "/srv"}).settings;
    EXPECT_EQ(s.node.id, "node-" + n);
    EXPECT_EQ(toString(s.http.listen), "127.0.0.1:808" + n);
    ASSERT_EQ(s.cluster.seeds.size(), i == 1 ? 0u : 1u);
    if (i > 1) {
      EXPECT_EQ(toString(s.cluster.seeds[0]), "127.0.0.1:8081");
    }
  }
}

}  // namespace
}  // namespace clusterkit

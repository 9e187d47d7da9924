#include "daemon/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <clusterkit/plugin.hpp>

#include <functional>

#include "daemon/config_file.hpp"
#include "daemon/settings_schema.hpp"

namespace clusterkit {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

const SettingsFolders kFolders{"/etc/clusterkit", "/srv", "c.ini"};
const std::string kBase = "[node]\nid = n1\n[http]\nlisten = :8080\n";

Settings settingsOf(const std::string& text) { return readSettings(parseIni(text, "c.ini"), kFolders); }

std::string errorOf(const std::string& text) {
  try {
    settingsOf(text);
  } catch (const ConfigError& e) {
    EXPECT_EQ(std::string(e.what()).find('\n'), std::string::npos) << e.what();
    return e.what();
  }
  ADD_FAILURE() << "taken: " << text;
  return "";
}

TEST(Settings, TwoKeysAreEnoughAndTheRestHasDefaults) {
  const Settings s = settingsOf(kBase);
  EXPECT_EQ(s.node.id, "n1");
  EXPECT_EQ(s.node.name, "n1");
  EXPECT_EQ(s.node.dataDir, "/srv/clusterkit-data/n1");
  EXPECT_EQ(s.node.weight, 1u);
  EXPECT_EQ(toString(s.http.listen), "127.0.0.1:8080");
  EXPECT_FALSE(s.http.advertise);
  EXPECT_EQ(s.http.maxBodySize, 2u << 20);
  EXPECT_EQ(s.http.requestTimeout, 10s);
  EXPECT_EQ(s.cluster.name, "clusterkit");
  EXPECT_TRUE(s.cluster.seeds.empty());
  EXPECT_EQ(s.cluster.partitionCount, 64u);
  EXPECT_EQ(s.cluster.replicationFactor, 3u);
  EXPECT_EQ(s.cluster.maxVoters, 5u);
  EXPECT_EQ(s.plugins.consensus, "raft");
  EXPECT_EQ(s.plugins.transport, "zmq");
  EXPECT_EQ(s.plugins.store, "sqlite");
  EXPECT_TRUE(s.health.enabled);
  EXPECT_EQ(s.health.interval, 500ms);
  EXPECT_EQ(s.health.threshold, 3u);
  EXPECT_EQ(s.rebalance.strategy, "balanced");
  EXPECT_EQ(s.rebalance.grace, 10s);
  EXPECT_EQ(s.rebalance.handoffTimeout, 5min);
  EXPECT_EQ(s.rebalance.handoff, HandoffMode::Immediate);
  EXPECT_EQ(s.events.retain, 10'000u);
  EXPECT_EQ(s.log.level, LogLevel::Info);
  EXPECT_FALSE(s.log.file);
  EXPECT_EQ(s.store.origin, "c.ini");
}

TEST(Settings, EverySectionIsRead) {
  const Settings s = settingsOf(
      "[node]\nid = n1\ndata_dir = ../var/n1\nzone = a\nweight = 0\nleave_on_stop = yes\n"
      "[http]\nlisten = 0.0.0.0:80\nadvertise = [::1]:8080\nallowed_hosts = a.example, b.example\n"
      "[cluster]\nseeds = node-1:8080, 10.0.0.2:8080\nmax_voters = 3\n"
      "[plugins]\npath = plugins, /opt/p\nstore = memory\nallow = sha256:" +
      std::string(64, 'a') +
      "\n"
      "[store]\nsynchronous = full\n"
      "[sink.audit]\nplugin = script\nscope = leader\nevents = node_join\nisolation = process\ncommand = /x\n"
      "[service.web]\naddress = 10.0.0.1:80\ntags = a, b\ncheck = http://10.0.0.1:80/health\n"
      "[rebalance]\nhandoff = acknowledged\n[log]\nlevel = warn\nformat = json\nfile = log/x.log\n");
  EXPECT_EQ(s.node.dataDir, "/etc/var/n1");
  EXPECT_TRUE(s.node.leaveOnStop);
  EXPECT_EQ(toString(*s.http.advertise), "[::1]:8080");
  EXPECT_THAT(s.http.allowedHosts, ElementsAre("a.example", "b.example"));
  ASSERT_EQ(s.cluster.seeds.size(), 2u);
  EXPECT_EQ(toString(s.cluster.seeds[0]), "node-1:8080");
  EXPECT_THAT(s.plugins.path, ElementsAre("/etc/clusterkit/plugins", "/opt/p"));
  EXPECT_EQ(s.store.values.at("synchronous").text, "full");
  ASSERT_EQ(s.sinks.size(), 1u);
  EXPECT_EQ(s.sinks[0].rules.name, "audit");
  EXPECT_EQ(s.sinks[0].rules.scope, SinkScope::Leader);
  EXPECT_EQ(s.sinks[0].isolation, SinkIsolation::Process);
  EXPECT_EQ(s.sinks[0].section.values.at("command").text, "/x");
  ASSERT_EQ(s.services.size(), 1u);
  EXPECT_EQ(s.services[0].check, ServiceSettings::Check::Http);
  EXPECT_THAT(s.services[0].tags, ElementsAre("a", "b"));
  EXPECT_EQ(s.log.level, LogLevel::Warn);
  EXPECT_EQ(s.log.file, "/etc/clusterkit/log/x.log");
}

TEST(Settings, WhatIsMissingIsNamed) {
  EXPECT_THAT(errorOf("[http]\nlisten = :8080\n"), HasSubstr("c.ini: [node] key 'id' is missing"));
  EXPECT_THAT(errorOf("[node]\nid = n1\n"), HasSubstr("c.ini: [http] key 'listen' is missing"));
  EXPECT_THAT(errorOf("[node]\n[http]\nlisten = :8080\n"), HasSubstr("c.ini:1: [node] key 'id' is missing"));
  EXPECT_THAT(errorOf(kBase + "[sink.a]\n"), HasSubstr("c.ini:5: [sink.a] key 'plugin' is missing"));
  EXPECT_THAT(errorOf(kBase + "[service.a]\n"), HasSubstr("[service.a] key 'address' is missing"));
}

TEST(Settings, UnknownNamesPointToTheNearestKnownOne) {
  EXPECT_THAT(errorOf(kBase + "[cluster]\nseedz = a\n"),
              HasSubstr("c.ini:6: [cluster] seedz = 'a': unknown key, did you mean 'seeds'?; allowed: "));
  EXPECT_THAT(errorOf(kBase + "[helth]\n"),
              HasSubstr("c.ini:5: [helth]: unknown section, did you mean 'health'?"));
  EXPECT_THAT(errorOf(kBase + "[Node]\n"), HasSubstr("unknown section, did you mean 'node'?"));
  EXPECT_THAT(errorOf(kBase + "[banana]\n"), HasSubstr("unknown section; allowed: node, http, "));
  EXPECT_THAT(errorOf(kBase + "[log]\nlevel = warning\n"),
              HasSubstr("[log] level = 'warning': is unknown, did you mean 'warn'?"));
}

TEST(Settings, NamesOfSectionsAreChecked) {
  EXPECT_THAT(errorOf(kBase + "[sink]\nplugin = x\n"), HasSubstr("[sink]: this section needs a name"));
  EXPECT_THAT(errorOf(kBase + "[sink.A_b]\nplugin = x\n"), HasSubstr("this section needs a name"));
  EXPECT_THAT(errorOf(kBase + "[log.x]\n"), HasSubstr("[log.x]: this section has no name; allowed: [log]"));
}

struct BadValue {
  const char* section;
  const char* line;
  const char* expected;
};

class BadValues : public testing::TestWithParam<BadValue> {};

TEST_P(BadValues, GivesOneLineWithFileLineKeyValueAndWhatIsAllowed) {
  const BadValue& bad = GetParam();
  std::string base = kBase;
  const std::string key = std::string(bad.line).substr(0, std::string(bad.line).find(' '));
  std::string text;
  if (std::string(bad.section) == "node") text = std::string("[node]\n") + (key == "id" ? "" : "id = n1\n");
  if (std::string(bad.section) == "http")
    text = std::string("[http]\n") + (key == "listen" ? "" : "listen = :1\n");
  if (text.empty())
    text = base + "[" + bad.section + "]\n";
  else
    text += std::string(bad.line) + "\n" +
            (std::string(bad.section) == "node" ? "[http]\nlisten = :1\n" : "[node]\nid = a\n");
  if (text.find(bad.line) == std::string::npos) text += std::string(bad.line) + "\n";
  const std::string error = errorOf(text);
  EXPECT_THAT(error, testing::MatchesRegex("c\\.ini:[0-9]+: .*"));
  EXPECT_THAT(error, HasSubstr(key + " = '"));
  EXPECT_THAT(error, HasSubstr(bad.expected));
}

INSTANTIATE_TEST_SUITE_P(
    Each, BadValues,
    testing::Values(
        BadValue{"node", "id = ", "is no node id; allowed: 1 to 128 letters"},
        BadValue{"node", "id = ../etc", "is no node id"}, BadValue{"node", "id = .hidden", "is no node id"},
        BadValue{"node", "id = a b", "is no node id"},
        BadValue{"node", "weight = -1", "is out of range; allowed: a whole number, 0 to 1000000"},
        BadValue{"node", "weight = 1.5", "is no number"},
        BadValue{"node", "data_dir = ", "is empty; allowed: a path"},
        BadValue{"node", "leave_on_stop = maybe", "is neither true nor false; allowed: true or false"},
        BadValue{"http", "listen = 8080", "is no address; allowed: host:port"},
        BadValue{"http", "listen = localhost:99999", "is no address"},
        BadValue{"http", "listen = 1.2.3:80", "is no address"},
        BadValue{"http", "listen = ::1:80", "is no address"},
        BadValue{"http", "listen = 0.0.0.0:80", "'advertise' must say"},
        BadValue{"http", "advertise = 0.0.0.0:80", "cannot be reached by others"},
        BadValue{"http", "advertise = a:0", "cannot be reached by others"},
        BadValue{"http", "max_body_size = 1", "is no size"},
        BadValue{"http", "max_body_size = 1B", "is out of range; allowed: a size with unit"},
        BadValue{"http", "idle_timeout = 5", "is no duration; allowed: a duration with unit"},
        BadValue{"cluster", "seeds = a:1,,b:1", "has an empty list item"},
        BadValue{"cluster", "seeds = a", "'a' is no address"},
        BadValue{"cluster", "partition_count = 0", "1 to 65536"},
        BadValue{"cluster", "replication_factor = 17", "1 to 16"},
        BadValue{"cluster", "max_voters = 4", "is even; allowed: an odd number"},
        BadValue{"cluster", "name = ", "is empty"}, BadValue{"plugins", "store = SQLite", "is no plugin id"},
        BadValue{"plugins", "allow = sha256:12", "is no hash; allowed: sha256:"},
        BadValue{"health", "interval = 1ms", "10ms to 1h"}, BadValue{"health", "threshold = 0", "1 to 100"},
        BadValue{"rebalance", "strategy = random", "allowed: one of balanced, rendezvous-md5"},
        BadValue{"rebalance", "delay = -1s", "is no duration"},
        BadValue{"rebalance", "max_moves = 99999999999999999999", "is no number"},
        BadValue{"events", "retain = 1", "100 to 1000000"}, BadValue{"log", "file = ", "is empty"},
        BadValue{"log", "format = xml", "allowed: one of text, json"}));

TEST(Settings, RulesAcrossKeysOfSinksAndServicesHold) {
  const std::string sink = kBase + "[sink.a]\nplugin = script\n";
  EXPECT_THAT(errorOf(sink + "concurrency = 51\n"), HasSubstr("1 to 50"));
  EXPECT_THAT(errorOf(sink + "backoff = 2m\n"), HasSubstr("max_backoff = '1m': is shorter than 'backoff'"));
  EXPECT_THAT(errorOf(sink + "isolation = jail\n"), HasSubstr("allowed: one of inline, process"));
  EXPECT_THAT(errorOf(kBase + "[sink.a]\nplugin = /x.so\n"), HasSubstr("is no plugin id"));
  EXPECT_THAT(errorOf(kBase + "[service.a]\naddress = a:80\ncheck = icmp\n"),
              HasSubstr("is no check; allowed: none"));
  EXPECT_THAT(errorOf(kBase + "[service.a]\naddress = a:80\ncheck = http://a\n"), HasSubstr("is no check"));
  EXPECT_THAT(errorOf(kBase + "[service.a]\naddress = a:0\n"), HasSubstr("cannot be reached"));
}

TEST(Settings, WhoJoinsOthersMustSayWhereTheyFindIt) {
  const std::string anyPort = "[node]\nid = n\n[http]\nlisten = 127.0.0.1:0\n";
  EXPECT_NO_THROW(settingsOf(anyPort));
  EXPECT_THAT(errorOf(anyPort + "[cluster]\nseeds = a:1\n"), HasSubstr("'advertise' must say where"));
  EXPECT_NO_THROW(settingsOf(anyPort + "advertise = 127.0.0.1:80\n[cluster]\nseeds = a:1\n"));
}

TEST(Settings, EveryKeyOfTheSchemaIsSoundAndEverySectionIsOffered) {
  for (const auto& schema : settingsSchema()) {
    EXPECT_FALSE(schema.about.empty()) << schema.kind;
    EXPECT_EQ(findSection(schema.kind), &schema);
    for (const auto& row : schema.rows) EXPECT_GT(std::string(row.help).size(), 5u) << row.name;
  }
  EXPECT_EQ(findSection("nothing"), nullptr);
}

constexpr ck_option kTransportRows[] = {option("listen", CK_TYPE_STRING, "127.0.0.1:0", "Where"),
                                        option("advertise", CK_TYPE_STRING, nullptr, "Where others connect"),
                                        endOfOptions};

ck_component componentWith(const ck_option* rows) {
  ck_component component{};
  component.size = sizeof component;
  component.options = rows;
  component.option_size = sizeof(ck_option);
  return component;
}

TEST(Settings, TheTransportListensOneThousandPortsAboveHttpUnlessItIsTold) {
  const auto component = componentWith(kTransportRows);
  Settings s = settingsOf(kBase);
  addTransportDefaults(s, component);
  EXPECT_EQ(s.transport.values.at("listen").text, "127.0.0.1:9080");
  EXPECT_EQ(s.transport.values.count("advertise"), 0u);

  s = settingsOf("[node]\nid = a\n[http]\nlisten = 0.0.0.0:80\nadvertise = box:80\n");
  addTransportDefaults(s, component);
  EXPECT_EQ(s.transport.values.at("listen").text, "0.0.0.0:1080");
  EXPECT_EQ(s.transport.values.at("advertise").text, "box");

  s = settingsOf(kBase + "[transport]\nlisten = 127.0.0.1:7\n");
  addTransportDefaults(s, component);
  EXPECT_EQ(s.transport.values.at("listen").text, "127.0.0.1:7");

  s = settingsOf("[node]\nid = a\n[http]\nlisten = :0\n");
  addTransportDefaults(s, component);
  EXPECT_TRUE(s.transport.values.empty());

  s = settingsOf(kBase);
  addTransportDefaults(s, componentWith(nullptr));
  EXPECT_TRUE(s.transport.values.empty());

  s = settingsOf("[node]\nid = a\n[http]\nlisten = :65000\n");
  EXPECT_THROW(addTransportDefaults(s, component), ConfigError);
}

TEST(Settings, ASinksOwnOptionsAreCheckedBesideThoseOfTheHost) {
  static constexpr ck_option rows[] = {requiredOption("command", CK_TYPE_STRING, "What to run"),
                                       endOfOptions};
  const auto component = componentWith(rows);
  Settings s = settingsOf(kBase + "[sink.a]\nplugin = script\ntimeout = 1s\ncommand = /bin/x\n");
  EXPECT_EQ(pluginOptions(s, s.sinks[0].section, component).text("command"), "/bin/x");
  s = settingsOf(kBase + "[sink.a]\nplugin = script\ncomand = /bin/x\n");
  try {
    pluginOptions(s, s.sinks[0].section, component);
    FAIL();
  } catch (const ConfigError& e) {
    EXPECT_THAT(e.what(),
                HasSubstr("c.ini:7: [sink.a] comand = '/bin/x': unknown key, did you mean 'command'?"));
  }
}

}  // namespace
}  // namespace clusterkit

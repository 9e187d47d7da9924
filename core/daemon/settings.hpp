// The configuration of one node, typed and checked: what the rest of the daemon is built from.
//
// Every value has its default here or in settings_schema.cpp; the schema also drives the error texts and the
// printed sample, so the three cannot drift apart. Sections of plugins stay raw: they are checked against the
// rows of the plugin that they belong to (host/options.hpp) once it is found.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cluster/rebalance.hpp"
#include "clusterkit/types.hpp"
#include "daemon/address.hpp"
#include "events/sink_rules.hpp"
#include "host/line_log.hpp"
#include "host/log.hpp"
#include "host/options.hpp"
#include "host/section.hpp"

namespace clusterkit {

struct NodeSettings {
  std::string id;
  std::string name;               // the id if not given
  std::filesystem::path dataDir;  // absolute
  std::string zone;
  std::uint32_t weight = 1;  // 0: owns nothing
  bool leaveOnStop = false;
};

struct HttpSettings {
  Address listen;
  std::optional<Address> advertise;  // not given: what listen was bound to
  std::vector<std::string> allowedHosts;
  std::uint64_t maxTargetSize = 0, maxHeaderSize = 0, maxHeaders = 0, maxBodySize = 0;
  std::uint64_t maxConnections = 0, maxConnectionsPerSource = 0;
  std::uint64_t maxBodyMemory = 0, maxStreamBacklog = 0;
  Duration requestTimeout{}, answerTimeout{}, writeTimeout{}, idleTimeout{};
};

struct ClusterSettings {
  std::string name;
  std::vector<Address> seeds;  // empty: start a new cluster
  std::uint32_t partitionCount = 0, replicationFactor = 0, maxVoters = 0;
  std::uint64_t valueQuota = 0;  // bytes, keys and values together
  std::uint32_t idempotencyRetain = 0;
};

struct PluginSettings {
  std::vector<std::filesystem::path> path;  // absolute
  std::string consensus, transport, store;  // ids
  std::vector<std::string> allow;           // "sha256:<64 hex digits>"
};

struct HealthSettings {
  bool enabled = true;
  Duration interval{}, timeout{};
  std::uint32_t threshold = 0;
};

struct RebalanceSettings {
  std::string strategy;  // a name of placement/placement_strategy.hpp
  Duration delay{}, grace{};
  std::uint32_t maxMoves = 0;
  HandoffMode handoff = HandoffMode::Immediate;
  Duration handoffTimeout{};
};

struct EventSettings {
  std::uint32_t retain = 0;
};

struct LogSettings {
  LogLevel level = LogLevel::Info;
  LogFormat format = LogFormat::Text;
  std::optional<std::filesystem::path> file;  // not given: standard error
};

enum class SinkIsolation { Inline, Process };

struct SinkSettings {
  std::string plugin;  // id
  SinkRules rules;
  SinkIsolation isolation = SinkIsolation::Inline;
  ConfigSection section;  // raw, for the plugin's own options
};

struct ServiceSettings {
  enum class Check { None, Ttl, Tcp, Http };
  std::string name;  // "orders" of [service.orders]
  Address address;
  std::vector<std::string> tags;
  Check check = Check::None;
  std::string checkUrl;  // for Check::Http
  Duration interval{};   // between checks; the time to live for Check::Ttl
};

struct Settings {
  std::filesystem::path baseFolder;  // what relative paths of the configuration are relative to
  NodeSettings node;
  HttpSettings http;
  ClusterSettings cluster;
  PluginSettings plugins;
  HealthSettings health;
  RebalanceSettings rebalance;
  EventSettings events;
  LogSettings log;
  ConfigSection consensus, transport, store;  // raw; empty where the configuration has none
  std::vector<SinkSettings> sinks;            // in the order of the configuration
  std::vector<ServiceSettings> services;
};

struct SettingsFolders {
  std::filesystem::path base;     // of the config file: relative paths start here
  std::filesystem::path working;  // the default data folder is clusterkit-data/<id> in here
  std::string origin;             // where a missing section would have been: the config file's name
};

// Throws ConfigError for the first thing that is wrong.
Settings readSettings(const std::vector<ConfigSection>& sections, const SettingsFolders& folders);

// The options of a plugin's section, checked against its rows. For a sink the keys of the host are allowed
// beside them.
CheckedOptions pluginOptions(const Settings& settings, const ConfigSection& section,
                             const ck_component& component);

// Gives a transport what the configuration left out, where it has such rows: `listen`, the host of
// http.listen and its port plus 1000 (not while that port is 0), and `advertise`, the host of http.advertise
// if that is given. Throws ConfigError if there is no such port.
void addTransportDefaults(Settings& settings, const ck_component& transport);

}  // namespace clusterkit

#include "daemon/settings.hpp"

#include <algorithm>
#include <set>

#include "cluster/event.hpp"
#include "daemon/settings_schema.hpp"
#include "host/plugin_kinds.hpp"
#include "host/text.hpp"

namespace clusterkit {
namespace {

constexpr std::size_t kLongestName = 128;

template <class Number>
Number to(std::int64_t value) {
  return static_cast<Number>(value);  // the schema's ranges fit
}

bool isNodeId(std::string_view id) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  const auto allowed = [&](char c) { return plain(c) || c == '.' || c == '-' || c == '_'; };
  return !id.empty() && id.size() <= kLongestName && plain(id.front()) &&
         std::all_of(id.begin(), id.end(), allowed);
}

bool isInstanceName(std::string_view name) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !name.empty() && name.size() <= 32 && std::all_of(name.begin(), name.end(), allowed);
}

void checkName(const CheckedOptions& options, const char* key) {
  if (options.text(key).size() > kLongestName)
    throw options.fault(key, "is too long; allowed: at most 128 bytes");
}

Address readAddress(const CheckedOptions& options, const char* key) {
  const auto address = parseAddress(options.text(key));
  if (!address) throw options.fault(key, "is no address; allowed: host:port, [IPv6]:port or :port");
  return *address;
}

// An address that others connect to.
Address readReachable(const CheckedOptions& options, const char* key) {
  const Address address = readAddress(options, key);
  if (address.isWildcard() || address.port == 0)
    throw options.fault(key,
                        "cannot be reached by others; allowed: a host and a port that they can connect to");
  return address;
}

NodeSettings readNode(const CheckedOptions& options, const SettingsFolders& folders) {
  NodeSettings node;
  node.id = options.text("id");
  if (!isNodeId(node.id)) {
    throw options.fault(
        "id",
        "is no node id; allowed: 1 to 128 letters, digits, '.', '-' and '_', the first a letter or digit");
  }
  checkName(options, "name");
  checkName(options, "zone");
  node.name = options.text("name").empty() ? node.id : options.text("name");
  node.dataDir = options.has("data_dir") ? std::filesystem::path(options.text("data_dir"))
                                         : (folders.working / "clusterkit-data" / node.id).lexically_normal();
  node.zone = options.text("zone");
  node.weight = to<std::uint32_t>(options.number("weight"));
  node.leaveOnStop = options.flag("leave_on_stop");
  return node;
}

HttpSettings readHttp(const CheckedOptions& options) {
  HttpSettings http;
  http.listen = readAddress(options, "listen");
  if (options.has("advertise")) {
    http.advertise = readReachable(options, "advertise");
  } else if (http.listen.isWildcard()) {
    throw options.fault(
        "listen", "is every address of this machine, so 'advertise' must say which one others connect to");
  }
  http.allowedHosts = options.list("allowed_hosts");
  const auto size = [&](const char* key) { return to<std::uint64_t>(options.number(key)); };
  http.maxTargetSize = size("max_target_size");
  http.maxHeaderSize = size("max_header_size");
  http.maxHeaders = size("max_headers");
  http.maxBodySize = size("max_body_size");
  http.maxConnections = size("max_connections");
  http.maxConnectionsPerSource = size("max_connections_per_source");
  http.maxBodyMemory = size("max_body_memory");
  http.maxStreamBacklog = size("max_stream_backlog");
  http.requestTimeout = options.duration("request_timeout");
  http.answerTimeout = options.duration("answer_timeout");
  http.writeTimeout = options.duration("write_timeout");
  http.idleTimeout = options.duration("idle_timeout");
  return http;
}

ClusterSettings readCluster(const CheckedOptions& options) {
  ClusterSettings cluster;
  cluster.name = options.text("name");
  if (cluster.name.empty()) throw options.fault("name", "is empty; allowed: 1 to 128 bytes");
  checkName(options, "name");
  for (const auto& seed : options.list("seeds")) {
    const auto address = parseAddress(seed);
    if (!address || address->isWildcard() || address->port == 0)
      throw options.fault("seeds", inQuotes(seed) + " is no address; allowed: host:port, comma-separated");
    cluster.seeds.push_back(*address);
  }
  cluster.partitionCount = to<std::uint32_t>(options.number("partition_count"));
  cluster.replicationFactor = to<std::uint32_t>(options.number("replication_factor"));
  cluster.maxVoters = to<std::uint32_t>(options.number("max_voters"));
  if (cluster.maxVoters % 2 == 0)
    throw options.fault("max_voters", "is even; allowed: an odd number from 1 to 15");
  cluster.valueQuota = to<std::uint64_t>(options.number("value_quota"));
  cluster.idempotencyRetain = to<std::uint32_t>(options.number("idempotency_retain"));
  return cluster;
}

PluginSettings readPlugins(const CheckedOptions& options, const SettingsFolders& folders) {
  PluginSettings plugins;
  for (const auto& folder : options.list("path")) {
    if (folder.empty()) throw options.fault("path", "has an empty item; allowed: folders, comma-separated");
    plugins.path.push_back((folders.base / folder).lexically_normal());
  }
  const auto id = [&](const char* key) {
    if (!isInstanceName(options.text(key)))
      throw options.fault(key, "is no plugin id; allowed: [a-z0-9-]{1,32}");
    return options.text(key);
  };
  plugins.consensus = id("consensus");
  plugins.transport = id("transport");
  plugins.store = id("store");
  for (const auto& hash : options.list("allow")) {
    const bool good = hash.size() == 71 && hash.compare(0, 7, "sha256:") == 0 &&
                      hash.find_first_not_of("0123456789abcdef", 7) == std::string::npos;
    if (!good)
      throw options.fault("allow",
                          inQuotes(hash) + " is no hash; allowed: sha256: and 64 hex digits in lower case");
    plugins.allow.push_back(hash);
  }
  return plugins;
}

HealthSettings readHealth(const CheckedOptions& options) {
  return {options.flag("enabled"), options.duration("interval"), options.duration("timeout"),
          to<std::uint32_t>(options.number("threshold"))};
}

RebalanceSettings readRebalance(const CheckedOptions& options) {
  RebalanceSettings rebalance;
  rebalance.strategy = options.text("strategy");
  rebalance.delay = options.duration("delay");
  rebalance.grace = options.duration("grace");
  rebalance.maxMoves = to<std::uint32_t>(options.number("max_moves"));
  rebalance.handoff =
      options.text("handoff") == "acknowledged" ? HandoffMode::Acknowledged : HandoffMode::Immediate;
  rebalance.handoffTimeout = options.duration("handoff_timeout");
  return rebalance;
}

LogSettings readLog(const CheckedOptions& options) {
  LogSettings log;
  const std::string& level = options.text("level");
  log.level = level == "debug"   ? LogLevel::Debug
              : level == "warn"  ? LogLevel::Warn
              : level == "error" ? LogLevel::Error
                                 : LogLevel::Info;
  log.format = options.text("format") == "json" ? LogFormat::Json : LogFormat::Text;
  if (options.has("file")) log.file = options.text("file");
  return log;
}

std::set<std::string, std::less<>> readEventTypes(const CheckedOptions& options) {
  const auto known = eventTypes();
  std::set<std::string, std::less<>> types;
  for (const std::string& type : options.list("events")) {
    if (std::find(known.begin(), known.end(), type) == known.end()) {
      const std::vector<std::string> all(known.begin(), known.end());
      throw options.fault("events",
                          "has no type of event in " + inQuotes(type) + "; allowed: " + joined(all));
    }
    types.insert(type);
  }
  return types;
}

SinkSettings readSink(const CheckedOptions& options, const ConfigSection& section) {
  SinkSettings sink;
  sink.plugin = options.text("plugin");
  if (!isInstanceName(sink.plugin))
    throw options.fault("plugin", "is no plugin id; allowed: [a-z0-9-]{1,32}");
  SinkRules& rules = sink.rules;
  rules.name = section.instance;
  rules.delivery.types = readEventTypes(options);
  rules.delivery.concurrency = to<std::uint32_t>(options.number("concurrency"));
  rules.delivery.maxAttempts = to<std::uint32_t>(options.number("max_attempts"));
  rules.delivery.backoff = options.duration("backoff");
  rules.delivery.maxBackoff = options.duration("max_backoff");
  if (rules.delivery.maxBackoff < rules.delivery.backoff)
    throw options.fault("max_backoff",
                        "is shorter than 'backoff', which is " + inQuotes(options.text("backoff")));
  rules.scope = options.text("scope") == "leader" ? SinkScope::Leader : SinkScope::Every;
  rules.start = options.text("start") == "oldest" ? SinkStart::Oldest : SinkStart::New;
  rules.timeout = options.duration("timeout");
  rules.deadLetter = options.flag("dead_letter");
  sink.isolation = options.text("isolation") == "process" ? SinkIsolation::Process : SinkIsolation::Inline;
  sink.section = section;
  return sink;
}

ServiceSettings readService(const CheckedOptions& options, const ConfigSection& section) {
  using Check = ServiceSettings::Check;
  ServiceSettings service;
  service.name = section.instance;
  service.address = readReachable(options, "address");
  service.tags = options.list("tags");
  const std::string& check = options.text("check");
  if (check == "ttl") {
    service.check = Check::Ttl;
  } else if (check == "tcp") {
    service.check = Check::Tcp;
  } else if (check.compare(0, 7, "http://") == 0 && parseAddress(check.substr(7, check.find('/', 7) - 7))) {
    service.check = Check::Http;
    service.checkUrl = check;
  } else if (check != "none") {
    throw options.fault("check", "is no check; allowed: none, ttl, tcp or http://host:port/path");
  }
  service.interval = options.duration("interval");
  return service;
}

// A section's place in the configuration: kind known, named where it must be and only there.
const SectionSchema& schemaOf(const ConfigSection& section) {
  const SectionSchema* schema = findSection(section.kind);
  const std::string at = section.origin + ": " + sectionTitle(section) + ": ";
  if (schema == nullptr) {
    std::vector<std::string> kinds;
    for (const auto& known : settingsSchema()) kinds.push_back(known.kind);
    const std::string nearest = nearestName(section.kind, kinds);
    throw ConfigError(at + "unknown section" +
                      (nearest.empty() ? "" : ", did you mean " + inQuotes(nearest) + "?") +
                      "; allowed: " + joined(sectionKinds()));
  }
  if (schema->named && !isInstanceName(section.instance)) {
    throw ConfigError(at + "this section needs a name; allowed: " + section.kind + "." +
                      "NAME with a NAME of 1 to 32 lower-case letters, digits and '-'");
  }
  if (!schema->named && !section.instance.empty())
    throw ConfigError(at + "this section has no name; allowed: [" + section.kind + "]");
  return *schema;
}

class SettingsReader {
 public:
  SettingsReader(const std::vector<ConfigSection>& sections, const SettingsFolders& folders)
      : sections_(sections), folders_(folders) {}

  Settings read() {
    checkSections();
    settings_.baseFolder = folders_.base;
    settings_.node = readNode(options("node"), folders_);
    settings_.http = readHttp(options("http"));
    settings_.cluster = readCluster(options("cluster"));
    checkReachable();
    settings_.plugins = readPlugins(options("plugins"), folders_);
    settings_.health = readHealth(options("health"));
    settings_.rebalance = readRebalance(options("rebalance"));
    settings_.events.retain = to<std::uint32_t>(options("events").number("retain"));
    settings_.log = readLog(options("log"));
    settings_.consensus = section("consensus");
    settings_.transport = section("transport");
    settings_.store = section("store");
    for (const auto& s : sections_) {
      if (s.kind == "sink") settings_.sinks.push_back(readSink(check(s), s));
      if (s.kind == "service") settings_.services.push_back(readService(check(s), s));
    }
    return std::move(settings_);
  }

 private:
  // A node that joins tells the others where to ask it; one that is alone may take any port.
  void checkReachable() {
    const HttpSettings& http = settings_.http;
    if (!settings_.cluster.seeds.empty() && !http.advertise && http.listen.port == 0)
      throw options("http").fault(
          "listen", "is any free port, so with cluster.seeds 'advertise' must say where others connect to");
  }
  void checkSections() const {
    std::set<std::pair<std::string, std::string>> seen;
    for (const auto& section : sections_) {
      schemaOf(section);
      if (!seen.emplace(section.kind, section.instance).second)
        throw ConfigError(section.origin + ": " + sectionTitle(section) + ": this section is there twice");
    }
  }

  // As given, or empty with the file's name as its origin.
  ConfigSection section(const std::string& kind) const {
    for (const auto& given : sections_)
      if (given.kind == kind) return given;
    return {kind, "", folders_.origin, {}};
  }

  CheckedOptions check(const ConfigSection& section) const {
    const SectionSchema& schema = schemaOf(section);
    OptionRules rules;
    rules.baseFolder = folders_.base;
    rules.unknownKeys = schema.owner == SectionOwner::Core ? UnknownKeys::Refuse : UnknownKeys::Ignore;
    return CheckedOptions(section, schema.rows, rules);
  }

  CheckedOptions options(const std::string& kind) const { return check(section(kind)); }

  const std::vector<ConfigSection>& sections_;
  const SettingsFolders& folders_;
  Settings settings_;
};

}  // namespace

Settings readSettings(const std::vector<ConfigSection>& sections, const SettingsFolders& folders) {
  return SettingsReader(sections, folders).read();
}

CheckedOptions pluginOptions(const Settings& settings, const ConfigSection& section,
                             const ck_component& component) {
  OptionRules rules;
  rules.baseFolder = settings.baseFolder;
  rules.dataDir = settings.node.dataDir.string();
  if (const SectionSchema* schema = findSection(section.kind)) rules.hostKeys = keysOf(*schema);
  return CheckedOptions(section, optionRows(component), rules);
}

void addTransportDefaults(Settings& settings, const ck_component& transport) {
  constexpr unsigned distance = 1000;
  const auto rows = optionRows(transport);
  const auto missing = [&](std::string_view key) {
    const bool known =
        std::any_of(rows.begin(), rows.end(), [&](const ck_option& row) { return key == row.name; });
    return known && settings.transport.values.count(std::string(key)) == 0;
  };
  const HttpSettings& http = settings.http;
  if (http.advertise && missing("advertise"))
    settings.transport.values["advertise"] = {http.advertise->host, "default from http.advertise"};
  if (!missing("listen") || http.listen.port == 0) return;
  if (http.listen.port > 65535 - distance) {
    throw ConfigError(settings.transport.origin + ": [transport] listen: not set, and http.listen = " +
                      inQuotes(toString(http.listen)) + " leaves no port 1000 above it; allowed: host:port");
  }
  const Address listen{http.listen.host, static_cast<std::uint16_t>(http.listen.port + distance)};
  settings.transport.values["listen"] = {toString(listen), "default from http.listen"};
}

}  // namespace clusterkit

#include "daemon/settings_schema.hpp"

#include <clusterkit/plugin.hpp>

namespace clusterkit {
namespace {

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kSecond = 1000 * kMillisecond;
constexpr std::int64_t kHour = 3600 * kSecond;
constexpr std::int64_t kKiB = 1024;
constexpr std::int64_t kMiB = 1024 * kKiB;
constexpr std::int64_t kGiB = 1024 * kMiB;

constexpr ck_option kNode[] = {
    requiredOption("id", CK_TYPE_STRING, "Stable name of this node, unique in the cluster"),
    option("name", CK_TYPE_STRING, nullptr, "Name for people; the id if not set"),
    option("data_dir", CK_TYPE_PATH, nullptr,
           "Folder of this node's data; clusterkit-data/<id> in the working folder if not set"),
    option("zone", CK_TYPE_STRING, "", "Failure zone: copies of a partition are spread over zones"),
    option("weight", CK_TYPE_INT, "1", "Share of the partitions relative to other nodes; 0 owns nothing", 0,
           1'000'000),
    option("leave_on_stop", CK_TYPE_BOOL, "false",
           "A clean stop moves everything away and leaves the cluster"),
    endOfOptions};

constexpr ck_option kHttp[] = {
    requiredOption("listen", CK_TYPE_STRING, "host:port of the HTTP API; a bare :8080 means 127.0.0.1:8080"),
    option("advertise", CK_TYPE_STRING, nullptr,
           "host:port that others reach this node by; listen if not set, required if listen is a wildcard"),
    option("allowed_hosts", CK_TYPE_LIST, "",
           "Host names that a request may carry, against DNS rebinding; addresses and localhost always pass; "
           "none: all"),
    option("max_target_size", CK_TYPE_SIZE, "16KiB", "Longest request target", 256, kMiB),
    option("max_header_size", CK_TYPE_SIZE, "8KiB", "All header lines of a request together", kKiB, kMiB),
    option("max_headers", CK_TYPE_INT, "100", "Header lines of a request", 10, 10'000),
    option("max_body_size", CK_TYPE_SIZE, "2MiB", "Longest request body", kKiB, 64 * kMiB),
    option("max_connections", CK_TYPE_INT, "4096", "Open connections", 1, 1'000'000),
    option("max_connections_per_source", CK_TYPE_INT, "1024", "Open connections per client address", 1,
           1'000'000),
    option("max_body_memory", CK_TYPE_SIZE, "256MiB", "Request bodies in memory at one time", kMiB,
           64 * kGiB),
    option("max_stream_backlog", CK_TYPE_SIZE, "256KiB",
           "Of a stream of events, sent but not read yet; a client further behind is given more as it reads",
           16 * kKiB, 64 * kMiB),
    option("request_timeout", CK_TYPE_DURATION, "10s", "From the first byte of a request to its last",
           kMillisecond, kHour),
    option("answer_timeout", CK_TYPE_DURATION, "30s", "For the answer to a request", kMillisecond, kHour),
    option("write_timeout", CK_TYPE_DURATION, "20s", "For a client that takes no bytes of its answer",
           kMillisecond, kHour),
    option("idle_timeout", CK_TYPE_DURATION, "60s", "Between two requests of a connection", kMillisecond,
           kHour),
    endOfOptions};

constexpr ck_option kCluster[] = {
    option("name", CK_TYPE_STRING, "clusterkit", "Name of the cluster; nodes of another name are refused"),
    option("seeds", CK_TYPE_LIST, "",
           "HTTP addresses (host:port) to join through when there is no data yet; none: start a new cluster"),
    option("partition_count", CK_TYPE_INT, "64", "Partitions; fixed when the cluster is created", 1, 65'536),
    option("replication_factor", CK_TYPE_INT, "3",
           "Owners of a partition, the primary included; fixed when the cluster is created", 1, 16),
    option("max_voters", CK_TYPE_INT, "5",
           "Nodes that vote on the log, an odd number; more nodes only follow; fixed when the cluster is "
           "created",
           1, 15),
    option("value_quota", CK_TYPE_SIZE, "64MiB",
           "All values and their keys together; fixed when the cluster is created", kMiB, 16 * kGiB),
    option("idempotency_retain", CK_TYPE_INT, "10000",
           "Results remembered for repeated requests; fixed when the cluster is created", 100, 1'000'000),
    endOfOptions};

constexpr ck_option kPlugins[] = {
    option("path", CK_TYPE_LIST, "", "Folders with further plugins, searched before the built-in one"),
    option("consensus", CK_TYPE_STRING, "raft", "Id of the consensus plugin"),
    option("transport", CK_TYPE_STRING, "zmq", "Id of the transport plugin"),
    option("store", CK_TYPE_STRING, "sqlite", "Id of the store plugin"),
    option("allow", CK_TYPE_LIST, "",
           "sha256:<64 hex digits> of the only files that may be loaded; none: no such limit"),
    endOfOptions};

constexpr ck_option kHealth[] = {
    option("enabled", CK_TYPE_BOOL, "true", "Whether silent nodes are declared down"),
    option("interval", CK_TYPE_DURATION, "500ms", "Between two probes of a node", 10 * kMillisecond, kHour),
    option("timeout", CK_TYPE_DURATION, "500ms", "For the answer to a probe", 10 * kMillisecond, kHour),
    option("threshold", CK_TYPE_INT, "3", "Failed probes in a row that make a node suspect", 1, 100),
    endOfOptions};

constexpr ck_option kRebalance[] = {
    choiceOption("strategy", "balanced|rendezvous-md5", "balanced",
                 "How partitions are placed on nodes; fixed when the cluster is created"),
    option("delay", CK_TYPE_DURATION, "200ms", "Joins and leaves within it are one rebalance", 0, kHour),
    option("grace", CK_TYPE_DURATION, "10s", "How long a node may be down before its copies are placed anew",
           0, 24 * kHour),
    option("max_moves", CK_TYPE_INT, "8", "Moves per node that run at one time", 1, 10'000),
    choiceOption("handoff", "immediate|acknowledged", "immediate",
                 "Whether a new owner counts at once, or when it has reported that it holds the data"),
    option("handoff_timeout", CK_TYPE_DURATION, "5m", "Longest wait for that report", kSecond, 168 * kHour),
    endOfOptions};

constexpr ck_option kEvents[] = {
    option("retain", CK_TYPE_INT, "10000", "Events that are kept; fixed when the cluster is created", 100,
           1'000'000),
    endOfOptions};

constexpr ck_option kLog[] = {
    choiceOption("level", "debug|info|warn|error", "info", "The least important lines that are written"),
    choiceOption("format", "text|json", "text", "key=value text, or one JSON object per line"),
    option("file", CK_TYPE_PATH, nullptr, "File to append to; standard error if not set"), endOfOptions};

constexpr ck_option kSink[] = {
    requiredOption("plugin", CK_TYPE_STRING, "Id of the sink plugin"),
    option("events", CK_TYPE_LIST, "", "Types of events to deliver, such as node_join; none: all"),
    choiceOption("scope", "every|leader", "every", "Which nodes deliver: every one, or the leader only"),
    choiceOption(
        "start", "new|oldest", "new",
        "Where a sink without a cursor begins: with this node's own start, or the oldest event kept"),
    option("concurrency", CK_TYPE_INT, "1", "Deliveries at one time; above 1 ordered per partition only", 1,
           50),
    option("timeout", CK_TYPE_DURATION, "30s", "Deadline of one delivery", kMillisecond, 24 * kHour),
    option("max_attempts", CK_TYPE_INT, "0", "Attempts before an event is given up; 0: no limit", 0,
           1'000'000),
    option("backoff", CK_TYPE_DURATION, "1s", "Wait before the second attempt, doubled from then on",
           kMillisecond, kHour),
    option("max_backoff", CK_TYPE_DURATION, "1m", "Longest wait between two attempts", kMillisecond,
           24 * kHour),
    option("dead_letter", CK_TYPE_BOOL, "true", "Keep events that were given up, for a replay"),
    choiceOption("isolation", "inline|process", "inline",
                 "Where the sink runs; process is not there in this version"),
    endOfOptions};

constexpr ck_option kService[] = {
    requiredOption("address", CK_TYPE_STRING, "host:port where this node offers the service"),
    option("tags", CK_TYPE_LIST, "", "Words that lookups can ask for"),
    option("check", CK_TYPE_STRING, "none",
           "none, ttl, tcp, or http://host:port/path: how the node sees that it is well"),
    option("interval", CK_TYPE_DURATION, "10s", "Between two checks; for ttl: the time to live",
           100 * kMillisecond, 24 * kHour),
    endOfOptions};

SectionSchema section(const char* kind, SectionOwner owner, const char* about, const ck_option* rows) {
  return {kind, false, owner, about, optionRows(rows, sizeof(ck_option))};
}

SectionSchema namedSection(const char* kind, SectionOwner owner, const char* about, const ck_option* rows) {
  return {kind, true, owner, about, optionRows(rows, sizeof(ck_option))};
}

}  // namespace

const std::vector<SectionSchema>& settingsSchema() {
  static const std::vector<SectionSchema> schema = {
      section("node", SectionOwner::Core, "This node.", kNode),
      section("http", SectionOwner::Core, "The HTTP API and its limits.", kHttp),
      section("cluster", SectionOwner::Core, "The cluster this node starts or joins.", kCluster),
      section("plugins", SectionOwner::Core, "Where plugins are, and which ones run the node.", kPlugins),
      section("consensus", SectionOwner::Plugin, "Options of the consensus plugin.", nullptr),
      section("transport", SectionOwner::Plugin, "Options of the transport plugin.", nullptr),
      section("store", SectionOwner::Plugin, "Options of the store plugin.", nullptr),
      namedSection("sink", SectionOwner::CorePlugin,
                   "One hook sink: told of every event. Any number, each with a name.", kSink),
      namedSection("service", SectionOwner::Core,
                   "One service that this node offers. Any number, each with a name.", kService),
      section("health", SectionOwner::Core, "Failure detection.", kHealth),
      section("rebalance", SectionOwner::Core, "Placement and movement of partitions.", kRebalance),
      section("events", SectionOwner::Core, "The event journal.", kEvents),
      section("log", SectionOwner::Core, "Log lines.", kLog)};
  return schema;
}

const SectionSchema* findSection(std::string_view kind) {
  for (const auto& schema : settingsSchema())
    if (schema.kind == kind) return &schema;
  return nullptr;
}

std::vector<std::string> sectionKinds() {
  std::vector<std::string> kinds;
  for (const auto& schema : settingsSchema()) kinds.push_back(schema.kind + (schema.named ? ".NAME" : ""));
  return kinds;
}

std::vector<std::string> keysOf(const SectionSchema& schema) {
  std::vector<std::string> keys;
  for (const auto& row : schema.rows) keys.emplace_back(row.name);
  return keys;
}

}  // namespace clusterkit

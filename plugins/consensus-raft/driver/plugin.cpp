// The plugin's identity and its options. Defaults are those of config/clusterkit.ini.
#include "driver.hpp"

namespace clusterkit::raft {
namespace {

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kSecond = 1'000 * kMillisecond;
constexpr std::int64_t kKiB = 1024;
constexpr std::int64_t kMiB = 1024 * kKiB;

}  // namespace

constexpr ck_option Driver::options[] = {
    option("heartbeat", CK_TYPE_DURATION, "50ms", "how often a leader shows that it is there", kMillisecond,
           10 * kSecond),
    option("election_timeout", CK_TYPE_DURATION, "300ms",
           "silence after which a follower seeks election; randomized up to twice; more than two heartbeats",
           10 * kMillisecond, 60 * kSecond),
    option("snapshot_entries", CK_TYPE_INT, "10000", "log entries after which a snapshot is taken", 10,
           100'000'000),
    option("snapshot_bytes", CK_TYPE_SIZE, "64MiB", "log bytes after which a snapshot is taken", 64 * kKiB,
           1024 * kMiB),
    option("trailing_entries", CK_TYPE_INT, "1000",
           "entries kept behind a snapshot for followers a little late", 0, 100'000'000),
    option("max_entry", CK_TYPE_SIZE, "4MiB", "a larger command is refused", 64 * kKiB, 32 * kMiB),
    option("max_append", CK_TYPE_SIZE, "1MiB", "entries in one message to a follower", 4 * kKiB, 32 * kMiB),
    option("max_inflight", CK_TYPE_INT, "64", "messages under way to one follower", 1, 4096),
    option("max_uncommitted", CK_TYPE_SIZE, "64MiB",
           "proposals beyond this are refused until some are committed", kMiB, 1024 * kMiB),
    endOfOptions};

}  // namespace clusterkit::raft

CK_CONSENSUS(clusterkit::raft::Driver, "raft", "1.0.0", "Raft: leader election and a replicated log",
             CK_COMPONENT_DETERMINISTIC | CK_COMPONENT_NEEDS_STORE | CK_COMPONENT_NEEDS_TRANSPORT);

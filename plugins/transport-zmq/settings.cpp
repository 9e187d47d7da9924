#include "settings.hpp"

namespace clusterkit::zmq {
namespace {

constexpr std::int64_t kib = 1024, mib = 1024 * kib, ms = 1'000'000;

std::string keyFromOptionOrFile(const Config& config, const char* option, const char* fileOption) {
  const std::string text = config.str(option), path = config.str(fileOption);
  if (!text.empty() && !path.empty())
    throw Error(CK_INVALID, std::string(option) + " and " + fileOption + " are both set");
  return path.empty() ? text : readKeyFile(path);
}

}  // namespace

const ck_option options[] = {
    option("listen", CK_TYPE_STRING, "127.0.0.1:0",
           "host:port to accept other nodes on; without a host 127.0.0.1, port 0 takes a free one"),
    option("advertise", CK_TYPE_STRING, nullptr,
           "host or host:port that the others connect to; needed when listen is a wildcard"),
    option("max_message", CK_TYPE_SIZE, "64MiB", "the largest message that is sent or accepted", 64 * kib,
           1024 * mib),
    option("control_queue", CK_TYPE_SIZE, "4MiB", "what may wait for one peer on the control lane", 64 * kib,
           1024 * mib),
    option("log_queue", CK_TYPE_SIZE, "64MiB", "what may wait for one peer on the log lane", 64 * kib,
           4096 * mib),
    option("bulk_queue", CK_TYPE_SIZE, "64MiB", "what may wait for one peer on the bulk lane", 64 * kib,
           4096 * mib),
    option("receive_limit", CK_TYPE_SIZE, "256MiB",
           "received but not yet processed per lane; what comes beyond it is dropped", mib, 16384 * mib),
    option("heartbeat_interval", CK_TYPE_DURATION, "500ms",
           "a silent connection is probed this often and given up after three times as long", 50 * ms,
           10'000 * ms),
    option("public_key", CK_TYPE_STRING, nullptr,
           "CURVE key of this node, 40 characters (Z85); follows from secret_key when not set"),
    option("public_key_file", CK_TYPE_PATH, nullptr, "file whose first line is the public key"),
    option("secret_key", CK_TYPE_SECRET, nullptr,
           "CURVE secret key of this node (Z85); turns encryption and authentication on"),
    option("secret_key_file", CK_TYPE_PATH, nullptr, "file whose first line is the secret key"),
    option("authorized_keys", CK_TYPE_LIST, nullptr,
           "public keys of nodes that may connect before they are members"),
    endOfOptions};

Settings readSettings(const Config& config) {
  Settings s;
  const std::string listen = config.str("listen");
  s.listen = parseEndpoint(listen.empty() ? "127.0.0.1:0" : listen, "127.0.0.1");
  s.advertise = config.str("advertise");
  s.maxMessage = config.size("max_message");
  s.queueBytes[CK_LANE_CONTROL] = config.size("control_queue");
  s.queueBytes[CK_LANE_LOG] = config.size("log_queue");
  s.queueBytes[CK_LANE_BULK] = config.size("bulk_queue");
  s.receiveBytes = config.size("receive_limit");
  s.heartbeat = std::chrono::duration_cast<std::chrono::milliseconds>(config.duration("heartbeat_interval"));
  s.keys = makeKeyPair(keyFromOptionOrFile(config, "public_key", "public_key_file"),
                       keyFromOptionOrFile(config, "secret_key", "secret_key_file"));
  for (const std::string& key : config.list("authorized_keys")) {
    if (!isKey(key))
      throw Error(CK_INVALID, "authorized_keys: '" + key + "' is no key of 40 characters (Z85)");
    s.authorizedKeys.insert(key);
  }
  if (!s.authorizedKeys.empty() && !s.keys.present())
    throw Error(CK_INVALID, "authorized_keys has no meaning without secret_key");
  return s;
}

}  // namespace clusterkit::zmq

// Several transports of one kind, each behind its real table with a host of its own; the test's thread is the
// loop of all of them.
#pragma once

#include <clusterkit/transport.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "contract/support/fake_host.hpp"
#include "contract/support/plugin_file.hpp"

namespace clusterkit::contract {

using Options = std::map<std::string, std::string>;

struct PeerOf {
  std::uint64_t member = 0;
  std::string endpoint;
  std::string key = {};
};

struct Message {
  std::uint64_t from = 0;
  std::uint32_t lane = 0;
  std::string bytes;
  friend bool operator==(const Message&, const Message&) = default;
};

struct PeerNews {
  std::uint64_t member = 0;
  bool up = false;
  ck_status status = CK_OK;
  std::string why;
};

class Node {
 public:
  Node(const PluginFile& file, std::uint64_t member, Options options, std::uint64_t seed);

  struct Started {
    ck_status status = CK_OK;
    std::string error;
  };
  Started start();
  ck_token beginStop();
  bool stopped(ck_token token) { return host_->take(token).has_value(); }

  ck_status setPeers(const std::vector<PeerOf>& peers);
  // One message; OK means taken.
  ck_status send(std::uint64_t to, const std::string& bytes, std::uint32_t lane = CK_LANE_LOG,
                 std::uint64_t expiresAt = 0);
  ck_status sendAll(const std::vector<ck_message>& messages, std::uint64_t& accepted);
  ck_peer_stats stats(std::uint64_t member = 0) const;  // 0: the whole node
  std::uint64_t now() const { return host_->table()->now(host_->table()->cx); }

  std::uint64_t member() const { return member_; }
  const std::string& endpoint() const { return endpoint_; }
  const std::string& key() const { return key_; }
  PeerOf asPeer() const { return {member_, endpoint_, key_}; }
  const Options& options() const { return options_; }
  const ck_transport_1& table() const { return *table_; }
  void* self() const { return instance_->self(); }
  template <class Table>
  const Table* extension(const char* id) const {
    return instance_->iface<Table>(id);
  }

  // What the upcalls said so far.
  std::vector<Message> received() const;
  std::vector<std::string> receivedOn(std::uint32_t lane) const;
  std::vector<PeerNews> news() const;
  bool sees(std::uint64_t member) const;  // the last news said up
  std::uint64_t writables(std::uint64_t member, std::uint32_t lane) const;
  // From now on received messages are kept undropped, as by a host that does not get round to them.
  void holdMessages();

  const std::shared_ptr<FakeHost>& host() const { return host_; }

 private:
  static const ck_transport_host_1 upcalls;
  static Node& of(void* cx) { return *static_cast<Node*>(FakeHost::user(cx)); }

  const std::uint64_t member_;
  const Options options_;
  std::string endpoint_, key_;
  std::shared_ptr<FakeHost> host_;
  mutable std::mutex mutex_;  // the upcalls come from any thread
  std::vector<Message> received_;
  std::vector<PeerNews> news_;
  std::map<std::pair<std::uint64_t, std::uint32_t>, std::uint64_t> writables_;
  bool hold_ = false;
  std::vector<Buffer> held_;
  std::unique_ptr<PluginInstance> instance_;  // last: its threads use what is above
  const ck_transport_1* table_ = nullptr;
};

class Network {
 public:
  // `id` is "zmq" or "inproc".
  explicit Network(const std::string& id);
  ~Network();

  // Made but not started.
  Node& make(std::uint64_t member, Options options = {});
  // Made and started; throws when it does not start.
  Node& start(std::uint64_t member, Options options = {});
  void stop(Node& node);
  // Gone without a stop, as far as one can in one process.
  void destroy(Node& node);
  // A new process under the old address: other random numbers, same member and options.
  Node& restart(Node& node);
  // Each declares all others, and the links come up.
  void connect(const std::vector<Node*>& nodes);

  // Runs all loops until the condition holds; false after the deadline.
  bool until(const std::function<bool()>& condition,
             std::chrono::milliseconds limit = std::chrono::seconds(10));
  // Runs all loops for a while: only to see that something does not happen.
  void runFor(std::chrono::milliseconds time);

  const std::string& id() const { return id_; }

 private:
  bool turn();

  const std::string id_;
  const PluginFile file_;
  std::uint64_t seeds_ = 100;
  std::vector<std::shared_ptr<FakeHost>> hosts_;  // they outlive the nodes, as a real host does
  std::vector<std::unique_ptr<Node>> nodes_;
};

// The option that says where a node listens; each Network's own address when the text is empty.
Options listeningOn(const std::string& endpoint, Options options = {});

}  // namespace clusterkit::contract

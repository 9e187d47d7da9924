// Real daemons on real files and sockets, as an operator runs them.
#pragma once

#include <Poco/Dynamic/Var.h>
#include <Poco/JSON/Object.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/eventually.hpp"
#include "support/http.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"

namespace clusterkit::test {

using Settings = std::map<std::string, std::string>;  // "section.key" -> value

enum class Format { ini, xml };

// Where a node runs.
struct Host {
  std::string address = "127.0.0.1";  // IPv4
  std::vector<std::string> launcher;  // what starts programs there, put before the program
};

// One node: its config file, its data folder, and, while it runs, its process.
class TestNode {
 public:
  TestNode(const std::filesystem::path& folder, std::string id, Settings settings,
           Format format = Format::ini, Host host = {});

  const std::string& id() const { return id_; }
  std::uint16_t port() const { return httpPort_; }
  HttpServer server() const { return {host_.address, httpPort_}; }
  std::string address() const { return host_.address + ":" + std::to_string(httpPort_); }
  std::string transportAddress() const { return host_.address + ":" + std::to_string(transportPort_); }
  const std::filesystem::path& dataDir() const { return dataDir_; }
  std::filesystem::path configFile() const { return config_; }
  std::string log() const { return readFile(log_); }
  Process& process() { return *process_; }

  void set(const std::string& key, const std::string& value);  // takes effect at the next start
  void writeConfig() const;                                    // or now, for what is read by a running node
  void unset(const std::string& key) { settings_.erase(key); }
  void setEnvironment(std::map<std::string, std::string> variables) { environment_ = std::move(variables); }
  void start();
  void kill9();
  int stop();  // SIGTERM; the exit code, -1 when it did not end within 5 s
  bool running() { return process_ && process_->running(); }
  void loseData() { std::filesystem::remove_all(dataDir_); }

  HttpAnswer get(const std::string& target) const { return httpGet(server(), target); }
  HttpAnswer send(const HttpRequest& request) const { return http(server(), request); }
  HttpAnswer put(const std::string& key, const std::string& value) const;
  std::optional<std::string> value(const std::string& key) const;  // linearizable
  Poco::JSON::Object::Ptr json(const std::string& target) const;   // empty object when there is no 200

  bool ready() const { return get("/ready").status == 200; }
  std::string leader() const;                           // id, or empty
  std::string status(const std::string& nodeId) const;  // "active", or empty when not listed
  // partition -> owners, primary first
  std::map<std::string, std::vector<std::string>> owners() const;

 private:
  std::string id_;
  Settings settings_;
  Format format_;
  Host host_;
  std::map<std::string, std::string> environment_;
  std::uint16_t httpPort_;
  std::uint16_t transportPort_;
  std::filesystem::path dataDir_, config_, log_;
  std::unique_ptr<Process> process_;
};

// Nodes node-1, node-2, ... in one temporary folder; node-1 founds the cluster.
class TestCluster {
 public:
  explicit TestCluster(Settings common = {}) : common_(std::move(common)) {}
  ~TestCluster();

  // Configured, not started.
  TestNode& add(const Settings& settings = {}, Format format = Format::ini, const Host& host = {});
  TestNode& addStarted(const Settings& settings = {}, Format format = Format::ini);
  void startThree();  // and waits until all are active and the copies are spread

  TestNode& node(std::size_t number) { return *nodes_.at(number - 1); }
  TestNode& byId(const std::string& id);
  std::vector<TestNode*> running();
  std::size_t size() const { return nodes_.size(); }
  const std::filesystem::path& folder() const { return folder_.path(); }

  // As seen by the first running node.
  bool allActive(std::size_t count);
  bool balanced(std::size_t nodes, std::size_t replication = 3);
  TestNode& leader();

 private:
  TempDir folder_;
  Settings common_;
  std::vector<std::unique_ptr<TestNode>> nodes_;
};

// The built programs.
std::string daemonPath();
std::string cliPath();

}  // namespace clusterkit::test

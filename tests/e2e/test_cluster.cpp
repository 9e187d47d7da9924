#include "e2e/test_cluster.hpp"

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Parser.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <stdexcept>

namespace clusterkit::test {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;

// "cluster.seeds" -> {"cluster" -> {"seeds" -> ...}}; "sink.audit.plugin" is section "sink.audit".
std::map<std::string, Settings> bySection(const Settings& settings) {
  std::map<std::string, Settings> out;
  for (const auto& [name, value] : settings) {
    const auto dot = name.rfind('.');
    out[name.substr(0, dot)][name.substr(dot + 1)] = value;
  }
  return out;
}

std::string asIni(const Settings& settings) {
  std::ostringstream out;
  for (const auto& [section, keys] : bySection(settings)) {
    out << "[" << section << "]\n";
    for (const auto& [key, value] : keys) out << key << " = " << value << "\n";
  }
  return out.str();
}

std::string asXml(const Settings& settings) {
  std::ostringstream out;
  out << "<clusterkit>\n";
  for (const auto& [section, keys] : bySection(settings)) {
    const auto dot = section.find('.');
    const std::string kind = section.substr(0, dot);
    out << "  <" << kind;
    if (dot != std::string::npos) out << " name=\"" << section.substr(dot + 1) << "\"";
    out << ">\n";
    for (const auto& [key, value] : keys) out << "    <" << key << ">" << value << "</" << key << ">\n";
    out << "  </" << kind << ">\n";
  }
  out << "</clusterkit>\n";
  return out.str();
}

}  // namespace

std::string daemonPath() { return CLUSTERKIT_BIN_DIR "/clusterkitd"; }
std::string cliPath() { return CLUSTERKIT_BIN_DIR "/clusterkit"; }

TestNode::TestNode(const std::filesystem::path& folder, std::string id, Settings settings, Format format,
                   Host host)
    : id_(std::move(id)),
      settings_(std::move(settings)),
      format_(format),
      host_(std::move(host)),
      httpPort_(freePort()),
      transportPort_(freePort()),
      dataDir_(folder / (id_ + ".data")),
      config_(folder / (id_ + (format == Format::ini ? ".ini" : ".xml"))),
      log_(folder / (id_ + ".log")) {
  settings_.insert({"node.id", id_});
  settings_.insert({"node.data_dir", dataDir_.string()});
  settings_.insert({"http.listen", address()});
  if (!settings_.contains("plugins.transport") || settings_["plugins.transport"] == "zmq")
    settings_.insert({"transport.listen", transportAddress()});
}

void TestNode::set(const std::string& key, const std::string& value) { settings_[key] = value; }

void TestNode::writeConfig() const {
  std::ofstream(config_) << (format_ == Format::ini ? asIni(settings_) : asXml(settings_));
}

void TestNode::start() {
  writeConfig();
  std::vector<std::string> command = host_.launcher;
  command.insert(command.end(), {daemonPath(), "--config", config_.string()});
  process_ = std::make_unique<Process>(Process::Command{std::move(command), log_, environment_});
}

void TestNode::kill9() { process_->kill9(); }

int TestNode::stop() {
  process_->signal(SIGTERM);
  return process_->waitExit(std::chrono::seconds(5)).value_or(-1);
}

HttpAnswer TestNode::put(const std::string& key, const std::string& value) const {
  return send({.method = "PUT", .target = "/v1/kv/" + key, .body = value});
}

std::optional<std::string> TestNode::value(const std::string& key) const {
  const HttpAnswer answer = get("/v1/kv/" + key);
  return answer.status == 200 ? std::optional(answer.body) : std::nullopt;
}

Object::Ptr TestNode::json(const std::string& target) const {
  const HttpAnswer answer = get(target);
  if (answer.status != 200) return new Object;
  return Poco::JSON::Parser().parse(answer.body).extract<Object::Ptr>();
}

std::string TestNode::leader() const {
  return json("/consensus/leader")->optValue<std::string>("leader_id", "");
}

std::string TestNode::status(const std::string& nodeId) const {
  const Array::Ptr nodes = json("/nodes")->getArray("nodes");
  for (unsigned i = 0; !nodes.isNull() && i < nodes->size(); ++i) {
    const Object::Ptr node = nodes->getObject(i);
    if (node->getValue<std::string>("id") == nodeId) return node->getValue<std::string>("status");
  }
  return "";
}

std::map<std::string, std::vector<std::string>> TestNode::owners() const {
  std::map<std::string, std::vector<std::string>> out;
  const Array::Ptr partitions = json("/partitions")->getArray("partitions");
  for (unsigned i = 0; !partitions.isNull() && i < partitions->size(); ++i) {
    const Object::Ptr partition = partitions->getObject(i);
    std::vector<std::string>& all = out[partition->getValue<std::string>("id")];
    all.push_back(partition->getValue<std::string>("primary_node"));
    for (const auto& replica : *partition->getArray("replica_nodes")) all.push_back(replica.toString());
  }
  return out;
}

TestCluster::~TestCluster() {
  if (!testing::Test::HasFailure()) return;
  for (const auto& node : nodes_) {  // what an operator would look at first
    const std::string log = node->log();
    std::cerr << "--- log of " << node->id() << " ---\n"
              << log.substr(log.size() - std::min<std::size_t>(log.size(), 4000));
  }
}

TestNode& TestCluster::add(const Settings& settings, Format format, const Host& host) {
  Settings all = settings;
  all.insert(common_.begin(), common_.end());
  if (!nodes_.empty()) all.insert({"cluster.seeds", nodes_.front()->address()});
  nodes_.push_back(std::make_unique<TestNode>(folder_.path(), "node-" + std::to_string(nodes_.size() + 1),
                                              all, format, host));
  return *nodes_.back();
}

TestNode& TestCluster::addStarted(const Settings& settings, Format format) {
  TestNode& added = add(settings, format);
  added.start();
  return added;
}

void TestCluster::startThree() {
  for (int i = 0; i < 3; ++i) addStarted();
  ASSERT_TRUE(eventually([&] { return node(1).ready() && allActive(3) && balanced(3); }, 20s));
}

TestNode& TestCluster::byId(const std::string& id) {
  for (const auto& node : nodes_)
    if (node->id() == id) return *node;
  throw std::out_of_range("no node " + id);
}

std::vector<TestNode*> TestCluster::running() {
  std::vector<TestNode*> out;
  for (const auto& node : nodes_)
    if (node->running()) out.push_back(node.get());
  return out;
}

bool TestCluster::allActive(std::size_t count) {
  const Array::Ptr nodes = running().at(0)->json("/nodes")->getArray("nodes");
  if (nodes.isNull()) return false;
  std::size_t active = 0;
  for (unsigned i = 0; i < nodes->size(); ++i)
    active += nodes->getObject(i)->getValue<std::string>("status") == "active" ? 1u : 0u;
  return active == count;
}

bool TestCluster::balanced(std::size_t nodes, std::size_t replication) {
  std::map<std::string, std::size_t> copies;
  const auto owners = running().at(0)->owners();
  for (const auto& [partition, all] : owners) {
    if (all.size() != std::min(nodes, replication)) return false;
    if (std::set<std::string>(all.begin(), all.end()).size() != all.size()) return false;
    for (const std::string& node : all) ++copies[node];
  }
  if (copies.size() != nodes) return false;
  const auto [least, most] = std::minmax_element(
      copies.begin(), copies.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most->second - least->second <= 1;
}

TestNode& TestCluster::leader() {
  std::string id;
  eventually([&] {
    id = running().at(0)->leader();
    return !id.empty() && byId(id).running();
  });
  return byId(id);
}

}  // namespace clusterkit::test

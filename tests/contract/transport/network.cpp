#include "contract/transport/network.hpp"

#include <algorithm>
#include <stdexcept>
#include <thread>

namespace clusterkit::contract {

const ck_transport_host_1 Node::upcalls = {
    sizeof(ck_transport_host_1), 0,
    [](void* cx, std::uint64_t from, std::uint32_t lane, ck_buf* message) noexcept {
      Buffer taken = Buffer::take(message);
      Node& node = of(cx);
      const std::lock_guard lock(node.mutex_);
      node.received_.push_back({from, lane, std::string(taken.bytes())});
      if (node.hold_) node.held_.push_back(std::move(taken));
    },
    [](void* cx, std::uint64_t member, std::int32_t up, const ck_error* why) noexcept {
      Node& node = of(cx);
      const std::lock_guard lock(node.mutex_);
      node.news_.push_back(
          {member, up != 0, why != nullptr ? why->code : CK_OK, why != nullptr ? why->msg : ""});
    },
    [](void* cx, std::uint64_t member, std::uint32_t lane) noexcept {
      Node& node = of(cx);
      const std::lock_guard lock(node.mutex_);
      ++node.writables_[{member, lane}];
    }};

Node::Node(const PluginFile& file, std::uint64_t member, Options options, std::uint64_t seed)
    : member_(member), options_(std::move(options)), host_(std::make_shared<FakeHost>(seed)) {
  host_->provide(CK_TRANSPORT_HOST, &upcalls, this);
  instance_ = std::make_unique<PluginInstance>(file, host_->table(), ".", options_);
  table_ = instance_->iface<ck_transport_1>(CK_TRANSPORT_KIND);
}

Node::Started Node::start() {
  char endpoint[128] = {};
  ck_span key{};
  ck_error error{};
  error.size = sizeof error;
  const ck_status status = table_->start(self(), member_, endpoint, &key, &error);
  endpoint_ = endpoint;
  key_ = std::string(view(key));
  return {status, error.msg};
}

ck_token Node::beginStop() {
  const ck_token token = host_->issue();
  table_->stop(self(), token);
  return token;
}

ck_status Node::setPeers(const std::vector<PeerOf>& peers) {
  std::vector<ck_peer> raw;
  for (const PeerOf& p : peers)
    raw.push_back({sizeof(ck_peer), 0, p.member, p.endpoint.c_str(), span(p.key)});
  return table_->set_peers(self(), raw.data(), raw.size());
}

ck_status Node::send(std::uint64_t to, const std::string& bytes, std::uint32_t lane,
                     std::uint64_t expiresAt) {
  const ck_span part = span(bytes);
  std::uint64_t accepted = 0;
  const ck_status status = sendAll({{sizeof(ck_message), lane, to, expiresAt, &part, 1}}, accepted);
  if ((status == CK_OK) != (accepted == 1)) throw std::runtime_error("status and accepted count contradict");
  return status;
}

ck_status Node::sendAll(const std::vector<ck_message>& messages, std::uint64_t& accepted) {
  return table_->send(self(), messages.data(), messages.size(), &accepted);
}

ck_peer_stats Node::stats(std::uint64_t member) const {
  ck_peer_stats out{};
  out.size = sizeof out;
  const ck_status status = table_->stats(self(), member, &out);
  if (status != CK_OK) throw std::runtime_error("stats: status " + std::to_string(status));
  return out;
}

std::vector<Message> Node::received() const {
  const std::lock_guard lock(mutex_);
  return received_;
}

std::vector<std::string> Node::receivedOn(std::uint32_t lane) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  for (const Message& m : received_)
    if (m.lane == lane) out.push_back(m.bytes);
  return out;
}

std::vector<PeerNews> Node::news() const {
  const std::lock_guard lock(mutex_);
  return news_;
}

bool Node::sees(std::uint64_t member) const {
  const std::lock_guard lock(mutex_);
  const auto last =
      std::find_if(news_.rbegin(), news_.rend(), [&](const PeerNews& n) { return n.member == member; });
  return last != news_.rend() && last->up;
}

std::uint64_t Node::writables(std::uint64_t member, std::uint32_t lane) const {
  const std::lock_guard lock(mutex_);
  const auto found = writables_.find({member, lane});
  return found == writables_.end() ? 0 : found->second;
}

void Node::holdMessages() {
  const std::lock_guard lock(mutex_);
  hold_ = true;
}

Network::Network(const std::string& id)
    : id_(id), file_(std::string(CLUSTERKIT_PLUGINS) + "/transport-" + id + ".so", id) {}

Network::~Network() {
  while (!nodes_.empty()) destroy(*nodes_.back());
  // What was posted to hosts whose node is gone still has to run: it owns memory.
  while (turn()) continue;
}

Node& Network::make(std::uint64_t member, Options options) {
  nodes_.push_back(std::make_unique<Node>(file_, member, std::move(options), ++seeds_));
  hosts_.push_back(nodes_.back()->host());
  return *nodes_.back();
}

Node& Network::start(std::uint64_t member, Options options) {
  Node& node = make(member, std::move(options));
  const Node::Started started = node.start();
  if (started.status != CK_OK) throw std::runtime_error("start: " + started.error);
  return node;
}

void Network::stop(Node& node) {
  const ck_token token = node.beginStop();
  if (!until([&] { return node.stopped(token); })) throw std::runtime_error("stop did not complete");
}

void Network::destroy(Node& node) {
  std::erase_if(nodes_, [&](const auto& n) { return n.get() == &node; });
}

Node& Network::restart(Node& node) {
  const std::uint64_t member = node.member();
  const Options options = listeningOn(node.endpoint(), node.options());
  destroy(node);
  return start(member, options);
}

void Network::connect(const std::vector<Node*>& nodes) {
  std::vector<PeerOf> all;
  for (const Node* node : nodes) all.push_back(node->asPeer());
  for (Node* node : nodes) node->setPeers(all);
  const bool connected = until([&] {
    return std::all_of(nodes.begin(), nodes.end(), [&](const Node* a) {
      return std::all_of(nodes.begin(), nodes.end(),
                         [&](const Node* b) { return a == b || a->sees(b->member()); });
    });
  });
  if (!connected) throw std::runtime_error("the links did not come up");
}

bool Network::turn() {
  bool did = false;
  for (const auto& host : hosts_) did = host->runDue() || did;
  return did;
}

bool Network::until(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (turn()) continue;
    if (std::chrono::steady_clock::now() > end) return condition();
    std::this_thread::sleep_for(std::chrono::microseconds(50));  // a poll interval, not a synchronisation
  }
  return true;
}

void Network::runFor(std::chrono::milliseconds time) {
  until([] { return false; }, time);
}

Options listeningOn(const std::string& endpoint, Options options) {
  if (!endpoint.empty()) options["listen"] = endpoint;
  return options;
}

}  // namespace clusterkit::contract

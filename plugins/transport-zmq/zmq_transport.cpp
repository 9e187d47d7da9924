#include "zmq_transport.hpp"

namespace clusterkit::zmq {

ZmqTransport::ZmqTransport(const Setup& setup)
    : host_(setup.host),
      settings_(readSettings(setup.config)),
      waker_(std::make_shared<Waker>()),
      refused_(std::make_shared<std::atomic<std::uint64_t>>(0)),
      resolver_(setup.host) {}

ZmqTransport::~ZmqTransport() = default;

Transport::Local ZmqTransport::start(std::uint64_t localMember) {
  if (localMember == 0) throw Error(CK_INVALID, "member id 0 is no member");
  if (io_ != nullptr) throw Error(CK_CONFLICT, "the transport has been started already");
  if (settings_.advertise.empty() && isWildcard(settings_.listen.host))
    throw Error(CK_INVALID,
                "listen = " + toText(settings_.listen) + " needs advertise: the others cannot dial it");
  localMember_ = localMember;
  auto exchange = std::make_unique<Exchange>(host_, settings_, localMember, refused_);
  Local local{advertised(exchange->bound()), settings_.keys.publicKey};
  const auto ask = [host = host_, self = std::weak_ptr(self_)](std::uint64_t member) {
    host.post([self, member] {
      if (const auto transport = self.lock()) (*transport)->lookUp(member);
    });
  };
  io_ = std::make_unique<IoLoop>(host_, std::move(exchange), waker_, ask);
  host_.log(CK_LOG_INFO, "transport_listening",
            {{"endpoint", local.endpoint}, {"keys", settings_.keys.present() ? "curve" : "none"}});
  return local;
}

std::string ZmqTransport::advertised(const Endpoint& bound) const {
  if (settings_.advertise.empty()) return toText(bound);
  Endpoint told = parseEndpoint(settings_.advertise, "", bound.port);
  if (told.port == 0) told.port = bound.port;
  return toText(told);
}

ck_status ZmqTransport::setPeers(const ck_peer* peers, std::uint64_t count) {
  if (io_ == nullptr || stopping_) return CK_UNAVAILABLE;
  std::map<std::uint64_t, const ck_peer*> wanted;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (peers[i].member == 0) return CK_INVALID;
    if (peers[i].member != localMember_) wanted[peers[i].member] = &peers[i];
  }
  DeclarePeers command;
  std::vector<std::uint64_t> namesToLookUp;
  {
    const std::lock_guard lock(peersMutex_);
    std::erase_if(declared_, [&](const auto& entry) {
      if (wanted.contains(entry.first)) return false;
      departed_.add(entry.second.peer->counters);
      return true;
    });
    for (const auto& [member, peer] : wanted) {
      Declared& declared = declared_[member];
      if (declared.peer == nullptr) declared.peer = std::make_shared<Peer>(member, settings_, waker_);
      const bool moved = declared.endpoint != (peer->endpoint != nullptr ? peer->endpoint : "");
      command.specs.push_back(describe(*peer, declared));
      if (moved && command.specs.back().target.named) namesToLookUp.push_back(member);
    }
  }
  io_->submit(std::move(command));
  for (const std::uint64_t member : namesToLookUp) lookUp(member);
  return CK_OK;
}

PeerSpec ZmqTransport::describe(const ck_peer& peer, Declared& declared) const {
  declared.endpoint = peer.endpoint != nullptr ? peer.endpoint : "";
  PeerSpec spec{declared.peer, declared.endpoint, {"", std::string(view(peer.public_key)), false}, ""};
  const std::string& key = spec.target.key;
  try {
    declared.parsed = parseEndpoint(declared.endpoint, "");
    if (declared.parsed.port == 0) spec.problem = "'" + declared.endpoint + "' has no port to connect to";
  } catch (const Error& e) {
    spec.problem = e.what();
  }
  if (settings_.keys.present() && !isKey(key))
    spec.problem = "the peer has no valid public key, but this node uses keys";
  if (!settings_.keys.present() && !key.empty())
    spec.problem = "the peer has a public key, but this node has no secret_key";
  if (!spec.problem.empty()) return spec;
  spec.target.named = !isNumeric(declared.parsed.host);
  if (!spec.target.named) spec.target.address = toTcpAddress(declared.parsed);
  return spec;
}

void ZmqTransport::lookUp(std::uint64_t member) {
  const auto it = declared_.find(member);
  if (it == declared_.end() || it->second.resolving || stopping_) return;
  it->second.resolving = true;
  const std::string endpoint = it->second.endpoint;
  resolver_.resolve(it->second.parsed, [this, member, endpoint](const Resolver::Answer& answer) {
    const auto found = declared_.find(member);
    if (found == declared_.end() || stopping_) return;
    found->second.resolving = false;
    io_->submit(SetAddress{member, endpoint, answer.address, answer.problem});
  });
}

ck_status ZmqTransport::send(const ck_message* messages, std::uint64_t count, std::uint64_t& accepted) {
  accepted = 0;
  if (io_ == nullptr || stopping_) return CK_UNAVAILABLE;
  SendMessages command;
  ck_status status = CK_OK;
  while (accepted < count) {
    status = sendOne(messages[accepted], command.messages);
    if (status != CK_OK) break;
    ++accepted;
  }
  if (!command.messages.empty()) io_->submit(std::move(command));
  if (status == CK_AGAIN) waker_->wake();  // it frees what has expired while somebody waits for room
  return status;
}

ck_status ZmqTransport::sendOne(const ck_message& message, std::vector<Outgoing::Ptr>& taken) {
  if (message.lane >= CK_LANE_COUNT) return CK_INVALID;
  std::uint64_t bytes = 0;
  for (std::uint64_t i = 0; i < message.part_count; ++i) {
    if (message.parts_in[i].size > settings_.maxMessage - bytes) return CK_INVALID;
    bytes += message.parts_in[i].size;
  }
  const auto it = declared_.find(message.to);
  if (it == declared_.end()) {
    departed_.dropped.fetch_add(1, std::memory_order_relaxed);
    return CK_OK;
  }
  const std::shared_ptr<Peer>& peer = it->second.peer;
  if (message.expires_at != 0 && host_.now() >= message.expires_at) {
    peer->counters.dropped.fetch_add(1, std::memory_order_relaxed);
    return CK_OK;
  }
  Outgoing::Ptr made = Outgoing::make(peer, message, bytes);
  if (made == nullptr) return CK_AGAIN;
  taken.push_back(std::move(made));
  return CK_OK;
}

ck_status ZmqTransport::stats(std::uint64_t member, ck_peer_stats& out) {
  const std::uint32_t size = out.size;
  if (size < sizeof out) return CK_INVALID;
  out = {};
  out.size = size;
  const std::lock_guard lock(peersMutex_);
  if (member == 0) {
    departed_.addTo(out);
    for (const auto& [id, declared] : declared_) declared.peer->counters.addTo(out);
    out.dropped += refused_->load(std::memory_order_relaxed);
    return CK_OK;
  }
  const auto it = declared_.find(member);
  if (it == declared_.end()) return CK_NOT_FOUND;
  it->second.peer->counters.addTo(out);
  out.up = it->second.peer->counters.up.load(std::memory_order_relaxed) ? 1 : 0;
  return CK_OK;
}

void ZmqTransport::stop(ck_token token) {
  if (io_ == nullptr || stopping_) {
    host_.post([host = host_, token] { host.complete(token, CK_OK); });
    return;
  }
  stopping_ = true;
  io_->stop(token);
}

}  // namespace clusterkit::zmq

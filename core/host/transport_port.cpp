#include "host/transport_port.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "host/plugin_call.hpp"
#include "host/transport_inbox.hpp"
#include "host/transport_meters.hpp"
#include "host/transport_proxy.hpp"

namespace clusterkit {

namespace {
constexpr std::uint8_t coreByte = static_cast<std::uint8_t>(Channel::Core);
constexpr std::size_t endpointBytes = 128;
}  // namespace

TransportPort::TransportPort(const ck_component& component, const ck_config& config, HostParts parts,
                             HostServices::FatalHandler onFatal)
    : parts_(parts),
      host_(std::make_unique<HostServices>(nameOf(component, config), parts, std::move(onFatal))),
      inbox_(std::make_unique<Inbox>(parts_.metrics)) {
  host_->offer(CK_TRANSPORT_HOST, &TransportUpcalls::table, this);
  instance_ = std::make_unique<PluginInstance>(component, config, *host_, parts_.log);
  table_ = static_cast<const ck_transport_1*>(instance_->table(CK_TRANSPORT_KIND, sizeof(ck_transport_1)));
  self_ = instance_->self();
  meters_ = std::make_unique<TransportMeters>(*host_, parts_);
  proxy_ = std::make_unique<TransportProxy>(*this);
}

TransportPort::~TransportPort() {
  if (farewell_) parts_.loop.cancel(farewell_);
  const bool idle = phase_ == Phase::Created || phase_ == Phase::StartFailed || phase_ == Phase::Stopped;
  if (!idle) instance_->abandon();
}

TransportAddress TransportPort::start(MemberId local) {
  local_ = local;
  phase_ = Phase::StartFailed;
  char endpoint[endpointBytes + 1] = {};  // one more, so that it ends even if the plugin forgot to
  ck_span key{};
  ck_error error = makeError(CK_OK, "");
  ck_status status = CK_OK;
  {
    PluginCall call(meters_->start);
    status = table_->start(self_, local.value, endpoint, &key, &error);
  }
  if (status != CK_OK) throw PluginError(host_->name(), "start", toStatus(status), textOf(error));
  phase_ = Phase::Running;
  declarePeers();  // those that were named before
  return {endpoint, std::string(view(key))};
}

void TransportPort::stop(CallHandler done) {
  phase_ = Phase::Stopping;
  const ck_token token = parts_.tokens.issue({&host_->name(), Status::Unavailable},
                                             [this, done = std::move(done)](CallOutcome outcome) mutable {
                                               if (outcome.ok()) phase_ = Phase::Stopped;
                                               parts_.tokens.cancelAll(host_->name());
                                               done(std::move(outcome));
                                             });
  if (token == 0) return;
  PluginCall call(meters_->stop);
  table_->stop(self_, token);
}

Status TransportPort::send(const OutgoingMessage& message) {
  if (!usable()) return Status::Unavailable;
  if (!declared_.contains(message.to)) return Status::NotFound;
  if (message.bytes.size() > maxMessage()) return Status::Invalid;
  const ck_span parts[] = {span(message.bytes), {&coreByte, 1}};
  ck_message out{};
  out.size = sizeof out;
  out.lane = static_cast<std::uint32_t>(message.lane);
  out.to = message.to.value;
  out.expires_at = static_cast<std::uint64_t>(message.expires.time_since_epoch().count());
  out.parts_in = parts;
  out.part_count = std::size(parts);
  std::uint64_t accepted = 0;
  PluginCall call(meters_->send);
  const ck_status status = table_->send(self_, &out, 1, &accepted);
  if (accepted > 0) return Status::Ok;
  return status == CK_OK ? Status::Again : toStatus(status);
}

void TransportPort::onMessage(MessageHandler handler) { onMessage_ = std::move(handler); }
void TransportPort::onPeer(PeerHandler handler) { onPeer_ = std::move(handler); }
bool TransportPort::isUp(MemberId member) const { return up_.contains(member); }

std::string TransportPort::whyDown(MemberId member) const {
  const auto found = whyDown_.find(member);
  return found != whyDown_.end() ? found->second : std::string();
}

std::uint64_t TransportPort::maxMessage() const {
  const OnPluginStack onStack(host_->label(), "max_message");
  const std::uint64_t whole = table_->max_message(self_);
  return whole > 0 ? whole - 1 : 0;
}

Result<ck_peer_stats> TransportPort::stats(MemberId member) const {
  if (!usable()) return Failure{Status::Unavailable, "the transport does not run"};
  ck_peer_stats out{};
  out.size = sizeof out;
  const OnPluginStack onStack(host_->label(), "stats");
  const ck_status status = table_->stats(self_, member.value, &out);
  if (status != CK_OK) return Failure{toStatus(status), "the transport knows no such peer"};
  return out;
}

void TransportPort::addCandidate(Peer peer) {
  const MemberId member = peer.member;
  candidates_.insert_or_assign(member, std::move(peer));
  declarePeers();
}

void TransportPort::removeCandidate(MemberId member) {
  if (candidates_.erase(member) > 0) declarePeers();
}

void TransportPort::setMembers(std::span<const Member> members) {
  const MonotonicTime until = parts_.loop.now() + kFarewell;
  for (auto& [member, peer] : std::exchange(members_, {}))
    leavers_.insert_or_assign(member, Leaver{std::move(peer), until});
  for (const Member& member : members) {
    members_.insert_or_assign(member.peer.member, member.peer);
    leavers_.erase(member.peer.member);
  }
  declarePeers();
  if (!leavers_.empty() && !farewell_) farewell_ = parts_.loop.timerAt(until, [this] { dropLeavers(); });
}

void TransportPort::dropLeavers() {
  farewell_ = {};
  const MonotonicTime now = parts_.loop.now();
  std::erase_if(leavers_, [&](const auto& entry) { return now >= entry.second.until; });
  declarePeers();
  if (leavers_.empty()) return;
  const auto next = std::min_element(leavers_.begin(), leavers_.end(), [](const auto& a, const auto& b) {
    return a.second.until < b.second.until;
  });
  farewell_ = parts_.loop.timerAt(next->second.until, [this] { dropLeavers(); });
}

// A changed endpoint, key or set is told to the plugin as a whole; an unchanged one is not told at all.
void TransportPort::declarePeers() {
  if (!usable()) return;
  std::map<MemberId, Peer> wanted = candidates_;  // a member that has moved is tried where it says that it is
  for (const auto& [member, leaver] : leavers_) wanted.emplace(member, leaver.peer);
  wanted.insert(members_.begin(), members_.end());
  wanted.erase(local_);
  if (wanted == declared_) return;
  std::vector<ck_peer> peers;
  peers.reserve(wanted.size());
  for (const auto& [member, peer] : wanted) peers.push_back(toAbi(peer));
  ck_status status = CK_OK;
  {
    PluginCall call(meters_->setPeers);
    status = table_->set_peers(self_, peers.data(), peers.size());
  }
  if (status != CK_OK) {
    // The next change declares everything anew; until then the old peers stay.
    parts_.log.error("peers_refused",
                     {{"plugin", host_->label()}, {"status", clusterkit::name(toStatus(status))}});
    return;
  }
  const std::map<MemberId, Peer> before = std::exchange(declared_, std::move(wanted));
  // A transport need not report the end of a peer that it was told to drop.
  for (const auto& [member, peer] : before) {
    if (declared_.contains(member)) continue;
    peerChanged(member, false, "no peer any more");
    whyDown_.erase(member);
  }
}

void TransportPort::attach(TransportClient& client, const PluginName& user) {
  proxy_->attach(&client, &user);
}
void TransportPort::detach() { proxy_->attach(nullptr, nullptr); }
const ck_transport_1* TransportPort::proxyTable() const { return &TransportProxy::table; }
void* TransportPort::proxySelf() { return proxy_.get(); }

void TransportPort::poison() {
  failed_ = true;
  parts_.tokens.cancelAll(host_->name());
}

void TransportPort::takeInbox() {
  std::vector<Inbox::Item> items;
  items.swap(inbox_->taken);  // keeps its capacity from turn to turn
  inbox_->take(items);
  for (Inbox::Item& item : items) {
    if (!usable()) break;
    switch (item.what) {
      case Inbox::What::Message: deliver(item.member, item.lane, std::move(item.message)); break;
      case Inbox::What::Up: peerChanged(item.member, true, item.why); break;
      case Inbox::What::Down: peerChanged(item.member, false, item.why); break;
      case Inbox::What::Writable:
        if (proxy_->client() != nullptr) proxy_->client()->writable(item.member, item.lane);
        break;
    }
  }
  items.clear();
  items.swap(inbox_->taken);
}

void TransportPort::deliver(MemberId from, Lane lane, Buffer message) {
  const std::string_view bytes = message.bytes();
  const auto channel = bytes.empty() ? 0 : static_cast<std::uint8_t>(bytes.back());
  ck_buf whole = message.release();
  if (whole.size > 0)
    --whole.size;  // the mark is at the end, so the bytes keep their place and nothing is copied
  Buffer narrowed(whole);
  if (channel == static_cast<std::uint8_t>(Channel::Consensus)) {
    if (proxy_->client() != nullptr) proxy_->client()->message(from, lane, std::move(narrowed));
  } else if (channel == coreByte) {
    if (onMessage_) onMessage_(from, lane, std::move(narrowed));
  } else {
    inbox_->unmarked.add(1);
    parts_.log.debug("message_without_channel", {{"from", from}, {"bytes", bytes.size()}});
  }
}

// Once, although whoever tries to join is a peer anew with each try.
void TransportPort::logUnreachable(MemberId member, std::string_view why) {
  std::pair<MemberId, std::string> line(member, why);
  if (line == loggedLast_) return;
  parts_.log.warn("peer_unreachable", {{"member", member}, {"why", why}});
  loggedLast_ = std::move(line);
}

// A reason may come for a peer that was never up: a key that does not fit, an address that is none. Nobody
// else would say so.
void TransportPort::peerChanged(MemberId member, bool up, std::string_view why) {
  const bool changed = up ? up_.insert(member).second : up_.erase(member) > 0;
  const bool news = !up && !why.empty() && declared_.contains(member) && whyDown(member) != why;
  if (up)
    whyDown_.erase(member);
  else if (news)
    whyDown_[member] = why;
  if (!changed && news) logUnreachable(member, why);
  if (!changed) return;
  parts_.log.info(up ? "peer_up" : "peer_down", {{"member", member}, {"why", why}});
  if (proxy_->client() != nullptr) proxy_->client()->peer(member, up);
  if (onPeer_) onPeer_(member, up);
}

}  // namespace clusterkit

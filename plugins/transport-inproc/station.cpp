#include "station.hpp"

#include <algorithm>

namespace clusterkit::inproc {
namespace {

constexpr std::uint64_t costPerMessage = 256;  // so that many tiny messages are bounded too

std::string joined(const ck_message& message, std::uint64_t bytes) {
  std::string out;
  out.reserve(bytes);
  for (std::uint64_t i = 0; i < message.part_count; ++i) out += view(message.parts_in[i]);
  return out;
}

}  // namespace

Parcel::~Parcel() {
  if (cost == 0 || !flow->release(lane, cost)) return;
  // Runs on whichever loop dropped it; the word must come on the sender's.
  sender.post([station = from, member = toMember, l = lane] {
    const auto alive = station.lock();
    if (alive && !alive->closed_) alive->upcalls_->writable(alive->host_.raw()->cx, member, l);
  });
}

Station::Station(Host host, std::shared_ptr<Hub> hub, Limits limits, std::uint64_t member,
                 std::string endpoint)
    : host_(host),
      upcalls_(host.iface<ck_transport_host_1>(CK_TRANSPORT_HOST)),
      hub_(std::move(hub)),
      limits_(limits),
      member_(member),
      endpoint_(std::move(endpoint)) {
  if (upcalls_ == nullptr) throw Error(CK_UNSUPPORTED, "the host has no " CK_TRANSPORT_HOST);
}

void Station::open() {
  if (!hub_->attach(endpoint_, shared_from_this()))
    throw Error(CK_CONFLICT, endpoint_ + " is in use by another node of this process");
  closed_ = false;
  tellNeighbours();
}

void Station::close() {
  if (std::exchange(closed_, true)) return;
  hub_->detach(endpoint_);
  tellNeighbours();
}

void Station::tellNeighbours() {
  for (const auto& station : hub_->stations())
    if (station.get() != this) station->recheckSoon();
}

void Station::recheckSoon() {
  host_.post([self = weak_from_this()] {
    if (const auto station = self.lock()) station->recheck();
  });
}

void Station::setPeers(const std::map<std::uint64_t, std::string>& wanted) {
  {
    const std::lock_guard lock(peersMutex_);
    for (auto it = remotes_.begin(); it != remotes_.end();) {
      if (wanted.contains(it->first)) {
        ++it;
        continue;
      }
      for (std::uint32_t lane = 0; lane < CK_LANE_COUNT; ++lane)
        if (it->second.flow->takeStarved(lane))
          host_.post([self = weak_from_this(), member = it->first, lane] {
            const auto station = self.lock();
            if (station && !station->closed_)
              station->upcalls_->writable(station->host_.raw()->cx, member, lane);
          });
      const ck_peer_stats last = it->second.flow->stats();
      departed_.sent += last.sent;
      departed_.received += last.received;
      departed_.dropped += last.dropped + it->second.waiting.size();
      departed_.sent_bytes += last.sent_bytes;
      departed_.received_bytes += last.received_bytes;
      departed_.connects += last.connects;
      it = remotes_.erase(it);
    }
    for (const auto& [member, endpoint] : wanted) {
      Remote& remote = remotes_[member];
      if (remote.flow == nullptr) remote.flow = std::make_shared<Flow>(limits_.queueBytes);
      if (remote.endpoint != endpoint) remote.strangerTold = false;
      remote.endpoint = endpoint;
    }
  }
  recheckSoon();
}

void Station::recheck() {
  if (closed_) return;
  for (auto& [member, remote] : remotes_) recheck(member, remote);
}

// Up means: the endpoint answers, and it is that member. The same station all the time, or it was down
// between.
void Station::recheck(std::uint64_t member, Remote& remote) {
  const std::shared_ptr<Station> there = hub_->at(remote.endpoint);
  const bool right = there != nullptr && there->member() == member;
  if (remote.up && (!right || remote.station.lock() != there)) {
    remote.up = false;
    remote.flow->setUp(0);
    report(member, 0, CK_UNAVAILABLE, "the peer is gone");
  }
  if (there != nullptr && !right && !std::exchange(remote.strangerTold, true))
    report(member, 0, CK_DENIED, "another member answers at this address");
  if (!right || remote.up) return;
  remote.up = true;
  remote.strangerTold = false;
  remote.station = there;
  remote.flow->setUp(1);
  report(member, 1, CK_OK, "");
  for (const auto& parcel : std::exchange(remote.waiting, {})) transmit(*there, parcel);
}

void Station::report(std::uint64_t member, std::int32_t up, ck_status status, const char* why) {
  const ck_error error = makeError(status, why);
  upcalls_->peer(host_.raw()->cx, member, up, up != 0 ? nullptr : &error);
}

ck_status Station::send(const ck_message& message) {
  if (message.lane >= CK_LANE_COUNT) return CK_INVALID;
  std::uint64_t bytes = 0;
  for (std::uint64_t i = 0; i < message.part_count; ++i) {
    if (message.parts_in[i].size > limits_.maxMessage - bytes) return CK_INVALID;
    bytes += message.parts_in[i].size;
  }
  const auto it = remotes_.find(message.to);
  if (it == remotes_.end()) {
    const std::lock_guard lock(peersMutex_);
    ++departed_.dropped;
    return CK_OK;
  }
  Remote& remote = it->second;
  const std::uint64_t cost = bytes + costPerMessage;
  if (!remote.flow->reserve(message.lane, cost)) {
    sweepExpired(remote);
    return CK_AGAIN;
  }
  auto parcel = std::make_shared<Parcel>(host_, weak_from_this(), remote.flow);
  parcel->fromMember = member_;
  parcel->toMember = message.to;
  parcel->lane = message.lane;
  parcel->expiresAt = message.expires_at;
  parcel->cost = cost;
  parcel->bytes = joined(message, bytes);
  if (!remote.up)
    remote.waiting.push_back(std::move(parcel));
  else if (const auto there = remote.station.lock())
    transmit(*there, parcel);
  else
    remote.flow->countDropped();
  return CK_OK;
}

void Station::transmit(Station& to, const std::shared_ptr<Parcel>& parcel) {
  if (parcel->expired()) return parcel->flow->countDropped();
  parcel->flow->countSent(parcel->bytes.size());
  const ck_link_faults faults = hub_->faultsBetween(member_, parcel->toMember);
  if (faults.cut != 0 || chance(faults.drop_ppm)) return;
  const int copies = chance(faults.duplicate_ppm) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    std::uint64_t jitter = 0;
    if (faults.jitter_ns != 0) {
      host_.random(&jitter, sizeof jitter);
      jitter %= faults.jitter_ns + 1;
    }
    dispatch(to, parcel, faults.delay_ns + jitter);
  }
}

void Station::dispatch(Station& to, const std::shared_ptr<Parcel>& parcel, std::uint64_t delay) {
  // A timer may only be set on the receiver's own loop, so the delay starts there.
  to.host_.post([self = to.weak_from_this(), parcel, delay] {
    const auto station = self.lock();
    if (!station) return;
    if (delay == 0) return station->arrive(parcel);
    struct Late {
      std::weak_ptr<Station> station;
      std::shared_ptr<Parcel> parcel;
    };
    auto late = std::make_unique<Late>(Late{self, parcel});
    const ck_host* host = station->host_.raw();
    host->timer_at(
        host->cx, host->now(host->cx) + delay,
        [](void* arg) noexcept {
          const std::unique_ptr<Late> l(static_cast<Late*>(arg));
          if (const auto s = l->station.lock()) s->arrive(l->parcel);
        },
        late.release());
  });
}

void Station::arrive(const std::shared_ptr<Parcel>& parcel) {
  if (closed_) return;
  if (parcel->expired()) return parcel->flow->countDropped();
  const auto it = remotes_.find(parcel->fromMember);
  if (it == remotes_.end()) {
    const std::lock_guard lock(peersMutex_);
    ++departed_.dropped;
    return;
  }
  it->second.flow->countReceived(parcel->bytes.size());
  ck_buf message = Buffer::of(parcel->bytes).release();
  upcalls_->recv(host_.raw()->cx, parcel->fromMember, parcel->lane, &message);
}

// Somebody waits for room: what has expired must not occupy it, now or when its time comes.
void Station::sweepExpired(Remote& remote) {
  std::uint64_t next = 0;
  std::deque<std::shared_ptr<Parcel>> kept;
  for (auto& parcel : std::exchange(remote.waiting, {})) {
    if (parcel->expired()) {
      remote.flow->countDropped();
      continue;
    }
    if (parcel->expiresAt != 0) next = next == 0 ? parcel->expiresAt : std::min(next, parcel->expiresAt);
    kept.push_back(std::move(parcel));
  }
  remote.waiting = std::move(kept);
  if (next != 0) sweepAt(next);
}

void Station::sweepAt(std::uint64_t when) {
  if (nextSweep_ != 0 && nextSweep_ <= when) return;
  nextSweep_ = when;
  auto self = std::make_unique<std::weak_ptr<Station>>(weak_from_this());
  host_.raw()->timer_at(
      host_.raw()->cx, when,
      [](void* arg) noexcept {
        const std::unique_ptr<std::weak_ptr<Station>> weak(static_cast<std::weak_ptr<Station>*>(arg));
        const auto station = weak->lock();
        if (!station || station->closed_) return;
        station->nextSweep_ = 0;
        for (auto& [member, remote] : station->remotes_) station->sweepExpired(remote);
      },
      self.release());
}

bool Station::chance(std::uint32_t ppm) const {
  if (ppm == 0) return false;
  std::uint32_t draw = 0;
  host_.random(&draw, sizeof draw);
  return draw % 1'000'000 < ppm;
}

ck_status Station::stats(std::uint64_t member, ck_peer_stats& out) const {
  const std::lock_guard lock(peersMutex_);
  const std::uint32_t size = out.size;
  if (member != 0) {
    const auto it = remotes_.find(member);
    if (it == remotes_.end()) return CK_NOT_FOUND;
    out = it->second.flow->stats();
  } else {
    out = departed_;
    for (const auto& [id, remote] : remotes_) {
      const ck_peer_stats one = remote.flow->stats();
      out.sent += one.sent;
      out.received += one.received;
      out.dropped += one.dropped;
      out.sent_bytes += one.sent_bytes;
      out.received_bytes += one.received_bytes;
      out.connects += one.connects;
    }
  }
  out.size = size;
  return CK_OK;
}

}  // namespace clusterkit::inproc

// The node's transport, shared by the consensus (through a proxy table of the ABI's own type) and the core
// (probes, forwarded commands). One byte at the end of each message says whose it is; the receiver gets the
// message without it and without a copy. Everything [loop] unless tagged.
#pragma once

#include <clusterkit/transport.h>

#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/cluster_types.hpp"
#include "host/lifetime.hpp"
#include "host/plugin_instance.hpp"

namespace clusterkit {

class TransportProxy;
struct TransportMeters;

// Hears what the transport brings; the consensus.
class TransportClient {
 public:
  virtual ~TransportClient() = default;
  virtual void message(MemberId from, Lane lane, Buffer message) = 0;
  virtual void peer(MemberId member, bool up) = 0;
  virtual void writable(MemberId member, Lane lane) = 0;
};

struct TransportAddress {
  std::string endpoint;  // what others should use
  std::string publicKey;
};

// One outgoing message of the core. Lost messages are normal: the sender repeats what matters.
struct OutgoingMessage {
  MemberId to;
  Lane lane = Lane::Control;
  std::string_view bytes;   // borrowed during the call
  MonotonicTime expires{};  // not sent after; zero = never
};

class TransportPort {
 public:
  using MessageHandler = UniqueFunction<void(MemberId from, Lane lane, Buffer message)>;
  using PeerHandler = UniqueFunction<void(MemberId member, bool up)>;

  // Throws PluginError when the component offers no complete transport table.
  TransportPort(const ck_component& component, const ck_config& config, HostParts parts,
                HostServices::FatalHandler onFatal);
  ~TransportPort();
  TransportPort(const TransportPort&) = delete;
  TransportPort& operator=(const TransportPort&) = delete;

  // Binds and listens. Throws PluginError.
  TransportAddress start(MemberId local);
  void stop(CallHandler done);

  // The core's channel. Again: that lane to that member is full now; the message was not taken. Unavailable:
  // not running. NotFound: no such peer. Invalid: larger than maxMessage().
  Status send(const OutgoingMessage& message);
  void onMessage(MessageHandler handler);
  void onPeer(PeerHandler handler);  // changes only; ask isUp() for the present
  bool isUp(MemberId member) const;
  // What the transport last said about why this peer is down; empty when it is up or nothing was said.
  std::string whyDown(MemberId member) const;
  std::uint64_t maxMessage() const;  // [any] bytes of one message of the core
  Result<ck_peer_stats> stats(MemberId member) const;

  static constexpr Duration kFarewell = std::chrono::seconds(2);

  // Peers beside the consensus' members: join candidates, and members that this node was told of. Of one that
  // is both, a candidate's endpoint and key count, until it is removed: it may have moved.
  void addCandidate(Peer peer);
  void removeCandidate(MemberId member);
  // The members in force, from the consensus. One that has left stays a peer for kFarewell more, so that it
  // can be told what it asked for: its own removal, as often as not.
  void setMembers(std::span<const Member> members);

  // For the consensus: the same table type, checked. start, set_peers and stop are the host's and refused
  // there. The client hears of messages and peers until detach().
  void attach(TransportClient& client, const PluginName& user);
  void detach();
  const ck_transport_1* proxyTable() const;
  void* proxySelf();

  // The plugin is of no more use: every call but stop() is refused from now on.
  void poison();
  PluginInstance& instance() { return *instance_; }

 private:
  friend class TransportProxy;
  friend struct TransportUpcalls;
  struct Inbox;  // what came from the plugin's threads and has not been seen by the loop
  enum class Phase { Created, Running, StartFailed, Stopping, Stopped };

  struct Leaver {
    Peer peer;
    MonotonicTime until;
  };

  bool usable() const { return phase_ == Phase::Running && !failed_; }
  void declarePeers();
  void dropLeavers();
  void takeInbox();
  void deliver(MemberId from, Lane lane, Buffer message);
  void peerChanged(MemberId member, bool up, std::string_view why);
  void logUnreachable(MemberId member, std::string_view why);

  HostParts parts_;
  Lifetime
      lifetime_;  // with host_ and inbox_ before the instance: its threads use them until it is destroyed
  std::unique_ptr<HostServices> host_;
  std::unique_ptr<Inbox> inbox_;
  std::unique_ptr<PluginInstance> instance_;
  const ck_transport_1* table_ = nullptr;
  void* self_ = nullptr;
  std::unique_ptr<TransportMeters> meters_;
  std::unique_ptr<TransportProxy> proxy_;

  Phase phase_ = Phase::Created;
  bool failed_ = false;
  MemberId local_;
  std::map<MemberId, Peer> members_;
  std::map<MemberId, Peer> candidates_;
  std::map<MemberId, Leaver> leavers_;
  TimerId farewell_;
  std::map<MemberId, Peer> declared_;
  std::set<MemberId> up_;
  std::map<MemberId, std::string> whyDown_;
  std::pair<MemberId, std::string> loggedLast_;  // as unreachable
  MessageHandler onMessage_;
  PeerHandler onPeer_;
};

}  // namespace clusterkit

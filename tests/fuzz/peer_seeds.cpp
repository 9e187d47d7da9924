#include "fuzz/peers_at_work.hpp"
#include "fuzz/seeds.hpp"

namespace clusterkit::fuzz {
namespace {

void append(std::string& story, const test::CarriedMessage& message, const std::string& bytes) {
  story += static_cast<char>((message.to.value - 1) + 2 * (message.from.value - 1) + 6);
  story += static_cast<char>(bytes.size() & 0xff);
  story += static_cast<char>(bytes.size() >> 8);
  story += bytes;
}

// One of each kind that this version knows, as the core's channel carries it.
std::vector<proto::PeerMessage> everyPeerMessage() {
  std::vector<proto::PeerMessage> all(8);
  all[0].mutable_forward_command()->mutable_attempt()->set_epoch(2);
  all[1].mutable_command_refused()->set_sequence(1);
  all[1].mutable_command_refused()->set_boot(2);
  auto* request = all[2].mutable_leader_request();
  request->mutable_attempt()->set_boot(2);
  request->mutable_attempt()->set_number(1);
  request->mutable_attempt()->set_epoch(2);
  proto::Duty duty;
  duty.mutable_remove()->set_node("node-2");
  request->set_request(duty.SerializeAsString());
  all[3].mutable_leader_answer()->set_attempt(1);
  all[3].mutable_leader_answer()->set_boot(2);
  all[4].mutable_probe()->set_sequence(1);
  all[5].mutable_probe_answer()->set_sequence(1);
  all[6].mutable_indirect_probe()->set_target(2);
  all[7].mutable_indirect_answer()->set_reachable(true);
  for (proto::PeerMessage& message : all) message.set_cluster(5);
  return all;
}

}  // namespace

std::vector<Seed> peerSeeds() {
  PeersAtWork peers;
  peers.work();
  std::string again, every;
  for (const test::CarriedMessage& message : peers.carried()) append(again, message, message.bytes);
  const std::string mark(1, peers.carried().front().bytes.back());  // of the core's channel
  for (const proto::PeerMessage& message : everyPeerMessage())
    append(every, {MemberId(2), MemberId(1), {}}, message.SerializeAsString() + mark);
  return {{"peer_message", "again", again}, {"peer_message", "every-kind", every}};
}

}  // namespace clusterkit::fuzz

#include "host/cluster_types.hpp"

#include <clusterkit/plugin.hpp>

namespace clusterkit {

SnapshotMeta SnapshotMeta::fromAbi(const ck_snap_meta& meta) {
  return {LogIndex(meta.index), meta.term, std::string(view(meta.config)), meta.total_size, meta.checksum};
}

ck_snap_meta SnapshotMeta::abi() const {
  ck_snap_meta out{};
  out.size = sizeof out;
  out.index = index.value;
  out.term = term;
  out.config = span(config);
  out.total_size = totalSize;
  out.checksum = checksum;
  return out;
}

StoreImage StoreImage::fromAbi(const ck_store_image& image) {
  StoreImage out;
  out.term = image.hard.term;
  out.votedFor = image.hard.voted_for;
  out.commit = image.hard.commit;
  out.first = LogIndex(image.first_index);
  out.last = LogIndex(image.last_index);
  out.lastTerm = image.last_term;
  out.highWater = LogIndex(image.high_water_index);
  out.format = image.format;
  out.flags = image.flags;
  out.snapshot = SnapshotMeta::fromAbi(image.snapshot);
  return out;
}

ck_store_image StoreImage::abi() const {
  ck_store_image out{};
  out.size = sizeof out;
  out.flags = flags;
  out.hard = {term, votedFor, commit};
  out.first_index = first.value;
  out.last_index = last.value;
  out.last_term = lastTerm;
  out.high_water_index = highWater.value;
  out.format = format;
  out.snapshot = snapshot.abi();
  return out;
}

ck_peer toAbi(const Peer& peer) {
  ck_peer out{};
  out.size = sizeof out;
  out.member = peer.member.value;
  out.endpoint = peer.endpoint.c_str();
  out.public_key = span(peer.publicKey);
  return out;
}

Peer fromAbi(const ck_peer& peer) {
  return {MemberId(peer.member), peer.endpoint != nullptr ? peer.endpoint : "",
          std::string(view(peer.public_key))};
}

std::string_view name(Role role) {
  switch (role) {
    case Role::Follower: return "follower";
    case Role::Candidate: return "candidate";
    case Role::Leader: return "leader";
    case Role::Learner: return "learner";
    case Role::Removed: return "removed";
  }
  return "follower";
}

}  // namespace clusterkit

// The answers that depend only on nodes, owners and roles, written once per topology and shared by all who
// ask. HTTP loop only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "http/cluster_api.hpp"
#include "http/message.hpp"

namespace clusterkit::http {

struct CachedBody {
  Bytes bytes;
  std::string etag;  // of the content: equal on all nodes for equal content, another for every change
};

class TopologyView {
 public:
  // Reads `state` and `roles` now and keeps neither.
  TopologyView(const ClusterState& state, const MemberRoles& roles);

  const CachedBody& cluster() const { return cluster_; }
  const CachedBody& partitions() const { return partitions_; }
  const Bytes& partitionStats() const { return stats_; }
  std::uint32_t validPartitions() const { return valid_; }  // with a live primary
  // Adds "partition":…,"epoch":…,"primary":Node,"replicas":[Node], without braces. `state` is the one of this
  // view.
  void appendOwners(std::string& out, const ClusterState& state, PartitionId partition) const;

 private:
  CachedBody cluster_;
  CachedBody partitions_;
  Bytes stats_;
  std::unordered_map<MemberId, std::string> nodes_;  // each as JSON
  std::uint32_t valid_ = 0;
};

// Makes a new view when the topology has changed.
class TopologyCache {
 public:
  explicit TopologyCache(const ClusterApi& api) : api_(api) {}
  const TopologyView& of(const ClusterState& state);

 private:
  const ClusterApi& api_;
  std::unique_ptr<const TopologyView> view_;
  LogIndex index_;
  Epoch epoch_;
  ClusterId cluster_;
  std::shared_ptr<const MemberRoles> roles_;
};

// "leader", "voter", "learner", or "" for a member that consensus does not know.
std::string_view roleOf(const MemberRoles& roles, MemberId member);
std::string nodeJson(const NodeRecord& node, const MemberRoles& roles);
std::string partitionJson(const ClusterState& state, PartitionId partition);

// As of RFC 9110 section 13.1.2, by weak comparison.
bool matchesEtag(std::string_view ifNoneMatch, std::string_view etag);
// The body, or 304 when the client has it already.
Response cachedResponse(const CachedBody& body, const Request& request);

}  // namespace clusterkit::http

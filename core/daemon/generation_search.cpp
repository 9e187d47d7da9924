#include "daemon/generation_search.hpp"

#include <algorithm>

#include "cluster/cluster_generation.hpp"
#include "host/text.hpp"
#include "http/json_body.hpp"

namespace clusterkit {

std::vector<std::string> GenerationSearch::next(const ClusterState& state, Whom whom) {
  std::vector<std::string> all;
  for (const auto& entry : state.nodes) {
    const NodeRecord& node = *entry.value;
    const bool silent = node.status == NodeStatus::Down || node.status == NodeStatus::Suspect;
    if (node.spec.member == self_ || (whom == Whom::TheSilent && !silent)) continue;
    all.push_back(node.spec.httpAddress);
  }
  if (all.size() <= kMostAsked) return all;
  std::rotate(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(asked_ % all.size()), all.end());
  asked_ += kMostAsked;
  all.resize(kMostAsked);
  return all;
}

ClusterId clusterIn(const std::string& status) {
  try {
    const auto cluster = http::JsonBody(status).object("cluster");
    const auto id = cluster ? parseHex64(cluster->requiredText("id")) : std::nullopt;
    return ClusterId(id.value_or(0));
  } catch (const http::RequestError&) {
    return {};  // of another program
  }
}

ClusterId successorOf(ClusterId own, std::span<const ClusterId> answers) {
  ClusterId latest;
  for (const ClusterId answer : answers)
    if (supersedes(answer, latest ? latest : own)) latest = answer;
  return latest;
}

}  // namespace clusterkit

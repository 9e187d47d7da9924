// What `throughput` was asked to do.
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "load/wire.hpp"

namespace clusterkit::bench {

enum class EtcdClient { nghttp2, grpcLibrary };

struct ThroughputSettings {
  std::vector<std::size_t> clients{1, 16, 64, 256};
  std::size_t rounds = 5;
  std::chrono::milliseconds measured{2000};
  std::set<Work> works{Work::put, Work::linearizableRead, Work::localRead};
  std::map<std::string, std::string> node;  // settings of our nodes: "section.key" -> value
  bool toAll = false;                       // clients spread over the nodes instead of all at the leader
  bool withEtcd = true;
  EtcdClient etcdClient = EtcdClient::nghttp2;
};

// Throws std::invalid_argument with one line that names the argument and what is allowed.
ThroughputSettings parseSettings(const std::vector<std::string>& arguments);

}  // namespace clusterkit::bench

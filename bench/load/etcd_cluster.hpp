// Three members of etcd as Debian packages it, with its defaults.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "support/process.hpp"

namespace clusterkit::bench {

class EtcdCluster {
 public:
  // Starts, and waits until there is a leader. Throws std::runtime_error when there is none within 30 s, or
  // when etcd-server is not installed.
  explicit EtcdCluster(const std::filesystem::path& folder);

  std::vector<std::uint16_t> ports() const;  // of the clients' side, the leader's first
  std::vector<pid_t> pids() const;

 private:
  struct Member {
    std::uint16_t clientPort, peerPort;
    test::Process process;
  };
  bool isLeader(const Member& member) const;

  std::vector<Member> members_;
};

}  // namespace clusterkit::bench

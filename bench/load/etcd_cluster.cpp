#include "load/etcd_cluster.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "support/eventually.hpp"
#include "support/http.hpp"

namespace clusterkit::bench {
namespace {

using namespace std::chrono_literals;

constexpr const char* kEtcd = "/usr/bin/etcd";  // where Debian puts it

std::string url(std::uint16_t port) { return "http://127.0.0.1:" + std::to_string(port); }

}  // namespace

EtcdCluster::EtcdCluster(const std::filesystem::path& folder) {
  constexpr std::size_t kMembers = 3;
  std::vector<std::uint16_t> clientPorts, peerPorts;
  std::string cluster;
  for (std::size_t i = 0; i < kMembers; ++i) {
    clientPorts.push_back(test::freePort());
    peerPorts.push_back(test::freePort());
    cluster += (i == 0 ? "" : ",") + ("member-" + std::to_string(i) + "=" + url(peerPorts[i]));
  }
  for (std::size_t i = 0; i < kMembers; ++i) {
    const std::string name = "member-" + std::to_string(i);
    members_.push_back(
        {clientPorts[i], peerPorts[i],
         test::Process(
             {.arguments = {kEtcd, "--name", name, "--data-dir", folder / name, "--listen-client-urls",
                            url(clientPorts[i]), "--advertise-client-urls", url(clientPorts[i]),
                            "--listen-peer-urls", url(peerPorts[i]), "--initial-advertise-peer-urls",
                            url(peerPorts[i]), "--initial-cluster", cluster},
              .output = folder / (name + ".log"),
              .environment = {}})});
  }
  const bool led = test::eventually(
      [this] {
        return std::any_of(members_.begin(), members_.end(), [this](auto& m) { return isLeader(m); });
      },
      30s);
  if (!led) throw std::runtime_error("etcd has no leader after 30 s; is the package etcd-server installed?");
}

bool EtcdCluster::isLeader(const Member& member) const {
  // HTTP/1.0: the answer is not in chunks and ends with the connection.
  return test::rawExchange(member.clientPort, "GET /metrics HTTP/1.0\r\n\r\n", 2s)
             .find("\netcd_server_is_leader 1\n") != std::string::npos;
}

std::vector<std::uint16_t> EtcdCluster::ports() const {
  std::vector<std::uint16_t> out;
  for (const auto& member : members_)
    if (isLeader(member)) out.push_back(member.clientPort);
  for (const auto& member : members_)
    if (out.empty() || member.clientPort != out.front()) out.push_back(member.clientPort);
  return out;
}

std::vector<pid_t> EtcdCluster::pids() const {
  std::vector<pid_t> out;
  for (const auto& member : members_) out.push_back(member.process.pid());
  return out;
}

}  // namespace clusterkit::bench

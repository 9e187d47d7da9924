#include "torture/own_network.hpp"

#include <sched.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>

namespace clusterkit::test {
namespace {

constexpr const char* kIp = "/bin/ip";

bool write(const std::string& file, const std::string& text) {
  std::ofstream out(file);
  out << text << std::flush;
  return out.good();
}

bool run(const std::vector<std::string>& command) { return runToEnd(command).exitCode == 0; }

bool ip(std::vector<std::string> arguments, std::vector<std::string> launcher = {}) {
  launcher.push_back(kIp);
  launcher.insert(launcher.end(), arguments.begin(), arguments.end());
  return run(launcher);
}

std::string namespaceOf(pid_t pid) { return "/proc/" + std::to_string(pid) + "/ns/net"; }

std::string routerEnd(std::size_t host) { return "to-" + std::to_string(host); }
std::string network(std::size_t host) { return "10.77." + std::to_string(host) + "."; }

}  // namespace

OwnNetwork::OwnNetwork(std::size_t hosts) : cut_(hosts + 1, std::vector<bool>(hosts + 1)) {
  works_ =
      std::filesystem::exists(kIp) && ::unshare(CLONE_NEWNET) == 0 && ip({"link", "set", "lo", "up"}) &&
      write("/proc/sys/net/ipv4/ip_forward", "1") &&
      // Else what comes from where nothing may go to is dropped too: no link could be cut in one direction.
      write("/proc/sys/net/ipv4/conf/all/rp_filter", "0") &&
      write("/proc/sys/net/ipv4/conf/default/rp_filter", "0");
  for (std::size_t number = 1; works_ && number <= hosts; ++number) works_ = addHost(number);
}

OwnNetwork::~OwnNetwork() = default;

bool OwnNetwork::addHost(std::size_t number) {
  const Process::Command keeper{
      {"/usr/bin/unshare", "--net", "/bin/sleep", "infinity"}, folder_.path() / "keepers", {}};
  Process& host = *hosts_.emplace_back(std::make_unique<Process>(keeper));
  const std::string pid = std::to_string(host.pid()), end = routerEnd(number), net = network(number);
  std::error_code failed;
  const auto own = std::filesystem::read_symlink(namespaceOf(::getpid()), failed);
  const bool entered = eventually([&] {
    return !host.running() || std::filesystem::read_symlink(namespaceOf(host.pid()), failed) != own;
  });
  const auto inside = OwnNetwork::host(number).launcher;
  return entered && host.running() &&
         ip({"link", "add", end, "type", "veth", "peer", "name", "eth0", "netns", pid}) &&
         ip({"addr", "add", net + "1/30", "dev", end}) && ip({"link", "set", end, "up"}) &&
         ip({"addr", "add", net + "2/30", "dev", "eth0"}, inside) &&
         ip({"link", "set", "eth0", "up"}, inside) && ip({"link", "set", "lo", "up"}, inside) &&
         ip({"route", "add", "default", "via", net + "1"}, inside);
}

Host OwnNetwork::host(std::size_t number) const {
  const Process& keeper = *hosts_.at(number - 1);
  return {network(number) + "2", {"/usr/bin/nsenter", "--net=" + namespaceOf(keeper.pid()), "--"}};
}

void OwnNetwork::cut(std::size_t from, std::size_t to) {
  if (cut_[from][to]) return;
  cut_[from][to] = true;
  if (!ip({"rule", "add", "iif", routerEnd(from), "to", network(to) + "2", "blackhole"}))
    throw std::runtime_error("the link from host " + std::to_string(from) + " cannot be cut");
}

void OwnNetwork::isolate(std::size_t host) {
  for (std::size_t other = 1; other <= size(); ++other) {
    if (other == host) continue;
    cut(host, other);
    cut(other, host);
  }
}

void OwnNetwork::mend() {
  for (std::size_t from = 1; from <= size(); ++from) {
    for (std::size_t to = 1; to <= size(); ++to) {
      if (!cut_[from][to]) continue;
      cut_[from][to] = false;
      if (!ip({"rule", "del", "iif", routerEnd(from), "to", network(to) + "2", "blackhole"}))
        throw std::runtime_error("the link from host " + std::to_string(from) + " cannot be mended");
    }
  }
}

}  // namespace clusterkit::test

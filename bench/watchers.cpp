// What thousands of watchers cost one node, and how late the last of them hears of a write.
// Starts a node of its own, opens the streams, measures, stops it. Run: build/<folder>/bin/watchers
// [watchers] [writes]
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "stream_clients.hpp"
#include "support/eventually.hpp"
#include "support/http.hpp"
#include "support/process.hpp"
#include "support/temp_dir.hpp"

namespace clusterkit::bench {
namespace {

using namespace std::chrono_literals;
using test::eventually;

struct Load {
  std::size_t watchers = 10'000;
  std::size_t writes = 100;
  std::size_t burst = 200;
  std::chrono::seconds idle{45};  // three heartbeats
};

// One node in a process of its own, configured to take so many connections from one address.
class BenchNode {
 public:
  explicit BenchNode(std::size_t connections) : port_(test::freePort()), process_(command(connections)) {
    if (!eventually([this] { return test::httpGet(port_, "/ready").status == 200; }, 20s))
      throw std::runtime_error("the node is not ready: " + test::readFile(folder_.path() / "log"));
  }

  std::uint16_t port() const { return port_; }
  double cpuSeconds() const {
    std::ifstream file("/proc/" + std::to_string(process_.pid()) + "/stat");
    std::string all((std::istreambuf_iterator<char>(file)), {});
    std::istringstream fields(all.substr(all.rfind(')') + 2));
    std::string skipped;
    for (int i = 0; i < 11; ++i) fields >> skipped;
    double user = 0, system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
  }
  double residentKiB() const {
    std::ifstream file("/proc/" + std::to_string(process_.pid()) + "/status");
    for (std::string line; std::getline(file, line);)
      if (line.starts_with("VmRSS:")) return std::stod(line.substr(6));
    return 0;
  }
  // Per cent of a core over this time.
  double cpuOver(std::chrono::seconds time) const {
    const double before = cpuSeconds();
    std::this_thread::sleep_for(time);
    return 100 * (cpuSeconds() - before) / static_cast<double>(time.count());
  }
  void tellToStop() { process_.signal(SIGTERM); }
  bool ended() { return !process_.running(); }

 private:
  test::Process::Command command(std::size_t connections) const {
    const std::string cap = std::to_string(connections);
    const std::string port = std::to_string(port_);
    test::Process::Command out;
    out.arguments = {CLUSTERKIT_DAEMON};
    for (const std::string& setting :
         {std::string("node.id=bench"), "http.listen=127.0.0.1:" + port,
          "node.data_dir=" + (folder_.path() / "data").string(), "http.max_connections=" + cap,
          "http.max_connections_per_source=" + cap, std::string("cluster.replication_factor=1")}) {
      out.arguments.push_back("--set");
      out.arguments.push_back(setting);
    }
    out.output = folder_.path() / "log";
    return out;
  }

  test::TempDir folder_;
  std::uint16_t port_;
  test::Process process_;
};

double ms(Clock::duration time) { return std::chrono::duration<double, std::milli>(time).count(); }

double quantile(std::vector<double> values, double part) {
  std::sort(values.begin(), values.end());
  const double rank = std::ceil(part * static_cast<double>(values.size()));
  return values.at(static_cast<std::size_t>(rank) - 1);
}

void say(const char* what, const std::string& figure) { std::printf("%-66s %s\n", what, figure.c_str()); }
std::string number(double value, const char* unit) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.1f %s", value, unit);
  return text.data();
}
void sayTimes(const char* what, const std::vector<double>& times) {
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), "%.2f / %.2f / %.2f ms", quantile(times, 0.5),
                quantile(times, 0.99), *std::max_element(times.begin(), times.end()));
  say(what, text.data());
}

// One write after the other, each when all have heard of the one before.
void measureDelays(StreamClients& clients, const Load& load) {
  std::vector<double> lasts, all, answers;
  for (std::size_t i = 0; i < load.writes; ++i) {
    const Delivery heard = clients.writeAndWait(1);
    // The write is committed before its answer leaves and before the first watcher hears of it.
    const Clock::time_point commit = std::min(heard.answered, heard.arrivals.front());
    answers.push_back(ms(heard.answered - heard.sent));
    lasts.push_back(ms(heard.arrivals.back() - commit));
    for (const Clock::time_point arrival : heard.arrivals) all.push_back(ms(arrival - commit));
  }
  say("  (each: median / p99 / max)", "");
  sayTimes("a write, until its answer", answers);
  sayTimes("commit to a watcher, over all watchers and writes", all);
  sayTimes("commit to the last watcher", lasts);
}

void measureBurst(StreamClients& clients, const BenchNode& node, const Load& load) {
  const double cpu = node.cpuSeconds();
  const Delivery heard = clients.writeAndWait(load.burst);
  const double seconds = ms(heard.arrivals.back() - heard.sent) / 1000;
  const double deliveries = static_cast<double>(load.burst * clients.size());
  say("writes one behind the other", std::to_string(load.burst));
  say("  answered after", number(ms(heard.answered - heard.sent), "ms"));
  say("  all events at all watchers after", number(seconds * 1000, "ms"));
  say("  events a second, all watchers together", number(deliveries / seconds, ""));
  say("  node's CPU time per event and watcher", number(1e6 * (node.cpuSeconds() - cpu) / deliveries, "us"));
}

void measure(const Load& load) {
  BenchNode node(load.watchers + 100);
  say("idle without watchers, 10 s: of a core", number(node.cpuOver(10s), "%"));
  const double before = node.residentKiB();
  StreamClients clients(node.port(), load.watchers);
  const double after = node.residentKiB();
  say("watchers", std::to_string(clients.size()));
  say("node's resident memory without / with them",
      number(before / 1024, "MiB / ") + number(after / 1024, "MiB"));
  say("  per watcher", number((after - before) / static_cast<double>(clients.size()), "KiB"));
  say("idle with watchers and their heartbeats: of a core", number(node.cpuOver(load.idle), "%"));
  measureDelays(clients, load);
  measureBurst(clients, node, load);
  say("node's resident memory after all that", number(node.residentKiB() / 1024, "MiB"));
  const Clock::time_point stop = Clock::now();
  node.tellToStop();
  const std::size_t told = clients.waitForTheEnd();
  say("stop: all streams ended after", number(ms(Clock::now() - stop), "ms"));
  say("  of them told so by a last event", std::to_string(told));
  if (!eventually([&] { return node.ended(); }, 5s))
    throw std::runtime_error("the node did not stop in time");
  say("  the process ended after", number(ms(Clock::now() - stop), "ms"));
}

void allowFiles(std::size_t files) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_max < files)
    throw std::runtime_error("this needs " + std::to_string(files) + " open files, ulimit -Hn allows " +
                             std::to_string(limit.rlim_max));
  limit.rlim_cur = std::max<rlim_t>(limit.rlim_cur, files);
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace
}  // namespace clusterkit::bench

int main(int argc, char** argv) {
  using namespace clusterkit::bench;
  Load load;
  if (argc > 1) load.watchers = std::strtoul(argv[1], nullptr, 10);
  if (argc > 2) load.writes = std::strtoul(argv[2], nullptr, 10);
  if (load.watchers == 0 || load.writes == 0 || argc > 3) {
    std::fprintf(stderr, "usage: watchers [watchers (10000)] [writes (100)]\n");
    return 2;
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  try {
    allowFiles(load.watchers + 400);
    measure(load);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "watchers: %s\n", error.what());
    return 1;
  }
}

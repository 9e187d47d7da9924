// The little of a host that a plugin needs to be used without a node: a loop of its own, workers, and a log
// that keeps what the plugin warns of. Blocking; one thread at a time.
#pragma once

#include <chrono>
#include <exception>
#include <filesystem>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "host/host_services.hpp"
#include "host/options.hpp"
#include "host/plugin_library.hpp"
#include "host/thread_loop.hpp"
#include "host/workers.hpp"

namespace clusterkit::cli {

// The plugin has not answered for ten minutes.
class PluginSilent : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A component of the plugins beside this program, with its default options.
struct OfflinePlugin {
  const ck_component& component;
  CheckedOptions options;
};

class OfflineHost {
 public:
  // `dataDir` is what plugins take for the node's.
  explicit OfflineHost(const std::filesystem::path& dataDir);
  ~OfflineHost();  // end()
  OfflineHost(const OfflineHost&) = delete;
  OfflineHost& operator=(const OfflineHost&) = delete;

  // Throws PluginRefused, or what names the nearest known one.
  OfflinePlugin plugin(const std::string& role, const std::string& id);
  HostParts parts();
  std::vector<std::string> warnings() const;  // of the plugins, one line each

  // Runs the task on the loop and waits for it; what it throws is thrown here.
  template <class F>
  void onLoop(F task) {
    std::exception_ptr thrown;
    loop_.call([&] {
      try {
        task();
      } catch (...) {
        thrown = std::current_exception();
      }
    });
    if (thrown) std::rethrow_exception(thrown);
  }
  // The value that `call` gives to the handler it gets, from the loop. Throws PluginSilent.
  template <class T, class Call>
  T await(Call call, std::chrono::milliseconds limit = std::chrono::minutes(10)) {
    auto answer = std::make_shared<std::promise<T>>();
    auto future = answer->get_future();
    onLoop([&] { call([answer](T value) { answer->set_value(std::move(value)); }); });
    if (future.wait_for(limit) != std::future_status::ready) throw PluginSilent("the plugin does not answer");
    return future.get();
  }
  // No task runs any more. Before what the tasks use is destroyed.
  void end() { loop_.stop(); }

 private:
  class Warnings;

  std::filesystem::path dataDir_;
  std::unique_ptr<Warnings> warnings_;
  NoMetrics metrics_;
  PluginLibraries libraries_{std::filesystem::path()};
  PluginFaults faults_;
  RunningLoop loop_;
  ThreadWorkers workers_;
  TokenTable tokens_;
};

}  // namespace clusterkit::cli

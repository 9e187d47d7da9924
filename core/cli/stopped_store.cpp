#include "cli/stopped_store.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdlib>
#include <future>
#include <mutex>
#include <sstream>
#include <utility>

#include "host/options.hpp"
#include "host/plugin_catalog.hpp"
#include "host/plugin_library.hpp"
#include "host/store_port.hpp"
#include "host/thread_loop.hpp"
#include "host/workers.hpp"

namespace fs = std::filesystem;

namespace clusterkit::cli {
namespace {

constexpr auto kLongest = std::chrono::minutes(10);  // that one call of a plugin may take
constexpr std::uint64_t kReadBytes = 1u << 20;

// A store plugin holds this file with flock while it is open.
class SharedLock {
 public:
  explicit SharedLock(const fs::path& file) : fd_(::open(file.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ < 0 || ::flock(fd_, LOCK_SH | LOCK_NB) == 0) return;
    ::close(fd_);
    throw StoreNotReadable(file.parent_path().string() + " is in use: stop its node first");
  }
  ~SharedLock() {
    if (fd_ >= 0) ::close(fd_);
  }
  SharedLock(const SharedLock&) = delete;
  SharedLock& operator=(const SharedLock&) = delete;

 private:
  int fd_;
};

// Keeps what a plugin warns of.
class Warnings final : public Log {
 public:
  bool enabled(LogLevel level) const override { return level >= LogLevel::Warn; }
  void write(LogLevel, std::string_view event, Fields fields) override {
    std::ostringstream line;
    line << event;
    for (const LogField& field : fields) {
      if (field.key == "plugin") continue;
      line << " " << field.key << "=";
      std::visit([&](const auto& value) { line << value; }, field.value);
    }
    const std::lock_guard lock(mutex_);
    lines_.push_back(line.str());
  }
  // Of the open; later ones are errors of calls.
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

}  // namespace

class StoppedStore::Copy {
 public:
  explicit Copy(const fs::path& dataDir) {
    const fs::path store = dataDir / "store";
    if (!fs::is_directory(store))
      throw StoreNotReadable(dataDir.string() + " is no data folder of a node: it holds no folder 'store'");
    const SharedLock lock(store / "lock");
    std::string pattern = (fs::temp_directory_path() / "clusterkit-store-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw StoreNotReadable("no temporary folder " + pattern);
    folder_ = pattern;
    try {
      fs::copy(store, folder_ / "store", fs::copy_options::recursive);
    } catch (const fs::filesystem_error& error) {
      remove();
      throw StoreNotReadable("the store cannot be copied to " + folder_.string() + ": " +
                             error.code().message() + "; TMPDIR names another place");
    }
  }
  ~Copy() { remove(); }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;

  const fs::path& folder() const { return folder_; }

 private:
  void remove() const {
    std::error_code ignored;  // a leftover copy harms nobody
    fs::remove_all(folder_, ignored);
  }

  fs::path folder_;
};

// The plugin on the copy, and the little of a host that it needs.
class StoppedStore::Opened {
 public:
  Opened(const fs::path& folder, const fs::path& dataDir, const std::string& plugin)
      : copy_(folder.string()), original_(dataDir.string()) {
    const ck_component& component = libraries_.component(catalog(), "store", plugin);
    OptionRules rules;
    rules.baseFolder = folder;
    rules.dataDir = folder.string();
    options_.emplace(ConfigSection{"store", "", "clusterkit store", {}}, optionRows(component), rules);
    config_ = options_->config();
    onLoop([&] {
      port_ = std::make_unique<StorePort>(
          component, config_, HostParts{loop_.loop(), workers_, warnings_, metrics_, faults_, tokens_},
          [](const Failure&) {}, [](const Failure&) {});
    });
    try {
      image_ = await<StoreImage>([&](auto done) { port_->open(std::move(done)); });
    } catch (...) {
      end();
      throw;
    }
  }
  ~Opened() { end(); }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;

  // The value that a call of the port answers with.
  template <class T, class Call>
  T await(Call call) {
    auto answer = std::make_shared<std::promise<Result<T>>>();
    auto future = answer->get_future();
    onLoop([&] { call([answer](Result<T> result) { answer->set_value(std::move(result)); }); });
    if (future.wait_for(kLongest) != std::future_status::ready)
      throw StoreNotReadable("the store plugin does not answer");
    Result<T> result = future.get();
    if (!result) throw StoreRefused(withoutCopy(result.failure().text));
    return std::move(result.value());
  }

  StorePort& port() { return *port_; }
  const StoreImage& image() const { return image_; }
  std::vector<std::string> warnings() const {
    std::vector<std::string> lines = warnings_.lines();
    for (std::string& line : lines) line = withoutCopy(std::move(line));
    return lines;
  }

 private:
  // The loop uses the rest, so it ends before that does.
  void end() {
    auto stopped = std::make_shared<std::promise<void>>();
    loop_.call([&] { port_->stop([stopped](const CallOutcome&) { stopped->set_value(); }); });
    stopped->get_future().wait_for(kLongest);
    loop_.stop();
  }
  // What a plugin says names the folder that it was given; people know the node's.
  std::string withoutCopy(std::string text) const {
    for (auto at = text.find(copy_); at != std::string::npos; at = text.find(copy_, at + original_.size()))
      text.replace(at, copy_.size(), original_);
    return text;
  }
  static PluginCatalog catalog() {
    PluginSearch search;
    search.builtinFolder = builtinPluginFolder();
    return PluginCatalog::scan(search);
  }
  // A task must not throw; what it throws is thrown here.
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

  const std::string copy_, original_;
  Warnings warnings_;
  NoMetrics metrics_;
  PluginLibraries libraries_{fs::path()};
  std::optional<CheckedOptions> options_;
  ck_config config_{};
  PluginFaults faults_{warnings_, metrics_};
  RunningLoop loop_;
  ThreadWorkers workers_;
  TokenTable tokens_{loop_.loop(), faults_};
  std::unique_ptr<StorePort> port_;
  StoreImage image_;
};

StoppedStore::StoppedStore(const fs::path& dataDir, const std::string& plugin)
    : copy_(std::make_unique<Copy>(dataDir)),
      opened_(std::make_unique<Opened>(copy_->folder(), dataDir, plugin)) {}

StoppedStore::~StoppedStore() = default;

const StoreImage& StoppedStore::image() const { return opened_->image(); }

std::vector<std::string> StoppedStore::warnings() const { return opened_->warnings(); }

std::optional<Identity> StoppedStore::identity() {
  return opened_->await<std::optional<Identity>>(
      [&](auto done) { loadIdentity(opened_->port(), std::move(done)); });
}

std::optional<Snapshot> StoppedStore::snapshot() {
  if (!image().snapshot.index) return std::nullopt;
  return opened_->await<Snapshot>([&](auto done) { opened_->port().readSnapshot(std::move(done)); });
}

std::vector<StoredEntry> StoppedStore::entries(LogIndex from) {
  if (!image().last || from > image().last) return {};
  return opened_->await<std::vector<StoredEntry>>([&](auto done) {
    opened_->port().readLog(from, LogIndex(image().last.value + 1), kReadBytes, std::move(done));
  });
}

}  // namespace clusterkit::cli

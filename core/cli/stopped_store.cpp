#include "cli/stopped_store.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "cli/offline_host.hpp"
#include "cluster/snapshot.hpp"
#include "host/store_port.hpp"

namespace fs = std::filesystem;

namespace clusterkit::cli {
namespace {

constexpr std::uint64_t kReadBytes = 1u << 20;
// A full disk is waited for no longer than this.
constexpr std::chrono::seconds kLongestWrite{30};

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

// Hears what becomes of the one batch of a recovery.
class Durability final : public StoreClient {
 public:
  using Answer = UniqueFunction<void(std::string)>;  // empty: durable
  explicit Durability(Answer answer) : answer_(std::move(answer)) {}
  void durable(std::uint64_t, const ck_error* error) override {
    say(error == nullptr ? std::string() : std::string(error->msg));
  }
  void writable() override {}
  void say(std::string what) {
    if (Answer once = std::exchange(answer_, nullptr)) once(std::move(what));
  }

 private:
  Answer answer_;
};

}  // namespace

void copyStore(const fs::path& dataDir, const fs::path& to) {
  const fs::path store = dataDir / "store";
  if (!fs::is_directory(store))
    throw StoreNotReadable(dataDir.string() + " is no data folder of a node: it holds no folder 'store'");
  const SharedLock lock(store / "lock");
  try {
    fs::copy(store, to, fs::copy_options::recursive);
  } catch (const fs::filesystem_error& error) {
    throw StoreNotCopied("the store cannot be copied to " + to.string() + ": " + error.code().message());
  }
}

ClusterState stateOf(const Snapshot& snapshot) {
  auto read = readSnapshot(snapshot.bytes);
  if (auto* error = std::get_if<SnapshotError>(&read))
    throw StoreRefused("the snapshot at " + std::to_string(snapshot.meta.index.value) +
                       " cannot be read: " + error->message);
  return std::get<ClusterState>(std::move(read));
}

class StoppedStore::Copy {
 public:
  explicit Copy(const fs::path& dataDir) {
    std::string pattern = (fs::temp_directory_path() / "clusterkit-store-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw StoreNotReadable("no temporary folder " + pattern);
    folder_ = pattern;
    try {
      copyStore(dataDir, folder_ / "store");
    } catch (const StoreNotCopied& error) {
      remove();
      throw StoreNotCopied(std::string(error.what()) + "; TMPDIR names another place");
    } catch (...) {
      remove();
      throw;
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

// The plugin on the copy, or on the folder itself.
class StoppedStore::Opened {
 public:
  Opened(const fs::path& folder, const fs::path& dataDir, const std::string& plugin)
      : opened_(folder.string()),
        original_(dataDir.string()),
        host_(folder),
        plugin_(host_.plugin("store", plugin)),
        config_(plugin_.options.config()) {
    host_.onLoop([&] {
      port_ = std::make_unique<StorePort>(
          plugin_.component, config_, host_.parts(), [](const Failure&) {}, [](const Failure&) {});
    });
    try {
      image_ = ask<StoreImage>([&](auto done) { port_->open(std::move(done)); });
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
  T ask(Call call) {
    Result<T> result = host_.await<Result<T>>(std::move(call));
    if (!result) throw StoreRefused(withoutCopy(result.failure().text));
    return std::move(result.value());
  }

  void write(const ck_store_batch& batch) {
    const std::string problem = host_.await<std::string>(
        [&](auto done) {
          durability_ = std::make_unique<Durability>(std::move(done));
          port_->attach(*durability_, port_->instance().name());
          const ck_status status = port_->proxyTable()->submit(port_->proxySelf(), &batch, 1);
          if (status != CK_OK) durability_->say(std::string(name(toStatus(status))));
        },
        kLongestWrite);
    if (!problem.empty()) throw StoreRefused("the store did not take it: " + problem);
  }

  StorePort& port() { return *port_; }
  OfflineHost& host() { return host_; }
  const StoreImage& image() const { return image_; }
  std::vector<std::string> warnings() const {
    std::vector<std::string> lines = host_.warnings();
    for (std::string& line : lines) line = withoutCopy(std::move(line));
    return lines;
  }

 private:
  // The loop uses the rest, so it ends before that does.
  void end() {
    try {
      host_.await<bool>([&](auto done) {
        port_->stop([done = std::move(done)](const CallOutcome&) mutable { done(true); });
      });
    } catch (const PluginSilent&) {
      // the port leaves behind what did not stop
    }
    host_.end();
  }
  // What a plugin says names the folder that it was given; people know the node's.
  std::string withoutCopy(std::string text) const {
    for (auto at = text.find(opened_); at != std::string::npos;
         at = text.find(opened_, at + original_.size()))
      text.replace(at, opened_.size(), original_);
    return text;
  }

  const std::string opened_, original_;
  OfflineHost host_;
  OfflinePlugin plugin_;
  const ck_config config_;
  std::unique_ptr<Durability> durability_;
  std::unique_ptr<StorePort> port_;
  StoreImage image_;
};

StoppedStore::StoppedStore(const fs::path& dataDir, const std::string& plugin, StoreAccess access)
    : copy_(access == StoreAccess::PrivateCopy ? std::make_unique<Copy>(dataDir) : nullptr),
      opened_(std::make_unique<Opened>(copy_ ? copy_->folder() : dataDir, dataDir, plugin)) {}

StoppedStore::~StoppedStore() = default;

const StoreImage& StoppedStore::image() const { return opened_->image(); }

std::vector<std::string> StoppedStore::warnings() const { return opened_->warnings(); }

std::optional<Identity> StoppedStore::identity() {
  return opened_->ask<std::optional<Identity>>(
      [&](auto done) { loadIdentity(opened_->port(), std::move(done)); });
}

std::optional<Snapshot> StoppedStore::snapshot() {
  if (!image().snapshot.index) return std::nullopt;
  return opened_->ask<Snapshot>([&](auto done) { opened_->port().readSnapshot(std::move(done)); });
}

std::vector<StoredEntry> StoppedStore::entries(LogIndex from) {
  if (!image().last || from > image().last) return {};
  return opened_->ask<std::vector<StoredEntry>>([&](auto done) {
    opened_->port().readLog(from, LogIndex(image().last.value + 1), kReadBytes, std::move(done));
  });
}

void StoppedStore::write(const ck_store_batch& batch) { opened_->write(batch); }

OfflineHost& StoppedStore::host() { return opened_->host(); }

}  // namespace clusterkit::cli

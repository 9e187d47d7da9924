// One store behind its real table, with calls that wait for their answers, and a builder for batches.
#pragma once

#include <clusterkit/store.hpp>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "contract/support/fake_host.hpp"
#include "contract/support/plugin_file.hpp"

namespace clusterkit::contract {

struct Entry {
  std::uint64_t index = 0, term = 0;
  std::string bytes;
  std::uint32_t type = 0, flags = 0;
  friend bool operator==(const Entry&, const Entry&) = default;
};
std::ostream& operator<<(std::ostream& out, const Entry& e);

// A batch with memory of its own. SYNC unless said otherwise.
class BatchOf {
 public:
  BatchOf& hard(std::uint64_t term, std::uint64_t vote, std::uint64_t commit);
  BatchOf& truncateFrom(std::uint64_t index);
  BatchOf& entry(std::uint64_t index, std::uint64_t term, std::string bytes);
  BatchOf& entry(Entry e);
  BatchOf& compactTo(std::uint64_t index);
  BatchOf& meta(std::string name, std::optional<std::string> value);
  BatchOf& withoutSync();
  ck_store_batch raw() const;  // valid while this lives and is not changed

 private:
  ck_store_batch batch_{sizeof(ck_store_batch), CK_BATCH_SYNC, nullptr, 0, nullptr, 0, 0, nullptr, 0};
  std::optional<ck_hard_state> hard_;
  std::deque<std::string> memory_;
  std::vector<ck_log_entry> entries_;
  std::vector<ck_named_value> meta_;
};

// A parent for folders of tests that are not about the disk: a file system in memory where there is one.
std::filesystem::path memoryFolder();

class TempFolder {
 public:
  explicit TempFolder(const std::filesystem::path& parent = std::filesystem::temp_directory_path());
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class StoreUnderTest {
 public:
  using Options = std::map<std::string, std::string>;
  StoreUnderTest(const std::string& id, const std::filesystem::path& dataDir, Options options = {});

  struct Opened {
    ck_status status;
    std::string error;
    ck_store_image image{};
    std::string snapshotConfig;
    bool repairing() const { return (image.flags & CK_STORE_REPAIRING) != 0; }
  };
  Opened open();
  ck_status stop();

  ck_status submit(const BatchOf& batch);  // with the next seq, which counts only when it is taken
  ck_status submit(const BatchOf& batch, std::uint64_t seq);
  std::uint64_t submitted() const { return seq_; }
  // Waits until all that was submitted is durable.
  bool allDurable();
  std::uint64_t durable() const;
  std::vector<ck_error> durableErrors() const;
  std::uint64_t writables() const;

  struct Read {
    ck_status status;
    std::vector<Entry> entries;
  };
  Read read(std::uint64_t lo, std::uint64_t hi, std::uint64_t maxBytes = 1 << 30);
  std::optional<std::uint64_t> termAt(std::uint64_t index);
  // Nothing when there is none; throws on any other failure.
  std::optional<std::string> meta(const std::string& name);

  struct Handle {
    ck_status status;
    std::uint64_t value = 0;
    ck_snap_meta meta{};
    std::string config;
  };
  Handle snapCreate(std::uint64_t index, std::uint64_t term, const std::string& config = "config",
                    std::uint64_t size = 0, std::uint64_t checksum = 0);
  ck_status snapWrite(std::uint64_t handle, std::uint64_t offset, const std::string& bytes);
  ck_status snapCommit(std::uint64_t handle);
  ck_token startSnapCommit(std::uint64_t handle);
  // create, write in pieces of 1000 bytes, commit
  ck_status snapshot(std::uint64_t index, std::uint64_t term, const std::string& bytes,
                     const std::string& config = "config");
  Handle snapOpen();
  struct Chunk {
    ck_status status;
    std::string bytes;
  };
  Chunk snapRead(std::uint64_t handle, std::uint64_t offset, std::uint64_t max);
  void snapAbort(std::uint64_t handle) { table_->snap_abort(instance_->self(), handle); }
  void snapClose(std::uint64_t handle) { table_->snap_close(instance_->self(), handle); }
  // The newest snapshot's bytes in pieces of 700; nothing when it cannot be opened or read.
  std::optional<std::string> snapshotBytes();

  FakeHost& host() { return host_; }
  const ck_store_1& table() const { return *table_; }
  void* self() const { return instance_->self(); }

 private:
  static const ck_store_host_1 upcalls;

  FakeHost host_;
  mutable std::mutex mutex_;  // the upcalls come from any thread
  std::uint64_t durable_ = 0, writables_ = 0;
  std::vector<ck_error> errors_;
  std::uint64_t seq_ = 0;
  std::unique_ptr<PluginInstance> instance_;  // last: its threads use what is above
  const ck_store_1* table_ = nullptr;
};

}  // namespace clusterkit::contract

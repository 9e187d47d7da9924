// A store in memory, for tests and simulation: the whole contract of store.h but survival. Everything happens
// on the loop and every delay is a host timer, so it replays bit for bit under a simulated clock.
#pragma once

#include <clusterkit/log_shape.hpp>
#include <clusterkit/store.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>

namespace clusterkit::memory {

class MemoryStore : public Store {
 public:
  static const ck_option options[];

  explicit MemoryStore(const Setup& setup);

  void open(ck_token token) override;
  ck_status submit(const ck_store_batch& batch, std::uint64_t seq) override;
  void read(std::uint64_t lo, std::uint64_t hi, std::uint64_t maxBytes, ck_token token) override;
  ck_status termAt(std::uint64_t index, std::uint64_t& term) override;
  void metaGet(const char* name, ck_token token) override;
  ck_status snapCreate(const ck_snap_meta& meta, std::uint64_t& handle) override;
  void snapWrite(std::uint64_t handle, std::uint64_t offset, Buffer chunk, ck_token token) override;
  void snapCommit(std::uint64_t handle, ck_token token) override;
  void snapAbort(std::uint64_t handle) override;
  void snapOpen(ck_token token) override;
  void snapRead(std::uint64_t handle, std::uint64_t offset, std::uint64_t max, ck_token token) override;
  void snapClose(std::uint64_t handle) override;
  void stop(ck_token token) override;

 private:
  enum class State { idle, opening, open, failed, stopped };
  struct Entry {
    std::uint64_t term;
    std::uint32_t type, flags;
    std::string bytes;
  };
  struct Snapshot {
    std::uint64_t index = 0, term = 0, checksum = 0, announcedSize = 0, announcedChecksum = 0;
    std::string config, bytes;
  };
  struct Incoming {
    std::uint64_t handle = 0;
    Snapshot snapshot;
  };
  struct Unsynced {  // submitted, not yet reported as durable
    std::uint64_t seq, bytes;
  };

  // fn on the loop after this call, unless this object is gone by then.
  void later(std::function<void()> fn);
  void completeLater(ck_token token, ck_status status, std::uint64_t value0 = 0, Buffer payload = {});
  void refuseLater(ck_token token, ck_status status, const char* why);
  bool refusedAsClosed(ck_token token);
  void apply(const ck_store_batch& batch);
  void startSync();
  void endSync();
  void fail();

  const Host host_;
  const std::uint64_t syncDelay_, queueLimit_;     // ns, bytes
  const std::uint64_t failAt_, fullAt_, fullFor_;  // seq, seq, ns
  const ck_store_host_1* upcalls_ = nullptr;

  State state_ = State::idle;
  std::uint64_t lastSeq_ = 0;
  LogShape shape_;
  std::deque<Entry> log_;  // from shape_.first()
  std::map<std::string, std::string> meta_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::optional<Incoming> incoming_;
  std::map<std::uint64_t, std::shared_ptr<const Snapshot>> readable_;
  std::uint64_t lastHandle_ = 0;

  std::deque<Unsynced> unsynced_;
  std::uint64_t unsyncedBytes_ = 0;
  std::uint64_t syncingUpto_ = 0;  // seq; 0 = no sync is under way
  std::uint64_t lastDurable_ = 0;
  bool owesWritable_ = false;
  enum class Space { untouched, full, returned } space_ = Space::untouched;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
  Timer syncTimer_, spaceTimer_;
};

}  // namespace clusterkit::memory

// The one thread that opens, writes, reads and checkpoints the journal. It takes all that is queued into one
// transaction, so while one sync runs, the next group gathers.
//
// A full disk: the group stays first in line and is tried again until it fits or the writer is stopped;
// meanwhile new batches are refused. Any other failure to write or sync is final.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <variant>

#include "journal.hpp"

namespace clusterkit::sqlite {

struct ReadLog {
  std::uint64_t lo, hi, maxBytes;
  ck_token token;
};
struct ReadMeta {
  std::string name;
  ck_token token;
};
struct InstallSnapshot {
  SnapshotRow row;
  LogShape::LogAfterSnapshot log;
  ck_token token;
};
struct Answered {};  // a read that needs no further attempt
using Step = std::variant<Answered, std::unique_ptr<Batch>, ReadLog, ReadMeta, InstallSnapshot>;

class Writer {
 public:
  struct Limits {
    std::uint64_t queueBytes;
    std::chrono::nanoseconds markSyncDelay, spaceRetry;
  };
  // Called on the writer's thread.
  struct Upcalls {
    std::function<void(std::uint64_t upto, const ck_error* error)> durable;
    std::function<void()> writable;
    std::function<void(Journal::Opened)> opened;
    std::function<void(const ck_error&)> openFailed;
    std::function<void(const InstallSnapshot&)> installed;
    std::function<void(ck_token, const ck_error&)> installFailed;
  };

  Writer(Host host, JournalOptions options, Limits limits, Upcalls upcalls);
  ~Writer();

  // CK_OK when a batch may be pushed now, else AGAIN (writable follows), NO_SPACE (writable follows) or
  // FATAL. [any]
  ck_status admits();
  void push(Step step);  // [any]
  // Writes what is queued, closes the journal, then calls `stopped` on its own thread. [any]
  void stop(std::function<void()> stopped);
  void join();

 private:
  using Clock = std::chrono::steady_clock;
  using Group = std::deque<Step>;

  void run();
  bool openJournal();
  bool gather(Group& group);  // false = stopping, and nothing is left to wait for
  Clock::time_point deadline(const Group& group) const;
  void transact(Group& group);
  void perform(Step& step);
  void answer(const ReadLog& read);
  void answer(const ReadMeta& read);
  void becomeFull(const Error& why);
  void settle(Group& group);
  void maintain();
  void fail(Group& group, const ck_error& why);
  void failTokens(Group& group, const ck_error& why);
  void finish(Group& group);

  const Host host_;
  const Limits limits_;
  const Upcalls upcalls_;
  Journal journal_;                // writer's thread only, and so are the next three
  std::uint64_t lastDurable_ = 0;  // seq
  Clock::time_point retryAt_{}, markDue_{};

  std::mutex mutex_;
  std::condition_variable wake_;
  Group queue_;
  bool urgent_ = false;                       // something in the queue is worth a transaction now
  std::optional<Clock::time_point> lazyDue_;  // when batches without SYNC have waited long enough
  std::uint64_t bytes_ = 0;                   // of all batches that are not yet written
  bool full_ = false, refused_ = false, stopping_ = false;
  std::optional<ck_error> failure_;
  std::function<void()> stopped_;

  std::thread thread_;
};

}  // namespace clusterkit::sqlite

#include "writer.hpp"

#include <pthread.h>

namespace clusterkit::sqlite {

namespace {

// How long a batch without SYNC may wait for company.
constexpr auto lazyDelay = std::chrono::milliseconds(20);

bool waitsForCompany(const Step& step) {
  const auto* batch = std::get_if<std::unique_ptr<Batch>>(&step);
  return batch != nullptr && !(*batch)->sync;
}

}  // namespace

Writer::Writer(Host host, JournalOptions options, Limits limits, Upcalls upcalls)
    : host_(host),
      limits_(limits),
      upcalls_(std::move(upcalls)),
      journal_(std::move(options)),
      thread_([this] { run(); }) {}

Writer::~Writer() {
  stop({});
  join();
}

ck_status Writer::admits() {
  const std::lock_guard lock(mutex_);
  if (failure_) return CK_FATAL;
  if (!full_ && bytes_ < limits_.queueBytes) return CK_OK;
  refused_ = true;
  return full_ ? CK_NO_SPACE : CK_AGAIN;
}

// Wakes after the lock is let go: otherwise the first thing the writer did would be to wait for it.
void Writer::push(Step step) {
  std::unique_lock lock(mutex_);
  if (const auto* batch = std::get_if<std::unique_ptr<Batch>>(&step)) bytes_ += (*batch)->size;
  const bool lazy = waitsForCompany(step);
  queue_.push_back(std::move(step));
  const bool mustWake = lazy ? !lazyDue_ : !urgent_;
  if (!lazy)
    urgent_ = true;
  else if (!lazyDue_)
    lazyDue_ = Clock::now() + lazyDelay;
  lock.unlock();
  if (mustWake) wake_.notify_one();
}

void Writer::stop(std::function<void()> stopped) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return;
  stopping_ = true;
  stopped_ = std::move(stopped);
  wake_.notify_one();
}

void Writer::join() {
  if (thread_.joinable()) thread_.join();
}

void Writer::run() {
  pthread_setname_np(pthread_self(), "ck-store");
  Group group;
  bool running = openJournal();
  while (running) {
    try {
      running = gather(group);
      if (!group.empty()) transact(group);
      maintain();
    } catch (...) {
      fail(group, currentError());
    }
  }
  finish(group);
}

bool Writer::openJournal() {
  try {
    upcalls_.opened(journal_.open());
    return true;
  } catch (...) {
    const ck_error why = currentError();
    journal_.abandon();
    journal_.close();
    {
      const std::lock_guard lock(mutex_);
      failure_ = why;
    }
    upcalls_.openFailed(why);
    return false;
  }
}

Writer::Clock::time_point Writer::deadline(const Group& group) const {
  Clock::time_point when = Clock::time_point::max();
  if (lazyDue_) when = std::min(when, *lazyDue_);
  if (!group.empty()) when = std::min(when, retryAt_);
  if (!failure_ && !journal_.markIsSynced()) when = std::min(when, markDue_);
  return when;
}

bool Writer::gather(Group& group) {
  std::unique_lock lock(mutex_);
  while (!urgent_ && !stopping_) {
    const auto when = deadline(group);
    if (when == Clock::time_point::max())
      wake_.wait(lock);
    else if (Clock::now() < when)
      wake_.wait_until(lock, when);
    else
      break;
  }
  for (Step& step : queue_) group.push_back(std::move(step));
  queue_.clear();
  urgent_ = false;
  lazyDue_.reset();
  return !stopping_;
}

void Writer::transact(Group& group) {
  {
    const std::lock_guard lock(mutex_);
    if (failure_) return failTokens(group, *failure_);
  }
  const std::uint64_t start = host_.now();
  bool changed = false;
  journal_.begin();
  try {
    for (Step& step : group) perform(step);
    changed = journal_.commit();
  } catch (const Error& e) {
    journal_.rollback();
    if (e.status() != CK_NO_SPACE) throw;
    return becomeFull(e);
  }
  if (changed) {
    if (journal_.markIsSynced()) markDue_ = Clock::now() + limits_.markSyncDelay;
    journal_.acknowledge();
    host_.timing("store_commit_seconds", static_cast<double>(host_.now() - start) * 1e-9);
  }
  settle(group);
}

void Writer::perform(Step& step) {
  if (const auto* batch = std::get_if<std::unique_ptr<Batch>>(&step)) {
    journal_.apply(**batch);
  } else if (const auto* install = std::get_if<InstallSnapshot>(&step)) {
    journal_.install(install->row, install->log);
  } else if (const auto* log = std::get_if<ReadLog>(&step)) {
    answer(*log);
    step = Answered{};
  } else if (const auto* meta = std::get_if<ReadMeta>(&step)) {
    answer(*meta);
    step = Answered{};
  }
}

void Writer::answer(const ReadLog& read) {
  try {
    std::unique_ptr<LogSlice> slice = journal_.read(read.lo, read.hi, read.maxBytes);
    if (!slice) {
      host_.fail(read.token, CK_NOT_FOUND, "the entries are compacted or beyond the end of the log");
      return;
    }
    ck_log_entry* first = slice->entries.data();
    const std::uint64_t count = slice->entries.size();
    host_.complete(read.token, CK_OK, count, 0, Buffer::ofStruct(std::move(slice), first, count));
  } catch (const Error& e) {
    host_.fail(read.token, currentError());
    if (e.status() != CK_CORRUPT) throw;
  }
}

void Writer::answer(const ReadMeta& read) {
  try {
    auto value = journal_.metaGet(read.name);
    if (value)
      host_.complete(read.token, CK_OK, value->size(), 0, Buffer::of(std::move(*value)));
    else
      host_.fail(read.token, CK_NOT_FOUND, "no value of that name");
  } catch (const Error& e) {
    host_.fail(read.token, currentError());
    if (e.status() != CK_CORRUPT) throw;
  }
}

void Writer::becomeFull(const Error& why) {
  retryAt_ = Clock::now() + limits_.spaceRetry;
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = !std::exchange(full_, true);
    refused_ = true;  // so that writable is called even if nobody asked in the meantime
  }
  if (first) host_.log(CK_LOG_ERROR, "store_disk_full", {{"reason", why.what()}});
  journal_.checkpoint();  // may make room: the WAL is then used from its start again
}

void Writer::settle(Group& group) {
  std::uint64_t written = 0;
  const std::uint64_t before = lastDurable_;
  for (const Step& step : group)
    if (const auto* batch = std::get_if<std::unique_ptr<Batch>>(&step)) {
      lastDurable_ = (*batch)->seq;
      written += (*batch)->size;
    }
  bool freed = false;
  bool wasFull = false;
  {
    const std::lock_guard lock(mutex_);
    bytes_ -= written;
    wasFull = std::exchange(full_, false);
    if (bytes_ <= limits_.queueBytes / 2) freed = std::exchange(refused_, false);
  }
  if (wasFull) host_.log(CK_LOG_INFO, "store_disk_has_space");
  if (lastDurable_ != before) upcalls_.durable(lastDurable_, nullptr);
  for (const Step& step : group)
    if (const auto* install = std::get_if<InstallSnapshot>(&step)) upcalls_.installed(*install);
  group.clear();
  if (freed) upcalls_.writable();
}

void Writer::maintain() {
  bool idle = false;
  bool full = false;
  {
    const std::lock_guard lock(mutex_);
    if (failure_) return;
    idle = queue_.empty();
    full = full_;
  }
  if (!journal_.markIsSynced() && Clock::now() >= markDue_) journal_.syncMark();
  if (full) return;
  if (!journal_.checkpointIsDue(idle ? Journal::Load::idle : Journal::Load::busy)) return;
  if (!journal_.checkpoint()) host_.log(CK_LOG_WARN, "store_checkpoint_put_off", {{"reason", "disk full"}});
}

void Writer::fail(Group& group, const ck_error& why) {
  {
    const std::lock_guard lock(mutex_);
    failure_ = why;
  }
  journal_.abandon();
  upcalls_.durable(lastDurable_, &why);
  host_.fatal(why);
  failTokens(group, why);
}

void Writer::failTokens(Group& group, const ck_error& why) {
  for (const Step& step : group) {
    if (const auto* log = std::get_if<ReadLog>(&step)) host_.fail(log->token, why);
    if (const auto* meta = std::get_if<ReadMeta>(&step)) host_.fail(meta->token, why);
    if (const auto* install = std::get_if<InstallSnapshot>(&step))
      upcalls_.installFailed(install->token, why);
  }
  group.clear();
}

void Writer::finish(Group& group) {
  // Until the stop: whoever still asks a store that failed to open gets an answer.
  bool alreadyFailed = false;
  {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return stopping_; });
    for (Step& step : queue_) group.push_back(std::move(step));
    queue_.clear();
    alreadyFailed = failure_.has_value();
  }
  if (!group.empty()) {  // the disk is still full
    const ck_error why =
        alreadyFailed ? *failure_
                      : makeError(CK_NO_SPACE, "stopped while the disk was full: the last batches are lost");
    if (!alreadyFailed) upcalls_.durable(lastDurable_, &why);
    failTokens(group, why);
  }
  journal_.close();
  if (stopped_) stopped_();
}

}  // namespace clusterkit::sqlite

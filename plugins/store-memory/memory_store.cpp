#include "memory_store.hpp"

namespace clusterkit::memory {

const ck_option MemoryStore::options[] = {
    option("sync_delay", CK_TYPE_DURATION, "0ms", "how long a pretended sync takes", 0, 60'000'000'000),
    option("queue_limit", CK_TYPE_SIZE, "32MiB",
           "bytes of batches waiting for a sync before more are refused", 1024, std::int64_t{1} << 32),
    option("fail_at", CK_TYPE_INT, "0",
           "for tests: the sync of this batch (by number, from 1) fails for good; 0 = never", 0,
           1'000'000'000),
    option("full_at", CK_TYPE_INT, "0", "for tests: the disk counts as full when this batch comes; 0 = never",
           0, 1'000'000'000),
    option("full_for", CK_TYPE_DURATION, "1s", "for tests: how long the disk stays full", 0, 60'000'000'000),
    endOfOptions};

MemoryStore::MemoryStore(const Setup& setup)
    : host_(setup.host),
      syncDelay_(setup.config.size("sync_delay")),
      queueLimit_(setup.config.size("queue_limit")),
      failAt_(setup.config.size("fail_at")),
      fullAt_(setup.config.size("full_at")),
      fullFor_(setup.config.size("full_for")),
      syncTimer_(host_, [this] { endSync(); }),
      spaceTimer_(host_, [this] {
        space_ = Space::returned;
        upcalls_->writable(host_.raw()->cx);
      }) {}

void MemoryStore::later(std::function<void()> fn) {
  host_.post([alive = std::weak_ptr<int>(alive_), fn = std::move(fn)] {
    if (!alive.expired()) fn();
  });
}

void MemoryStore::completeLater(ck_token token, ck_status status, std::uint64_t value0, Buffer payload) {
  host_.post([host = host_, token, status, value0, payload = std::move(payload)]() mutable {
    host.complete(token, status, value0, 0, std::move(payload));
  });
}

void MemoryStore::refuseLater(ck_token token, ck_status status, const char* why) {
  host_.post([host = host_, token, error = makeError(status, why)] { host.fail(token, error); });
}

bool MemoryStore::refusedAsClosed(ck_token token) {
  if (state_ == State::open) return false;
  refuseLater(token, state_ == State::failed ? CK_FATAL : CK_UNAVAILABLE, "the store is not open");
  return true;
}

void MemoryStore::open(ck_token token) {
  if (state_ != State::idle) return refuseLater(token, CK_CONFLICT, "open was called before");
  upcalls_ = host_.iface<ck_store_host_1>(CK_STORE_HOST);
  if (upcalls_ == nullptr) return refuseLater(token, CK_UNSUPPORTED, "the host lacks " CK_STORE_HOST);
  state_ = State::opening;
  host_.log(CK_LOG_WARN, "store_in_memory", {{"note", "everything is lost when this process ends"}});
  later([this, token] {
    if (state_ == State::opening) state_ = State::open;
    auto image = std::make_unique<ck_store_image>();
    image->size = sizeof *image;
    image->format = 1;
    image->snapshot.size = sizeof image->snapshot;
    ck_store_image* first = image.get();
    host_.complete(token, CK_OK, 0, 0, Buffer::ofStruct(std::move(image), first));
  });
}

ck_status MemoryStore::submit(const ck_store_batch& batch, std::uint64_t seq) {
  if (state_ != State::open) return state_ == State::failed ? CK_FATAL : CK_UNAVAILABLE;
  const char* refusal = seq != lastSeq_ + 1 ? "seq does not rise by one" : shape_.refusal(batch);
  if (refusal != nullptr) {
    host_.log(CK_LOG_ERROR, "store_batch_refused", {{"seq", seq}, {"reason", refusal}});
    return CK_INVALID;
  }
  if (space_ == Space::untouched && seq == fullAt_) {
    space_ = Space::full;
    spaceTimer_.startAt(host_.now() + fullFor_);
  }
  if (space_ == Space::full) return CK_NO_SPACE;
  if (unsyncedBytes_ >= queueLimit_) {
    owesWritable_ = true;
    return CK_AGAIN;
  }
  apply(batch);
  std::uint64_t bytes = sizeof(ck_store_batch);
  for (std::uint64_t i = 0; i < batch.entry_count; ++i)
    bytes += sizeof(ck_log_entry) + batch.entries[i].data.size;
  lastSeq_ = seq;
  unsynced_.push_back({seq, bytes});
  unsyncedBytes_ += bytes;
  if (syncingUpto_ == 0) startSync();
  return CK_OK;
}

void MemoryStore::apply(const ck_store_batch& batch) {
  const std::uint64_t first = shape_.first();
  if (batch.truncate_from != 0 && !log_.empty() && batch.truncate_from <= shape_.last())
    log_.resize(batch.truncate_from > first ? batch.truncate_from - first : 0);
  for (std::uint64_t i = 0; i < batch.entry_count; ++i) {
    const ck_log_entry& e = batch.entries[i];
    log_.push_back({e.term, e.type, e.flags, std::string(view(e.data))});
  }
  shape_.apply(batch);
  while (!log_.empty() && log_.size() > (shape_.empty() ? 0 : shape_.last() - shape_.first() + 1))
    log_.pop_front();
  for (std::uint64_t i = 0; i < batch.meta_count; ++i) {
    const ck_named_value& m = batch.meta[i];
    if (m.value.data == nullptr)
      meta_.erase(m.name);
    else
      meta_[m.name] = std::string(view(m.value));
  }
}

// One sync at a time; what comes meanwhile shares the next one.
void MemoryStore::startSync() {
  syncingUpto_ = lastSeq_;
  if (syncDelay_ == 0)
    later([this] { endSync(); });
  else
    syncTimer_.startAt(host_.now() + syncDelay_);
}

void MemoryStore::endSync() {
  if (state_ == State::stopped) return;
  if (failAt_ != 0 && failAt_ <= syncingUpto_) return fail();
  lastDurable_ = std::exchange(syncingUpto_, 0);
  while (!unsynced_.empty() && unsynced_.front().seq <= lastDurable_) {
    unsyncedBytes_ -= unsynced_.front().bytes;
    unsynced_.pop_front();
  }
  if (!unsynced_.empty()) startSync();
  upcalls_->durable(host_.raw()->cx, lastDurable_, nullptr);
  if (unsyncedBytes_ <= queueLimit_ / 2 && std::exchange(owesWritable_, false))
    upcalls_->writable(host_.raw()->cx);
}

void MemoryStore::fail() {
  state_ = State::failed;
  const ck_error why = makeError(CK_IO, "the sync of a batch failed, as option fail_at demands");
  upcalls_->durable(host_.raw()->cx, lastDurable_, &why);
  host_.fatal(why);
}

void MemoryStore::read(std::uint64_t lo, std::uint64_t hi, std::uint64_t maxBytes, ck_token token) {
  if (refusedAsClosed(token)) return;
  if (lo == 0 || hi <= lo) return refuseLater(token, CK_INVALID, "the range to read is empty");
  if (shape_.empty() || lo < shape_.first() || lo > shape_.last())
    return refuseLater(token, CK_NOT_FOUND, "the entries are compacted or beyond the end of the log");
  struct Slice {
    std::vector<ck_log_entry> entries;
    std::deque<std::string> bytes;
  };
  auto slice = std::make_unique<Slice>();
  std::uint64_t total = 0;
  for (std::uint64_t i = lo; i < hi && i <= shape_.last(); ++i) {
    const Entry& e = log_[i - shape_.first()];
    total += e.bytes.size();
    if (i > lo && total > maxBytes) break;
    const std::string& copy = slice->bytes.emplace_back(e.bytes);
    slice->entries.push_back({i, e.term, e.type, e.flags, span(copy)});
  }
  ck_log_entry* first = slice->entries.data();
  const std::uint64_t count = slice->entries.size();
  completeLater(token, CK_OK, count, Buffer::ofStruct(std::move(slice), first, count));
}

ck_status MemoryStore::termAt(std::uint64_t index, std::uint64_t& term) {
  const auto found = shape_.termAt(index);
  if (!found) return CK_NOT_FOUND;
  term = *found;
  return CK_OK;
}

void MemoryStore::metaGet(const char* name, ck_token token) {
  if (refusedAsClosed(token)) return;
  if (name == nullptr || *name == '\0') return refuseLater(token, CK_INVALID, "a name is missing");
  const auto found = meta_.find(name);
  if (found == meta_.end()) return refuseLater(token, CK_NOT_FOUND, "no value of that name");
  completeLater(token, CK_OK, found->second.size(), Buffer::of(found->second));
}

void MemoryStore::stop(ck_token token) {
  if (state_ == State::open && syncingUpto_ != 0) {
    syncTimer_.cancel();
    syncingUpto_ = lastSeq_;
    endSync();
  }
  state_ = State::stopped;
  spaceTimer_.cancel();
  incoming_.reset();
  readable_.clear();
  completeLater(token, CK_OK);
}

}  // namespace clusterkit::memory

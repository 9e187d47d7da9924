#include "sqlite_store.hpp"

#include <algorithm>

namespace clusterkit::sqlite {

const ck_option SqliteStore::options[] = {
    choiceOption("synchronous", "full|normal", "full",
                 "full: every commit survives power loss. normal: much faster, but a power cut may take back "
                 "acknowledged writes and votes; only for tests"),
    option("checkpoint_pages", CK_TYPE_INT, "8000",
           "pages of 4 KiB that the write-ahead log may hold before an idle moment is used to empty it", 100,
           1000000),
    option("queue_limit", CK_TYPE_SIZE, "32MiB",
           "bytes of batches waiting for the disk before more are refused", 64 * 1024, std::int64_t{1} << 32),
    option(
        "high_water_sync", CK_TYPE_DURATION, "100ms",
        "how long the high-water mark, which finds lost entries after a power cut, may wait for its own sync",
        0, 60'000'000'000),
    option("space_retry", CK_TYPE_DURATION, "500ms", "how often a full disk is tried again", 1'000'000,
           60'000'000'000),
    endOfOptions};

SqliteStore::SqliteStore(const Setup& setup)
    : host_(setup.host),
      journalOptions_{std::filesystem::path(setup.config.dataDir()) / "store",
                      setup.config.str("synchronous"), setup.config.size("checkpoint_pages")},
      limits_{setup.config.size("queue_limit"), setup.config.duration("high_water_sync"),
              setup.config.duration("space_retry")},
      folder_(journalOptions_.folder / "snapshots") {}

SqliteStore::~SqliteStore() {
  worker_.reset();  // first, because it feeds the writer
  writer_.reset();
}

void SqliteStore::refuseLater(ck_token token, ck_status status, const std::string& why) {
  host_.post([host = host_, token, error = makeError(status, why)] { host.fail(token, error); });
}

bool SqliteStore::refusedAsClosed(ck_token token) {
  if (state_ == State::open) return false;
  refuseLater(token, CK_UNAVAILABLE, "the store is not open");
  return true;
}

Writer::Upcalls SqliteStore::writerUpcalls() {
  Writer::Upcalls u;
  u.durable = [this](std::uint64_t upto, const ck_error* error) {
    upcalls_->durable(host_.raw()->cx, upto, error);
  };
  u.writable = [this] { upcalls_->writable(host_.raw()->cx); };
  u.opened = [this](Journal::Opened opened) {
    onLoop([this, opened = std::move(opened)] { onOpened(opened, openToken_); });
  };
  u.openFailed = [this](const ck_error& why) {
    onLoop([this, why] {
      state_ = State::failed;
      host_.fail(openToken_, why);
    });
  };
  u.installed = [this](const InstallSnapshot& install) { onLoop([this, install] { onInstalled(install); }); };
  u.installFailed = [this](ck_token token, const ck_error& why) {
    onLoop([this, token, why] {
      endInstall(token);
      host_.fail(token, why);
    });
  };
  return u;
}

void SqliteStore::open(ck_token token) {
  if (state_ != State::idle) return refuseLater(token, CK_CONFLICT, "open was called before");
  upcalls_ = host_.iface<ck_store_host_1>(CK_STORE_HOST);
  if (upcalls_ == nullptr) return refuseLater(token, CK_UNSUPPORTED, "the host lacks " CK_STORE_HOST);
  state_ = State::opening;
  openToken_ = token;
  worker_ = std::make_unique<Worker>();
  writer_ = std::make_unique<Writer>(host_, journalOptions_, limits_, writerUpcalls());
}

void SqliteStore::onOpened(const Journal::Opened& opened, ck_token token) {
  if (state_ == State::opening) state_ = State::open;
  shape_ = opened.shape;
  snapshots_ = opened.snapshots;
  const Verdict& verdict = opened.verdict;
  if (verdict.repairing()) host_.log(CK_LOG_ERROR, "store_repairing", {{"reason", verdict.missing}});
  if (opened.markDamaged) host_.log(CK_LOG_WARN, "store_high_water_copy_damaged");

  struct Payload {
    ck_store_image image{};
    std::string config;
  };
  auto payload = std::make_unique<Payload>();
  ck_store_image& image = payload->image;
  image.size = sizeof image;
  image.flags = verdict.repairing() ? CK_STORE_REPAIRING : 0;
  image.hard = verdict.hard;
  image.first_index = shape_.first();
  image.last_index = shape_.last();
  image.last_term = shape_.end().term;
  image.high_water_index = verdict.highWater;
  image.format = Journal::format;
  image.snapshot.size = sizeof image.snapshot;
  if (!snapshots_.empty()) {
    const SnapshotRow& row = snapshots_.front();
    payload->config = row.config;
    image.snapshot = {sizeof image.snapshot, 0,        row.index,   row.term,
                      span(payload->config), row.size, row.checksum};
  }
  host_.complete(token, CK_OK, 0, 0, Buffer::ofStruct(std::move(payload), &image));
}

bool SqliteStore::logIsBeingReplaced() const {
  return std::any_of(installing_.begin(), installing_.end(),
                     [](const Installing& i) { return i.log == LogShape::LogAfterSnapshot::dropped; });
}

std::uint64_t SqliteStore::highestInstalling() const {
  return installing_.empty() ? 0 : installing_.back().index;
}

ck_status SqliteStore::submit(const ck_store_batch& batch, std::uint64_t seq) {
  if (state_ != State::open) return CK_UNAVAILABLE;
  const char* refusal =
      seq != lastSeq_ + 1 ? "seq does not rise by one" : shape_.refusal(batch, highestInstalling());
  if (refusal != nullptr) {
    host_.log(CK_LOG_ERROR, "store_batch_refused", {{"seq", seq}, {"reason", refusal}});
    return CK_INVALID;
  }
  if (logIsBeingReplaced() && (batch.truncate_from != 0 || batch.entry_count != 0 || batch.compact_to != 0)) {
    owesWritable_ = true;  // the log's shape is known again when the snapshot is in
    return CK_AGAIN;
  }
  if (const ck_status admitted = writer_->admits(); admitted != CK_OK) return admitted;
  writer_->push(std::make_unique<Batch>(batch, seq));
  shape_.apply(batch);
  lastSeq_ = seq;
  return CK_OK;
}

void SqliteStore::read(std::uint64_t lo, std::uint64_t hi, std::uint64_t maxBytes, ck_token token) {
  if (refusedAsClosed(token)) return;
  if (lo == 0 || hi <= lo) return refuseLater(token, CK_INVALID, "the range to read is empty");
  writer_->push(ReadLog{lo, hi, maxBytes, token});
}

ck_status SqliteStore::termAt(std::uint64_t index, std::uint64_t& term) {
  const auto found = shape_.termAt(index);
  if (!found) return CK_NOT_FOUND;
  term = *found;
  return CK_OK;
}

void SqliteStore::metaGet(const char* name, ck_token token) {
  if (refusedAsClosed(token)) return;
  if (name == nullptr || *name == '\0') return refuseLater(token, CK_INVALID, "a name is missing");
  writer_->push(ReadMeta{name, token});
}

void SqliteStore::stop(ck_token token) {
  if (state_ == State::stopping) return refuseLater(token, CK_CONFLICT, "stop was called before");
  if (state_ == State::idle || state_ == State::stopped) {
    state_ = State::stopped;
    return host_.post([host = host_, token] { host.complete(token, CK_OK); });
  }
  state_ = State::stopping;
  drop(std::exchange(incoming_, {}));
  readable_.clear();
  auto stopped = [this, token] {
    onLoop([this, token] {
      worker_->finish();
      writer_->join();
      state_ = State::stopped;
      host_.complete(token, CK_OK);
    });
  };
  // Behind what the worker still has to do, because that may give the writer something to do.
  worker_->push([this, stopped] { writer_->stop(stopped); });
}

}  // namespace clusterkit::sqlite

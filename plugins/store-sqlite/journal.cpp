#include "journal.hpp"

namespace clusterkit::sqlite {

Journal::Journal(JournalOptions options)
    : options_(std::move(options)), snapshotFolder_(options_.folder / "snapshots") {}

void Journal::begin() {
  saved_ = {control_, shape_, tables_->log.end()};
  rowsChanged_ = controlChanged_ = false;
  db_->begin();
}

void Journal::apply(const Batch& batch) {
  const std::uint64_t step = saved_.control.step + 1;
  LogTable& log = tables_->log;
  if (batch.hard) {
    control_.hard = *batch.hard;
    controlChanged_ = true;
  }
  if (batch.truncateFrom != 0) {
    log.truncate(batch.truncateFrom);
    controlChanged_ = true;
  }
  for (const ck_log_entry& e : batch.entries) {
    if (log.empty() && e.index != log.end().last + 1) {
      log.startAt(e.index);
      controlChanged_ = true;
    }
    log.append(e, step);
    rowsChanged_ = true;
  }
  if (batch.compactTo != 0) {
    log.compact(batch.compactTo);
    controlChanged_ = true;
  }
  for (const Batch::NamedValue& m : batch.meta) {
    control_.metaSum += m.value ? tables_->meta.put(m.name, *m.value) : tables_->meta.remove(m.name);
    controlChanged_ = true;
  }
  shape_.apply(batch.shape());
}

void Journal::install(const SnapshotRow& row, LogShape::LogAfterSnapshot log) {
  tables_->snapshots.insert(row);
  tables_->snapshots.removeBelow(shape_.snapshot().index);  // keeps the one before
  if (log == LogShape::LogAfterSnapshot::dropped) tables_->log.clear(row.index);
  shape_.install({row.index, row.term}, log);
  control_.snapshotIndex = row.index;
  controlChanged_ = true;
}

std::unique_ptr<LogSlice> Journal::read(std::uint64_t lo, std::uint64_t hi, std::uint64_t maxBytes) {
  if (shape_.empty() || lo < shape_.first() || lo > shape_.last() || lo >= hi) return nullptr;
  return tables_->log.read(lo, std::min(hi, shape_.last() + 1), maxBytes);
}

std::optional<std::string> Journal::metaGet(std::string_view name) { return tables_->meta.get(name); }

void Journal::writeControl() {
  control_.lastIndex = shape_.end().index;
  control_.base = tables_->log.end().base;
  tables_->control.write(control_);
}

bool Journal::commit() {
  const bool changed = rowsChanged_ || controlChanged_;
  if (changed) ++control_.step;
  if (changed && control_.repairIndex != 0) {
    controlChanged_ = true;
    if (shape_.end().index >= control_.repairIndex) control_.repairIndex = 0;
  }
  if (controlChanged_) writeControl();
  if (changed) tables_->log.sweep();
  db_->commit();
  return changed;
}

void Journal::rollback() noexcept {
  db_->rollback();
  control_ = saved_.control;
  shape_ = std::move(saved_.shape);
  tables_->log.restore(saved_.end);
}

void Journal::acknowledge() {
  const LogShape::Position end = shape_.end();
  highWater_.write({control_.step, end.index, end.term, control_.hard, control_.metaSum});
  markSynced_ = false;
}

void Journal::syncMark() {
  highWater_.sync();
  markSynced_ = true;
}

bool Journal::checkpointIsDue(Load load) const {
  const std::uint64_t threshold =
      load == Load::idle ? options_.checkpointPages : 2 * options_.checkpointPages;
  return db_->walPages() >= std::max(threshold, checkpointNotBefore_);
}

bool Journal::checkpoint() {
  try {
    db_->checkpoint();
    checkpointNotBefore_ = 0;
    return true;
  } catch (const Error& e) {
    if (e.status() != CK_NO_SPACE) throw;
    checkpointNotBefore_ = db_->walPages() + options_.checkpointPages;
    return false;
  }
}

void Journal::abandon() noexcept {
  tables_.reset();
  if (db_) db_->abandon();
  db_.reset();
  markSynced_ = true;
}

void Journal::close() noexcept {
  tables_.reset();
  db_.reset();
  try {
    if (!markSynced_) syncMark();
  } catch (const Error&) {
    markSynced_ = true;  // the mark stays behind the database, which is safe
  }
  lock_.close();
}

}  // namespace clusterkit::sqlite

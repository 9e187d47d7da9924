#include "log_writer.hpp"

#include "records.hpp"

namespace clusterkit::raft {

void LogWriter::persist(Ready& ready) {
  Batch batch{ready.batch,    ready.sync, ready.hardState, ready.truncateFrom, std::move(ready.entries),
              ready.compactTo};
  if (!kept_.empty() || submit(batch) != CK_OK) kept_.push_back(std::move(batch));
}

ck_status LogWriter::submit(const Batch& batch) {
  ck_hard_state hard{};
  ck_store_batch out{};
  out.size = sizeof out;
  out.flags = batch.sync == SyncNeed::Now ? CK_BATCH_SYNC : 0;
  if (batch.hardState) {
    hard = {batch.hardState->term.value, batch.hardState->votedFor.value, batch.hardState->commit.value};
    out.hard = &hard;
  }
  out.truncate_from = batch.truncateFrom.value_or(LogIndex{}).value;
  out.compact_to = batch.compactTo.value_or(LogIndex{}).value;
  const LogRecords records(batch.entries);
  out.entries = records.data();
  out.entry_count = records.size();

  const ck_status status = ports_.store->submit(ports_.storeSelf, &out, batch.number.value);
  if (status == CK_NO_SPACE && !told_) {
    told_ = true;
    listener_.full();
  }
  if (status != CK_OK && status != CK_AGAIN && status != CK_NO_SPACE)
    throw Error(status, "the store refused batch " + std::to_string(batch.number.value));
  return status;
}

void LogWriter::onWritable() {
  while (!kept_.empty() && submit(kept_.front()) == CK_OK) kept_.pop_front();
  if (kept_.empty() && told_) {
    told_ = false;
    listener_.writable();
  }
}

}  // namespace clusterkit::raft

#include "simulation/disk_store.hpp"

#include "simulation/components.hpp"

namespace clusterkit::sim {

DiskStore::DiskStore(const Setup& setup)
    : host_(setup.host),
      parts_(partsOf<DiskStoreParts>(setup)),
      upcalls_(host_.iface<ck_store_host_1>(CK_STORE_HOST)),
      shape_(parts_.disk.submitted),
      syncTimer_(host_, [this] { endSync(); }) {
  Disk& disk = parts_.disk;
  disk.verify();
  disk.submitted = disk.durable.shape;
  disk.submittedTerm = disk.durable.hard.term;
  disk.onSpace = [this] { upcalls_->writable(host_.raw()->cx); };
}

DiskStore::~DiskStore() { parts_.disk.onSpace = nullptr; }

void DiskStore::open(ck_token token) {
  const Disk& disk = parts_.disk;
  if (disk.unreadable) {
    host_.fail(token, CK_CORRUPT, "term and vote are damaged; replace this member by a new one");
    return;
  }
  parts_.witness.opened(parts_.member, disk);
  struct Payload {
    ck_store_image image{};
    std::shared_ptr<const DiskSnapshot> snapshot;
  };
  auto payload = std::make_unique<Payload>();
  payload->snapshot = disk.durable.snapshot;
  ck_store_image& image = payload->image;
  image.size = sizeof image;
  image.format = 1;
  image.flags = disk.repairing() ? CK_STORE_REPAIRING : 0;
  image.hard = disk.durable.hard;
  image.first_index = shape_.first();
  image.last_index = shape_.last();
  image.last_term = shape_.end().term;
  image.high_water_index = disk.repairing() ? disk.repairIndex : shape_.end().index;
  image.snapshot.size = sizeof image.snapshot;
  if (const DiskSnapshot* s = payload->snapshot.get())
    image.snapshot = {sizeof(ck_snap_meta), 0,          s->index, s->term, span(s->config),
                      s->bytes.size(),      s->checksum};
  parts_.trace.note(Step::Opened, parts_.member.value, shape_.end().index, image.hard.term);
  ck_store_image* const first = &payload->image;
  host_.complete(token, CK_OK, 0, 0, Buffer::ofStruct(std::move(payload), first));
}

ck_status DiskStore::submit(const ck_store_batch& batch, std::uint64_t seq) {
  if (failed_) return CK_FATAL;
  Disk& disk = parts_.disk;
  if (seq != lastSeq_ + 1 || shape_.refusal(batch) != nullptr) return CK_INVALID;
  if (disk.faults.full) return CK_NO_SPACE;
  if (disk.unsynced.size() >= parts_.queueLimit) {
    owesWritable_ = true;
    if (syncing_ == 0) startSync();
    return CK_AGAIN;
  }
  if (!parts_.power.spend()) return CK_OK;  // nobody will ever hear of it
  lastSeq_ = seq;
  DiskBatch copy = DiskBatch::copyOf(batch, seq);
  const std::uint64_t last = copy.entries.empty() ? 0 : copy.entries.back().record.index;
  if (last != 0) copy.termBefore = shape_.termAt(copy.entries.front().record.index - 1).value_or(0);
  shape_.apply(batch);
  if (copy.hard) disk.submittedTerm = copy.hard->term;
  const DiskWrite& write = disk.unsynced.emplace_back(std::move(copy));
  parts_.trace.note(Step::Written, parts_.member.value, seq, last);
  parts_.witness.written(parts_.member, std::get<DiskBatch>(write));
  const bool waits = (batch.flags & CK_BATCH_SYNC) == 0 && batch.meta_count == 0;
  if (!waits && syncing_ == 0) startSync();
  return CK_OK;
}

// One sync at a time; what comes meanwhile shares the next one.
void DiskStore::startSync() {
  syncing_ = parts_.disk.unsynced.size();
  const DiskFaults& faults = parts_.disk.faults;
  syncTimer_.startAt(host_.now() +
                     static_cast<std::uint64_t>(parts_.dice.between(faults.syncMin, faults.syncMax).count()));
}

void DiskStore::endSync() {
  Disk& disk = parts_.disk;
  if (!parts_.power.spend()) return;
  if (parts_.dice.chance(disk.faults.syncFailsPercent)) return fail();
  std::vector<SnapshotCommit> commits;
  for (std::size_t i = 0; i < syncing_; ++i) {
    if (const auto* batch = std::get_if<DiskBatch>(&disk.unsynced[i]))
      durableSeq_ = batch->seq;
    else
      commits.push_back(std::get<SnapshotCommit>(disk.unsynced[i]));
  }
  disk.settle(std::exchange(syncing_, 0));
  parts_.trace.note(Step::Synced, parts_.member.value, durableSeq_);
  for (const SnapshotCommit& commit : commits) complete(commit);
  if (!disk.unsynced.empty()) startSync();
  if (durableSeq_ != 0) upcalls_->durable(host_.raw()->cx, durableSeq_, nullptr);
  if (disk.unsynced.size() < parts_.queueLimit && std::exchange(owesWritable_, false))
    upcalls_->writable(host_.raw()->cx);
}

void DiskStore::fail() {
  failed_ = true;
  parts_.trace.note(Step::SyncFailed, parts_.member.value, durableSeq_);
  const ck_error why = makeError(CK_IO, "the sync failed, as the simulation wants it");
  upcalls_->durable(host_.raw()->cx, durableSeq_, &why);
  host_.fatal(why);
}

DiskImage DiskStore::whole() const {
  DiskImage image = parts_.disk.durable;
  for (const DiskWrite& write : parts_.disk.unsynced) image.apply(write);
  return image;
}

void DiskStore::read(std::uint64_t lo, std::uint64_t hi, std::uint64_t maxBytes, ck_token token) {
  struct Slice {
    std::vector<ck_log_entry> records;
    std::vector<std::shared_ptr<const std::string>> bytes;
  };
  const DiskImage image = whole();
  if (image.shape.empty() || lo < image.shape.first() || lo > image.shape.last() || hi <= lo) {
    host_.fail(token, CK_NOT_FOUND, "compacted or beyond the end");
    return;
  }
  auto slice = std::make_unique<Slice>();
  std::uint64_t total = 0;
  for (std::uint64_t i = lo; i < hi && i <= image.shape.last(); ++i) {
    const DiskEntry& entry = image.log[i - image.shape.first()];
    total += entry.bytes->size();
    if (i > lo && total > maxBytes) break;
    slice->records.push_back(entry.record);
    slice->bytes.push_back(entry.bytes);
  }
  ck_log_entry* const first = slice->records.data();
  const std::uint64_t count = slice->records.size();
  host_.complete(token, CK_OK, count, 0, Buffer::ofStruct(std::move(slice), first, count));
}

ck_status DiskStore::termAt(std::uint64_t index, std::uint64_t& term) {
  const auto found = shape_.termAt(index);
  if (!found) return CK_NOT_FOUND;
  term = *found;
  return CK_OK;
}

void DiskStore::metaGet(const char* name, ck_token token) {
  const DiskImage image = whole();
  const auto found = image.named.find(name);
  if (found == image.named.end())
    host_.fail(token, CK_NOT_FOUND, "no value of that name");
  else
    host_.complete(token, CK_OK, found->second.size(), 0, Buffer::of(found->second));
}

void DiskStore::stop(ck_token token) {
  syncTimer_.cancel();
  host_.complete(token, CK_OK);
}

const ck_component& diskStoreComponent() {
  static const ck_component component =
      tracked<DiskStore>(sdk::component<DiskStore, sdk::StoreTraits<DiskStore>::iface>(
          CK_STORE_KIND, "simulated", "a disk of the simulation", "1", CK_COMPONENT_DETERMINISTIC));
  return component;
}

}  // namespace clusterkit::sim

// The component "simulated" of kind store: one run of a member on its Disk. Real plugin boundary, simulated
// medium. Everything on the loop.
#pragma once

#include <clusterkit/store.hpp>
#include <functional>
#include <memory>

#include "simulation/disk.hpp"
#include "simulation/power.hpp"
#include "simulation/trace.hpp"
#include "simulation/witness.hpp"

namespace clusterkit::sim {

// What an instance gets through its configuration.
struct DiskStoreParts {
  MemberId member;
  Disk& disk;
  Power& power;
  Dice& dice;
  Trace& trace;
  Witness& witness;
  std::size_t snapshotPiece;     // what is read of a snapshot at once
  std::size_t queueLimit = 256;  // unsynced writes before more are refused for now
};

class DiskStore final : public Store {
 public:
  explicit DiskStore(const Setup& setup);
  ~DiskStore() override;

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
  struct Incoming {
    std::uint64_t handle = 0;
    std::uint64_t announcedSize = 0, announcedChecksum = 0;
    DiskSnapshot snapshot;
  };

  void startSync();
  void endSync();
  void fail();
  void complete(const SnapshotCommit& commit);
  DiskImage whole() const;  // with what is not synced yet

  const Host host_;
  const DiskStoreParts parts_;
  const ck_store_host_1* const upcalls_;
  LogShape& shape_;  // of all that was submitted
  std::uint64_t lastSeq_ = 0, durableSeq_ = 0;
  bool failed_ = false;
  bool owesWritable_ = false;
  std::size_t syncing_ = 0;  // unsynced writes that the sync under way covers; 0: none is
  std::optional<Incoming> incoming_;
  std::map<std::uint64_t, std::shared_ptr<const DiskSnapshot>> readable_;
  std::uint64_t lastHandle_ = 0;
  Timer syncTimer_;
};

const ck_component& diskStoreComponent();

}  // namespace clusterkit::sim

// One node's disk: what survives the loss of power, and what was written and not yet synced. It lives as long
// as the member; DiskStore is one run's view of it.
//
// The model is the contract of clusterkit/store.h: writes take effect in order, each whole or not at all, and
// a loss of power keeps a prefix of what was not synced. Beyond the contract goes damage (disk_damage.cpp):
// one bit of what was synced is flipped. The checksums find it when the disk is opened again, and it opens as
// the store "sqlite" does.
#pragma once

#include <clusterkit/log_shape.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "simulation/dice.hpp"

namespace clusterkit::sim {

struct DiskEntry {
  ck_log_entry record{};  // its data lies in `bytes`
  std::shared_ptr<const std::string> bytes;
  // Of all of it when it was written; only what the simulation damages has one, nothing else can differ.
  std::optional<std::uint64_t> checksum;

  std::uint64_t sum() const;
  bool isDamaged() const { return checksum && *checksum != sum(); }
};

struct DiskBatch {
  std::uint64_t seq = 0;
  std::optional<ck_hard_state> hard;
  std::uint64_t truncateFrom = 0, compactTo = 0;
  std::uint64_t termBefore = 0;  // of the entry before the first of these
  std::vector<DiskEntry> entries;
  std::vector<std::pair<std::string, std::optional<std::string>>> named;

  static DiskBatch copyOf(const ck_store_batch& batch, std::uint64_t seq);
};

struct DiskSnapshot {
  std::uint64_t index = 0, term = 0, checksum = 0;
  std::string config, bytes;
};

// The commit of a snapshot that was written beside the present one.
struct SnapshotCommit {
  std::shared_ptr<const DiskSnapshot> snapshot;
  ck_token token = 0;
};

using DiskWrite = std::variant<DiskBatch, SnapshotCommit>;

struct DiskImage {
  ck_hard_state hard{};
  std::uint64_t hardChecksum = sumOf({});
  LogShape shape;
  std::deque<DiskEntry> log;  // from shape.first()
  std::map<std::string, std::string> named;
  std::shared_ptr<const DiskSnapshot> snapshot, previous;  // null: none

  static std::uint64_t sumOf(const ck_hard_state& hard);
  void set(const ck_hard_state& state);
  void apply(const DiskWrite& write);
  void take(const DiskBatch& batch);
  void take(const SnapshotCommit& commit);
};

struct DiskFaults {
  Duration syncMin{50'000}, syncMax{500'000};
  std::uint32_t syncFailsPercent = 0;
  bool full = false;
};

class Disk {
 public:
  DiskImage durable;
  std::deque<DiskWrite> unsynced;
  // Of all that this run was given, durable or not.
  LogShape submitted;
  std::uint64_t submittedTerm = 0;
  bool markDamaged = false;       // the note of how far it had come
  bool unreadable = false;        // term and vote are gone: it is never opened again
  std::uint64_t repairIndex = 0;  // not 0: synced entries were lost, the log must reach this one again
  DiskFaults faults;
  std::function<void()> onSpace;  // of the store that has the disk open

  void fill() { faults.full = true; }
  void free() {
    if (std::exchange(faults.full, false) && onSpace) onSpace();
  }
  bool repairing() const { return repairIndex != 0; }
  bool isWhole() const { return !damaged_ && !repairing() && !unreadable; }

  // The first n unsynced writes have reached the disk.
  void settle(std::size_t n);
  // Keeps a prefix of what was not synced; returns its length.
  std::size_t losePower(Dice& dice);

  enum class Part : std::uint8_t { Entry, Snapshot, HardState, Mark };
  // One bit of what is durable, in a part that there is; returns which.
  Part flipBit(Dice& dice);
  // At every opening, before anything is read: what does not fit its checksum is given up.
  void verify();

 private:
  bool fallBackToPreviousSnapshot();
  bool cutAtFirstDamagedEntry();
  bool damaged_ = false;  // since it was opened
};

}  // namespace clusterkit::sim

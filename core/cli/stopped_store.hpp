// The store of a node that does not run, opened by its own plugin. To look at it: on a private copy, for
// opening a store repairs, syncs and locks, and all of that happens to the copy, which goes away again. To
// recover it: in place.
//
// Blocking; one thread at a time. The folder is locked against a node's start while it is copied, and in
// place as long as this object lives.
#pragma once

#include <clusterkit/store.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "cluster/state.hpp"
#include "daemon/identity.hpp"
#include "host/cluster_types.hpp"

namespace clusterkit::cli {

class OfflineHost;

// The folder cannot be looked at: not there, in use, no room for the copy. Nothing is known about the data.
class StoreNotReadable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
// Of these: there was no copying it to where the copy was to be.
class StoreNotCopied : public StoreNotReadable {
 public:
  using StoreNotReadable::StoreNotReadable;
};
// The plugin refuses the data, as it would at a start; the text says why and what to do.
class StoreRefused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class StoreAccess { PrivateCopy, InPlace };

class StoppedStore {
 public:
  // `dataDir` is the node's (node.data_dir), `plugin` the id of the store plugin beside this program.
  StoppedStore(const std::filesystem::path& dataDir, const std::string& plugin,
               StoreAccess access = StoreAccess::PrivateCopy);
  ~StoppedStore();
  StoppedStore(const StoppedStore&) = delete;
  StoppedStore& operator=(const StoppedStore&) = delete;

  const StoreImage& image() const;
  // What the plugin warned of at the open, one line each.
  std::vector<std::string> warnings() const;
  // All throw StoreRefused for what the plugin finds damaged.
  std::optional<Identity> identity();               // nothing: the folder has never been part of a cluster
  std::optional<Snapshot> snapshot();               // the newest
  std::vector<StoredEntry> entries(LogIndex from);  // the next megabyte of the log; empty behind its end
  // One batch, on disk when this returns. Throws StoreRefused: it has not been written, or not wholly known
  // to be.
  void write(const ck_store_batch& batch);

  OfflineHost& host();  // for other plugins of the node

 private:
  class Copy;
  class Opened;
  std::unique_ptr<Copy> copy_;
  std::unique_ptr<Opened> opened_;
};

// The state that a snapshot holds. Throws StoreRefused.
ClusterState stateOf(const Snapshot& snapshot);

// Copies `dataDir`/store to `to`, which must not exist. Throws StoreNotReadable: there is none, it is in use;
// StoreNotCopied: no room.
void copyStore(const std::filesystem::path& dataDir, const std::filesystem::path& to);

}  // namespace clusterkit::cli

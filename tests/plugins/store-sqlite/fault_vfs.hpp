// The machine's own SQLite VFS with switches: a full disk and failing syncs. Registered as the default one,
// it also serves the plugin, which shares the SQLite library with the test.
#pragma once

namespace clusterkit::sqlite {

class FaultVfs {
 public:
  FaultVfs();
  ~FaultVfs();
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;

  void fillDisk();  // from now on every write finds no room
  void freeDisk();
  void failWrites(int error);  // from now on with this errno; 0 = no more
  void failSyncs();            // from now on every sync fails with EIO
  void failSyncOnce();
};

}  // namespace clusterkit::sqlite

#include "fault_vfs.hpp"

#include <sqlite3.h>

#include <atomic>
#include <cerrno>
#include <new>

namespace clusterkit::sqlite {

namespace {

std::atomic<bool> diskIsFull{false};
std::atomic<int> writesFailWith{0};
std::atomic<int> syncsToFail{0};

struct FaultFile {
  sqlite3_file base;  // what SQLite sees
  int lastErrno = 0;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

sqlite3_file* realOf(sqlite3_file* f) { return reinterpret_cast<FaultFile*>(f)->real(); }

int failWith(sqlite3_file* f, int error, int result) {
  reinterpret_cast<FaultFile*>(f)->lastErrno = errno = error;
  return result;
}

int controlFile(sqlite3_file* f, int op, void* arg) {
  const int last = reinterpret_cast<FaultFile*>(f)->lastErrno;
  if (op != SQLITE_FCNTL_LAST_ERRNO || last == 0)
    return realOf(f)->pMethods->xFileControl(realOf(f), op, arg);
  *static_cast<int*>(arg) = last;
  return SQLITE_OK;
}

int writeFile(sqlite3_file* f, const void* p, int n, sqlite3_int64 offset) {
  if (diskIsFull) return SQLITE_FULL;
  if (const int error = writesFailWith; error != 0) return failWith(f, error, SQLITE_IOERR_WRITE);
  return realOf(f)->pMethods->xWrite(realOf(f), p, n, offset);
}

int syncFile(sqlite3_file* f, int flags) {
  int left = syncsToFail;
  while (left > 0 && !syncsToFail.compare_exchange_weak(left, left - 1)) {
  }
  if (left > 0) return failWith(f, EIO, SQLITE_IOERR_FSYNC);
  return realOf(f)->pMethods->xSync(realOf(f), flags);
}

const sqlite3_io_methods methods = [] {
  sqlite3_io_methods m{};
  m.iVersion = 1;  // no shared memory and no mapping: the store needs neither
  m.xClose = [](sqlite3_file* f) { return realOf(f)->pMethods->xClose(realOf(f)); };
  m.xRead = [](sqlite3_file* f, void* p, int n, sqlite3_int64 o) {
    return realOf(f)->pMethods->xRead(realOf(f), p, n, o);
  };
  m.xWrite = writeFile;
  m.xTruncate = [](sqlite3_file* f, sqlite3_int64 n) { return realOf(f)->pMethods->xTruncate(realOf(f), n); };
  m.xSync = syncFile;
  m.xFileSize = [](sqlite3_file* f, sqlite3_int64* n) {
    return realOf(f)->pMethods->xFileSize(realOf(f), n);
  };
  m.xLock = [](sqlite3_file* f, int l) { return realOf(f)->pMethods->xLock(realOf(f), l); };
  m.xUnlock = [](sqlite3_file* f, int l) { return realOf(f)->pMethods->xUnlock(realOf(f), l); };
  m.xCheckReservedLock = [](sqlite3_file* f, int* out) {
    return realOf(f)->pMethods->xCheckReservedLock(realOf(f), out);
  };
  m.xFileControl = controlFile;
  m.xSectorSize = [](sqlite3_file* f) { return realOf(f)->pMethods->xSectorSize(realOf(f)); };
  m.xDeviceCharacteristics = [](sqlite3_file* f) {
    return realOf(f)->pMethods->xDeviceCharacteristics(realOf(f));
  };
  return m;
}();

sqlite3_vfs* original = nullptr;
sqlite3_vfs faulty;

int openFile(sqlite3_vfs*, const char* name, sqlite3_file* f, int flags, int* out) {
  auto* file = new (f) FaultFile{};
  const int result = original->xOpen(original, name, file->real(), flags, out);
  if (result == SQLITE_OK) file->base.pMethods = &methods;
  return result;
}

}  // namespace

FaultVfs::FaultVfs() {
  original = sqlite3_vfs_find(nullptr);
  faulty = *original;  // its other functions do not look at their first argument's file size
  faulty.zName = "clusterkit-faulty";
  faulty.szOsFile = static_cast<int>(sizeof(FaultFile)) + original->szOsFile;
  faulty.xOpen = openFile;
  sqlite3_vfs_register(&faulty, 1);
}

FaultVfs::~FaultVfs() {
  sqlite3_vfs_register(original, 1);
  sqlite3_vfs_unregister(&faulty);
  diskIsFull = false;
  writesFailWith = 0;
  syncsToFail = 0;
}

void FaultVfs::fillDisk() { diskIsFull = true; }
void FaultVfs::freeDisk() { diskIsFull = false; }
void FaultVfs::failWrites(int error) { writesFailWith = error; }
void FaultVfs::failSyncs() { syncsToFail = 1'000'000; }
void FaultVfs::failSyncOnce() { syncsToFail = 1; }

}  // namespace clusterkit::sqlite

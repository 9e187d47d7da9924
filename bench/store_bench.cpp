// Group commit of the sqlite store by batches that are queued at once, beside a bare write + fdatasync of the
// same bytes on the same disk in the same run. Read the ratios: absolute figures are the disk's. TMPDIR
// chooses the disk.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <thread>

#include "contract/store/store_under_test.hpp"

namespace {

using clusterkit::contract::BatchOf;
using clusterkit::contract::StoreUnderTest;
using clusterkit::contract::TempFolder;

constexpr std::size_t entryBytes = 256;

// Submits n batches of one entry each and waits until the last one is durable.
void groupCommit(benchmark::State& state) {
  const TempFolder folder;
  StoreUnderTest store("sqlite", folder.path());
  if (store.open().status != CK_OK) return state.SkipWithError("cannot open the store");
  const std::string bytes(entryBytes, 'x');
  std::uint64_t index = 0;
  for (auto step : state) {
    for (std::int64_t i = 0; i < state.range(0); ++i)
      if (store.submit(BatchOf().entry(++index, 1, bytes)) != CK_OK) return state.SkipWithError("refused");
    while (store.durable() < store.submitted()) std::this_thread::yield();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(index));
  store.stop();
}

enum class Place { end, again };

void bareSync(benchmark::State& state, Place place) {
  constexpr std::size_t ring = 4 << 20;
  const TempFolder folder;
  const int fd = ::open((folder.path() / "bare").c_str(), O_RDWR | O_CREAT, 0600);
  const std::string bytes(entryBytes * static_cast<std::size_t>(state.range(0)), 'x');
  const std::string old(place == Place::again ? ring : 0, 'o');
  if (fd < 0 || ::pwrite(fd, old.data(), old.size(), 0) < 0 || ::fsync(fd) != 0)
    return state.SkipWithError("cannot prepare the file");
  std::size_t offset = 0;
  for (auto step : state) {
    if (::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset)) < 0 || ::fdatasync(fd) != 0)
      return state.SkipWithError("cannot write");
    offset += bytes.size();
    if (place == Place::again && offset + bytes.size() > ring) offset = 0;
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  ::close(fd);
}

void bareOverwrite(benchmark::State& state) { bareSync(state, Place::again); }
void bareAppend(benchmark::State& state) { bareSync(state, Place::end); }

}  // namespace

BENCHMARK(groupCommit)->Arg(1)->Arg(8)->Arg(64)->Arg(256)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(bareOverwrite)->Arg(1)->Arg(8)->Arg(64)->Arg(256)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(bareAppend)->Arg(1)->Arg(8)->Arg(64)->Arg(256)->UseRealTime()->Unit(benchmark::kMicrosecond);

BENCHMARK_MAIN();

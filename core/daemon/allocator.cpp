// The daemon's settings of jemalloc, which reads them by this name when the process starts.
//
// A commit is many small allocations: jemalloc serves them with a sixth less processor time than glibc does
// (bench/README.md). One arena, because the node loop does most of them and memory is to stay small; what is
// free goes back to the system after half a second. `MALLOC_CONF` in the environment overrides each setting.
extern "C" {
[[gnu::visibility("default")]] extern const char* const malloc_conf;
const char* const malloc_conf = "narenas:1,dirty_decay_ms:500,muzzy_decay_ms:0,lg_tcache_max:12";
}

/* ClusterKit plugin ABI, base: what every kind of plugin shares.
 *
 * A plugin is a shared object with one exported symbol, `clusterkit_plugin_v1`, which points at constant
 * data. The kinds are in store.h, transport.h, consensus.h and sink.h; C++ authors use the .hpp beside each.
 *
 * Thread tags in comments:
 *   [ctl]  one control thread; never concurrent with anything of this instance
 *   [loop] the node loop; never two at once per instance; must not block
 *   [pool] a worker thread; may block
 *   [any]  any thread, thread-safe
 *
 * Ownership in names: `_in` is borrowed until the call returns; `_take` is dropped by the callee; `_out` is
 * dropped by the caller, by the buffer's own drop function. Nobody frees the other side's memory.
 *
 * Rules: tables and structs start with their size and grow at the tail only; only fixed-width integers cross;
 * no exception crosses; nothing completes inside the call that started it; time, timers and randomness come
 * from ck_host.
 */
#ifndef CLUSTERKIT_PLUGIN_H
#define CLUSTERKIT_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define CK_NOEXCEPT noexcept /* a function pointer type that refuses a handler that may throw */
#define CK_ASSERT_SIZE(type, bytes) static_assert(sizeof(type) == (bytes), #type " is part of the ABI")
extern "C" {
#else
#define CK_NOEXCEPT
#define CK_ASSERT_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type " is part of the ABI")
#endif

#define CK_ABI_MAJOR 1u
#define CK_ABI_MINOR 0u

/* ---- status and errors
 * --------------------------------------------------------------------------------------- */

typedef int32_t ck_status;
#define CK_OK 0
#define CK_AGAIN 1   /* full; wait for the matching `writable` or `applied` */
#define CK_RETRY 2   /* failed now, may succeed later */
#define CK_INVALID 3 /* the argument or the configuration is wrong */
#define CK_NOT_FOUND 4
#define CK_CONFLICT 5 /* refused because of the present state; definitely not done */
#define CK_UNSUPPORTED 6
#define CK_DENIED 7
#define CK_TIMEOUT 8
#define CK_CANCELLED 9    /* definitely not done */
#define CK_UNAVAILABLE 10 /* definitely not done; nobody there to do it */
#define CK_NO_SPACE 11    /* disk or memory is full; definitely not done */
#define CK_IO 12
#define CK_CORRUPT 13
#define CK_STALE 14      /* an old token, handle or generation */
#define CK_NOT_LEADER 15 /* definitely not done; value0 of the result is the leader, or 0 */
#define CK_UNKNOWN 16    /* possibly done: the outcome will never be known here */
#define CK_INTERNAL 17   /* something was thrown */
#define CK_FATAL 18      /* the instance is poisoned and of no more use */

/* Filled by the callee, printed by the host together with plugin, instance and function. */
typedef struct ck_error {
  uint32_t size;           /* sizeof(ck_error), set by the caller */
  ck_status code;          /* what happened */
  int32_t os_errno;        /* errno, or 0 */
  uint32_t retry_after_ms; /* when a retry makes sense; 0 = unknown */
  char msg[240];           /* one line for people, UTF-8, zero-terminated */
} ck_error;
CK_ASSERT_SIZE(ck_error, 256);

/* ---- memory
 * ---------------------------------------------------------------------------------------------------- */

/* Borrowed bytes, not zero-terminated. */
typedef struct ck_span {
  const uint8_t* data;
  uint64_t size;
} ck_span;

/* Owned bytes: whoever holds it calls drop exactly once (drop may be null for static data). A holder may
 * narrow data and size to a part of the bytes, so drop goes by owner alone. [any] */
typedef struct ck_buf ck_buf;
struct ck_buf {
  const uint8_t* data;
  uint64_t size;
  void* owner;
  void (*drop)(ck_buf* self) CK_NOEXCEPT;
};
CK_ASSERT_SIZE(ck_buf, 32);

/* ---- asynchronous calls
 * ------------------------------------------------------------------------------------------ */

/* Issued by the host: slot and generation. Each is completed exactly once by ck_host.complete. 0 is never
 * valid. */
typedef uint64_t ck_token;

typedef struct ck_result {
  uint32_t size; /* sizeof(ck_result) */
  ck_status status;
  uint64_t value0, value1; /* meaning per call */
  ck_buf payload_take;     /* taken by the host; where a call says so, data points at a struct it owns */
  ck_error error;          /* code CK_OK when there is none */
} ck_result;
CK_ASSERT_SIZE(ck_result, 312);

typedef void (*ck_fn)(void* arg) CK_NOEXCEPT;

/* ---- host services
 * ----------------------------------------------------------------------------------------------- */

#define CK_LOG_DEBUG 0
#define CK_LOG_INFO 1
#define CK_LOG_WARN 2
#define CK_LOG_ERROR 3

#define CK_METRIC_COUNTER 0 /* value is added */
#define CK_METRIC_GAUGE 1   /* value replaces */
#define CK_METRIC_TIMING 2  /* value in seconds is observed */

typedef struct ck_field {
  const char* key;
  ck_span value; /* UTF-8 */
} ck_field;

/* Handed to create; valid until the process ends, so a stray late call is harmless. The cx of every call is
 * ck_host.cx. */
typedef struct ck_host {
  uint32_t size;
  uint16_t abi_major, abi_minor; /* of the host */
  void* cx;
  uint64_t (*now)(void* cx) CK_NOEXCEPT;                           /* [any] ns, monotonic, may be simulated */
  int64_t (*wall)(void* cx) CK_NOEXCEPT;                           /* [any] ns since 1970, for labels only */
  void (*random)(void* cx, void* out, uint64_t bytes) CK_NOEXCEPT; /* [any] seeded in simulation */
  /* Calls fn(arg) on the loop once `when` (on the clock of now) has passed. Returns a timer, never 0. [loop]
   */
  uint64_t (*timer_at)(void* cx, uint64_t when, ck_fn fn, void* arg) CK_NOEXCEPT;
  int32_t (*timer_cancel)(void* cx, uint64_t timer) CK_NOEXCEPT; /* [loop] 1 = it will not fire any more */
  void (*post)(void* cx, ck_fn fn,
               void* arg) CK_NOEXCEPT; /* [any] fn(arg) on the loop, in order per thread */
  ck_status (*offload)(void* cx, ck_fn work, ck_fn done,
                       void* arg) CK_NOEXCEPT; /* [any] work [pool], done [loop] */
  ck_status (*complete)(void* cx, ck_token token,
                        const ck_result* result) CK_NOEXCEPT;  /* [any] CK_STALE if unknown */
  int32_t (*log_enabled)(void* cx, int32_t level) CK_NOEXCEPT; /* [any] */
  void (*log)(void* cx, int32_t level, const char* event, const ck_field* fields,
              uint64_t n) CK_NOEXCEPT;                                                /* [any] */
  void (*metric)(void* cx, const char* name, int32_t kind, double value) CK_NOEXCEPT; /* [any] */
  void (*fatal)(void* cx, const ck_error* why_in) CK_NOEXCEPT; /* [any] this instance is poisoned */
  const void* (*iface)(void* cx,
                       const char* iface_id)CK_NOEXCEPT; /* [any] upcalls of the kind; null if unknown */
} ck_host;

/* Optional, by iface() of the host: the loop waits for descriptors too, so that what a socket brings needs no
 * thread that hands it over. Absent where time is simulated. */
#define CK_HOST_READINESS "clusterkit.host.readiness/1"

typedef struct ck_host_readiness_1 {
  uint32_t size, flags;
  /* Calls fn(arg) on the loop in each turn while `fd` is readable (level-triggered), until unwatch.
   * CK_INVALID: it cannot be waited for, or is watched already. [loop] */
  ck_status (*watch)(void* cx, int32_t fd, ck_fn fn, void* arg) CK_NOEXCEPT;
  /* Before the descriptor is closed; fn is not called any more. Also from fn. [loop] */
  void (*unwatch)(void* cx, int32_t fd) CK_NOEXCEPT;
} ck_host_readiness_1;

/* ---- configuration
 * --------------------------------------------------------------------------------------------- */

#define CK_TYPE_STRING 1u
#define CK_TYPE_INT 2u
#define CK_TYPE_BOOL 3u
#define CK_TYPE_DURATION 4u /* read as nanoseconds; written as 500ms, 2s, 5m */
#define CK_TYPE_SIZE 5u     /* read as bytes; written as 64KiB, 1MiB */
#define CK_TYPE_ENUM 6u     /* one of choices, read as string */
#define CK_TYPE_PATH 7u     /* made absolute against the folder of the config file */
#define CK_TYPE_SECRET 8u   /* never printed; may come from a file or the environment */
#define CK_TYPE_LIST 9u     /* comma-separated strings */

#define CK_OPTION_REQUIRED 1u
#define CK_OPTION_RELOADABLE 2u

/* One row of a component's config schema. The table ends with a row whose name is null. */
typedef struct ck_option {
  const char* name;
  uint32_t type;
  uint32_t flags;
  const char* fallback; /* the default as it would be written in the file; null = none */
  int64_t min, max;     /* for int, duration (ns), size (bytes); both 0 = no range */
  const char* choices;  /* "a|b|c" for CK_TYPE_ENUM, else null */
  const char* help;     /* one line */
} ck_option;
CK_ASSERT_SIZE(ck_option, 56);

/* The checked, typed section of one instance. Borrowed during create only. Asking for a name that the
 * component did not declare returns null or 0. [ctl] */
typedef struct ck_config {
  uint32_t size, flags;
  void* cx;
  const char* instance; /* "audit" of [sink.audit]; "store" and so on for the others */
  const char* data_dir; /* absolute folder of this node, exists */
  const char* (*str)(void* cx, const char* name)CK_NOEXCEPT; /* string, enum, path, secret; null = not set */
  int64_t (*num)(void* cx, const char* name) CK_NOEXCEPT;    /* int, bool, duration (ns), size (bytes) */
  uint64_t (*count)(void* cx, const char* name) CK_NOEXCEPT; /* items of a list */
  const char* (*item)(void* cx, const char* name, uint64_t i)CK_NOEXCEPT;
} ck_config;

/* ---- entry: data, not code
 * ------------------------------------------------------------------------------------ */

/* Plain decimal literals, joined by | only: the note carries them as text. */
#define CK_COMPONENT_DETERMINISTIC 1   /* no clock, thread or randomness but the host's: runs in simulation */
#define CK_COMPONENT_SINGLETON 2       /* one instance per process */
#define CK_COMPONENT_NEEDS_STORE 4     /* consensus: wants the node's store */
#define CK_COMPONENT_NEEDS_TRANSPORT 8 /* consensus: wants the node's transport */
#define CK_COMPONENT_CONCURRENT 16     /* sink.simple: deliver may run on several threads at once */

typedef struct ck_component {
  uint32_t size, flags;
  const char* kind; /* "clusterkit.sink/1" */
  const char* id;   /* "sqlite": [a-z0-9-]{1,32} */
  const char* summary;
  const char* version;
  const ck_option* options; /* null = none */
  uint32_t option_size;     /* sizeof(ck_option) at the plugin's build */
  uint32_t reserved;
  /* [ctl] Makes one instance. Only log, now and random of the host may be used in it. */
  ck_status (*create)(const ck_host* host, const ck_config* config_in, void** self_out,
                      ck_error* error) CK_NOEXCEPT;
  /* [any] The kind's table, and optional extensions, by id; constant per instance; null if unknown. */
  const void* (*iface)(void* self, const char* iface_id)CK_NOEXCEPT;
  void (*destroy)(void* self) CK_NOEXCEPT; /* [ctl] idle only; also after a failed start */
} ck_component;
CK_ASSERT_SIZE(ck_component, 80);

typedef struct ck_entry {
  uint32_t size;
  uint16_t abi_major, abi_minor; /* headers it was built with */
  uint16_t need_minor, flags;    /* the lowest host minor it can work with */
  uint32_t reserved;
  const char *library, *version;
  const ck_component* const* components; /* null-terminated */
} ck_entry;
CK_ASSERT_SIZE(ck_entry, 40);

#define CK_ENTRY_SYMBOL "clusterkit_plugin_v1"

/* True when the other side's table is long enough to hold `member` and has it. */
#define CK_HAS(table, member)                                                                      \
  ((table) && (table)->size >= offsetof(__typeof__(*(table)), member) + sizeof((table)->member) && \
   (table)->member)

/* ---- identity without loading: ELF notes
 * ------------------------------------------------------------------------ Name "ClusterKit"; type 1 = the
 * library, type 2 = one component; the text is compact JSON of the same facts as the entry; flags are a
 * string, "4 | 8". The host reads PT_NOTE with a bounds-checked reader before it maps the file. CK_LIBRARY
 * and the kinds' macros (CK_SINK, CK_STORE, ...) write them. */
#define CK_NOTE_NAME "ClusterKit"
#define CK_NOTE_LIBRARY 1u
#define CK_NOTE_COMPONENT 2u

#define CK_STRINGIFY_(x) #x
#define CK_STRINGIFY(x) CK_STRINGIFY_(x)
#define CK_CONCAT_(a, b) a##b
#define CK_CONCAT(a, b) CK_CONCAT_(a, b)

#define CK_NOTE(type_, text)                                                           \
  __attribute__((used, section(".note.clusterkit"), aligned(4))) static const struct { \
    uint32_t name_size, text_size, type;                                               \
    char name[12];                                                                     \
    char desc[(sizeof(text) + 3) / 4 * 4];                                             \
  } CK_CONCAT(ck_note_, __COUNTER__) = {11, (uint32_t)sizeof(text), type_, CK_NOTE_NAME, text}

#define CK_COMPONENT_NOTE(kind, id, version, summary, flags)                                   \
  CK_NOTE(CK_NOTE_COMPONENT, "{\"kind\":\"" kind "\",\"id\":\"" id "\",\"version\":\"" version \
                             "\",\"summary\":\"" summary "\",\"flags\":\"" CK_STRINGIFY(flags) "\"}")

#define CK_LIBRARY_NOTE(library, version, need_minor)                                       \
  CK_NOTE(CK_NOTE_LIBRARY, "{\"abi_major\":1,\"abi_minor\":0,\"need_minor\":" CK_STRINGIFY( \
                               need_minor) ",\"library\":\"" library "\",\"version\":\"" version "\"}")

#ifdef __cplusplus
#define CK_EXPORT_ENTRY extern "C" __attribute__((visibility("default"), used)) const ck_entry
#else
#define CK_EXPORT_ENTRY __attribute__((visibility("default"), used)) const ck_entry
#endif

#ifdef __cplusplus
} /* extern "C" */
extern "C" __attribute__((visibility("default"))) const ck_entry clusterkit_plugin_v1;
#else
extern __attribute__((visibility("default"))) const ck_entry clusterkit_plugin_v1;
#endif

#endif

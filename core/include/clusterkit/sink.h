/* Kinds "clusterkit.sink/1" and "clusterkit.sink.simple/1": told of every event, in order, at least once.
 *
 * sink.simple is one blocking deliver; the host runs it on the sink's own worker and adapts it to sink/1. */
#ifndef CLUSTERKIT_SINK_H
#define CLUSTERKIT_SINK_H

#include "plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CK_SINK_KIND "clusterkit.sink/1"
#define CK_SINK_SIMPLE_KIND "clusterkit.sink.simple/1"
#define CK_SINK_HOST "clusterkit.sink.host/1"

#define CK_NACK_RETRY 0u
#define CK_NACK_DROP 1u
#define CK_NACK_DEAD_LETTER 2u

typedef struct ck_event {
  uint32_t size, attempt; /* attempt counts from 1 */
  uint64_t seq, index, epoch;
  uint8_t id[16];             /* stable idempotency key */
  const char *type, *subject; /* "node_join", "node-3" */
  int64_t wall_ns;            /* the leader's stamp */
  ck_span json;               /* the whole event as one line of JSON, without the line's end */
  uint64_t deadline; /* when this delivery should have ended, on the clock of ck_host.now; 0 = never */
} ck_event;
CK_ASSERT_SIZE(ck_event, 96);

typedef struct ck_sink_1 {
  uint32_t size, flags;
  ck_status (*start)(void* self, ck_error* error) CK_NOEXCEPT; /* [ctl] */
  /* Events stay valid until acknowledged. AGAIN = busy, the host tries later. [loop] */
  ck_status (*deliver)(void* self, const ck_event* events_in, uint64_t count, uint64_t batch) CK_NOEXCEPT;
  ck_status (*probe)(void* self,
                     ck_error* error) CK_NOEXCEPT; /* optional: self-test before a cut-over [pool] */
  void (*stop)(void* self, uint64_t deadline, ck_token token) CK_NOEXCEPT; /* [loop] */
} ck_sink_1;

/* Upcalls, from ck_host.iface(CK_SINK_HOST). [any] */
typedef struct ck_sink_host_1 {
  uint32_t size, flags;
  void (*ack)(void* cx, uint64_t batch, uint64_t upto_seq) CK_NOEXCEPT;
  void (*nack)(void* cx, uint64_t batch, uint64_t seq, uint32_t disposition, const ck_error* why) CK_NOEXCEPT;
} ck_sink_host_1;

typedef struct ck_sink_simple_1 {
  uint32_t size, flags;
  /* [pool] OK = done; RETRY, AGAIN, TIMEOUT, CANCELLED, UNAVAILABLE = again later; anything else = dead
   * letter. One call at a time, unless the component has CK_COMPONENT_CONCURRENT. It may block until
   * event_in->deadline; one that blocks on keeps only its own sink waiting, and its late answer still counts.
   * error->retry_after_ms is heeded. */
  ck_status (*deliver)(void* self, const ck_event* event_in, ck_error* error) CK_NOEXCEPT;
  /* Optional [any]: the sink ends, with the node or for a reload. Whatever deliver does now should end soon,
   * by CANCELLED unless it is done. Once. */
  void (*cancel)(void* self) CK_NOEXCEPT;
} ck_sink_simple_1;

#ifdef __cplusplus
}
#else

/* A sink in C is three functions, a table of options that ends with {0}, and this line. C++ authors use
 * sink.hpp. ck_status create(const ck_host* host, const ck_config* config, void** self_out, ck_error* error)
 *   ck_status deliver(void* self, const ck_event* event_in, ck_error* error)      one call at a time
 *   void destroy(void* self) */
#define CK_C_SINK(id, version, summary, options, create, deliver, destroy)                            \
  CK_LIBRARY_NOTE(id, version, 0);                                                                    \
  CK_COMPONENT_NOTE(CK_SINK_SIMPLE_KIND, id, version, summary, 0);                                    \
  static const ck_sink_simple_1 ck_table_of_this_file = {sizeof(ck_sink_simple_1), 0, deliver, NULL}; \
  static const void* ck_iface_of_this_file(void* self, const char* wanted) {                          \
    (void)self;                                                                                       \
    return __builtin_strcmp(wanted, CK_SINK_SIMPLE_KIND) == 0 ? &ck_table_of_this_file : NULL;        \
  }                                                                                                   \
  static const ck_component ck_component_of_this_file = {sizeof(ck_component),                        \
                                                         0,                                           \
                                                         CK_SINK_SIMPLE_KIND,                         \
                                                         id,                                          \
                                                         summary,                                     \
                                                         version,                                     \
                                                         options,                                     \
                                                         sizeof(ck_option),                           \
                                                         0,                                           \
                                                         create,                                      \
                                                         ck_iface_of_this_file,                       \
                                                         destroy};                                    \
  static const ck_component* const ck_components_of_this_file[] = {&ck_component_of_this_file, NULL}; \
  CK_EXPORT_ENTRY clusterkit_plugin_v1 = {                                                            \
      sizeof(ck_entry), CK_ABI_MAJOR, CK_ABI_MINOR, 0, 0, 0, id, version, ck_components_of_this_file}

#endif
#endif

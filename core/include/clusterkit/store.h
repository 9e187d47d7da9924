/* Kind "clusterkit.store/1": log, hard state, snapshots and small named values of one node.
 *
 * Promise: batches take effect in the order of seq, each whole or not at all; a crash leaves a prefix of what
 * was submitted; durable(n) means that every batch up to n survives power loss; the first failed write or
 * sync is final: durable(k, error) once, then ck_host.fatal. A full disk is not fatal: submit answers
 * CK_NO_SPACE (nothing taken) and `writable` follows when space has returned.
 *
 * Group commit falls out: while one sync runs, submits queue, and the next transaction takes them all. */
#ifndef CLUSTERKIT_STORE_H
#define CLUSTERKIT_STORE_H

#include "plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CK_STORE_KIND "clusterkit.store/1"
#define CK_STORE_HOST "clusterkit.store.host/1"

typedef struct ck_log_entry {
  uint64_t index, term;
  uint32_t type, flags; /* opaque to the store */
  ck_span data;
} ck_log_entry;
CK_ASSERT_SIZE(ck_log_entry, 40);

/* Term and vote are one record. A store keeps it with a checksum. */
typedef struct ck_hard_state {
  uint64_t term, voted_for, commit;
} ck_hard_state;
CK_ASSERT_SIZE(ck_hard_state, 24);

typedef struct ck_named_value {
  const char* name; /* 1 to 255 bytes */
  ck_span value;    /* at most 64 KiB; null data = delete */
} ck_named_value;

#define CK_BATCH_SYNC 1u /* must become durable now; without it the batch may ride with a later one */

/* One atomic, ordered step, applied in this order: hard, truncate_from, entries, compact_to, meta. */
typedef struct ck_store_batch {
  uint32_t size, flags;
  const ck_hard_state* hard; /* null = unchanged */
  uint64_t truncate_from;    /* 0 = no; drops index >= this before entries are appended */
  const ck_log_entry*
      entries; /* consecutive, continuing the log (or following the snapshot, or starting an empty log) */
  uint64_t entry_count;
  uint64_t compact_to; /* 0 = no; drops index <= this; refused (CK_INVALID) above the committed snapshot */
  const ck_named_value* meta;
  uint64_t meta_count;
} ck_store_batch;
CK_ASSERT_SIZE(ck_store_batch, 64);

typedef struct ck_snap_meta {
  uint32_t size, flags;
  uint64_t index, term; /* last entry the snapshot contains */
  ck_span config;       /* the consensus plugin's configuration as of index; opaque to all others */
  uint64_t total_size;  /* bytes; 0 while unknown; set by the store in snap_open's result */
  uint64_t checksum;    /* set by the store; 0 when it is to be computed */
} ck_snap_meta;
CK_ASSERT_SIZE(ck_snap_meta, 56);

#define CK_STORE_REPAIRING 1u /* acknowledged entries are missing: neither vote nor lead until made whole */

/* What a store holds when it is opened. */
typedef struct ck_store_image {
  uint32_t size, flags;
  ck_hard_state hard;               /* zeros in a new store */
  uint64_t first_index, last_index; /* 0, 0 = empty log; first may be > 1 after a compaction */
  uint64_t last_term;
  uint64_t high_water_index; /* the last index that was ever acknowledged as durable; 0 = none */
  uint64_t format;           /* of the data folder */
  ck_snap_meta snapshot;     /* index 0 = none */
} ck_store_image;
CK_ASSERT_SIZE(ck_store_image, 128);

typedef struct ck_store_1 {
  uint32_t size, flags;
  /* Result payload: a ck_store_image. CK_CORRUPT, CK_INVALID (newer format), CK_CONFLICT (in use) with a text
   * that says what to do. [loop] */
  void (*open)(void* self, ck_token token) CK_NOEXCEPT;
  /* Copies what it needs. seq rises by one from 1. OK = queued; AGAIN = full, wait for writable; NO_SPACE;
   * INVALID. [loop] */
  ck_status (*submit)(void* self, const ck_store_batch* batch_in, uint64_t seq) CK_NOEXCEPT;
  /* Entries lo <= index < hi, at least one if there is any, up to max_bytes of data; sees every submit before
   * it. Result payload: an array of ck_log_entry, value0 its length. NOT_FOUND = compacted or beyond the end.
   * [loop] */
  void (*read)(void* self, uint64_t lo, uint64_t hi, uint64_t max_bytes, ck_token token) CK_NOEXCEPT;
  /* Term of an index in the log or at the snapshot, from memory. NOT_FOUND otherwise. [loop] */
  ck_status (*term_at)(void* self, uint64_t index, uint64_t* term_out) CK_NOEXCEPT;
  /* Result payload: the value's bytes. NOT_FOUND. [loop] */
  void (*meta_get)(void* self, const char* name, ck_token token) CK_NOEXCEPT;
  /* Begins a snapshot beside the present one. One at a time: a second create aborts the first. [loop] */
  ck_status (*snap_create)(void* self, const ck_snap_meta* meta_in, uint64_t* handle_out) CK_NOEXCEPT;
  /* Offsets rise without gaps; anything else is CK_INVALID. [loop] */
  void (*snap_write)(void* self, uint64_t handle, uint64_t offset, ck_buf* chunk_take,
                     ck_token token) CK_NOEXCEPT;
  /* Makes it the newest: atomic, verified, durable. STALE if an equal or newer one is there. When the log
   * does not contain an entry of the snapshot's index and term, the whole log is dropped in the same step.
   * [loop] */
  void (*snap_commit)(void* self, uint64_t handle, ck_token token) CK_NOEXCEPT;
  void (*snap_abort)(void* self, uint64_t handle) CK_NOEXCEPT; /* [loop] */
  /* Result payload: ck_snap_meta of the newest, value0 a handle that stays readable until closed. [loop] */
  void (*snap_open)(void* self, ck_token token) CK_NOEXCEPT;
  /* Result payload: up to max bytes at offset; empty at the end. CORRUPT when the checksum fails. [loop] */
  void (*snap_read)(void* self, uint64_t handle, uint64_t offset, uint64_t max, ck_token token) CK_NOEXCEPT;
  void (*snap_close)(void* self, uint64_t handle) CK_NOEXCEPT; /* [loop] */
  /* Finishes or fails what is in flight, joins own threads, then completes. [loop] */
  void (*stop)(void* self, ck_token token) CK_NOEXCEPT;
} ck_store_1;

/* Upcalls, from ck_host.iface(CK_STORE_HOST). [any] */
typedef struct ck_store_host_1 {
  uint32_t size, flags;
  void (*durable)(void* cx, uint64_t upto_seq, const ck_error* error_or_null) CK_NOEXCEPT; /* cumulative */
  void (*writable)(void* cx) CK_NOEXCEPT;
} ck_store_host_1;

#ifdef __cplusplus
}
#endif
#endif

/* Kind "clusterkit.consensus/1": agrees on one order of commands.
 *
 * Wide enough for Raft and for a backend that hands the log to an outside cluster: index strictly rises but
 * may have gaps; epoch never falls and is the fencing token; a proposal ends OK(index), definitely not done,
 * or CK_UNKNOWN.
 *
 * All calls and upcalls are [loop] unless tagged. */
#ifndef CLUSTERKIT_CONSENSUS_H
#define CLUSTERKIT_CONSENSUS_H

#include "store.h"
#include "transport.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CK_CONSENSUS_KIND "clusterkit.consensus/1"
#define CK_CONSENSUS_HOST "clusterkit.consensus.host/1"

#define CK_ROLE_FOLLOWER 0u
#define CK_ROLE_CANDIDATE 1u
#define CK_ROLE_LEADER 2u
#define CK_ROLE_LEARNER 3u
#define CK_ROLE_REMOVED 4u

#define CK_MEMBER_VOTER 0u
#define CK_MEMBER_LEARNER 1u

typedef struct ck_member {
  uint32_t size, kind; /* CK_MEMBER_* */
  ck_peer peer;
} ck_member;
CK_ASSERT_SIZE(ck_member, 48);

#define CK_BOOT_NEW 0u     /* a new cluster with the local node as its only voter */
#define CK_BOOT_JOIN 1u    /* empty log; wait for a leader to bring this node in; never campaign before */
#define CK_BOOT_RESTART 2u /* the store holds a past life */

typedef struct ck_cluster_boot {
  uint32_t size, kind;
  uint64_t cluster; /* id, not 0; goes into every message; others' messages are dropped and counted */
  ck_peer local;    /* member, advertised endpoint and key */
  const ck_store_image* image_in;
} ck_cluster_boot;
CK_ASSERT_SIZE(ck_cluster_boot, 64);

#define CK_CHANGE_ADD_LEARNER 0u
#define CK_CHANGE_PROMOTE 1u /* learner -> voter; CONFLICT until it has caught up */
#define CK_CHANGE_DEMOTE 2u  /* voter -> learner */
#define CK_CHANGE_REMOVE 3u
#define CK_CHANGE_UPDATE_PEER 4u /* a new endpoint or key for the same member */

typedef struct ck_member_change {
  uint32_t size, kind; /* CK_CHANGE_* */
  ck_peer peer;        /* only .member for PROMOTE, DEMOTE, REMOVE */
} ck_member_change;
CK_ASSERT_SIZE(ck_member_change, 48);

typedef struct ck_committed {
  uint64_t index, epoch;
  ck_span data;
} ck_committed;
CK_ASSERT_SIZE(ck_committed, 32);

typedef struct ck_progress { /* leader's view of one other member */
  uint32_t size, kind;
  uint64_t member, match_index;
  uint64_t last_contact;         /* ns on the host's clock, 0 = never */
  uint32_t active, snapshotting; /* active: it answers just now; 0 = nobody counts on its vote */
} ck_progress;
CK_ASSERT_SIZE(ck_progress, 40);

typedef struct ck_consensus_status {
  uint32_t size, role;
  uint64_t epoch, leader; /* member, 0 = none known */
  uint64_t commit_index, applied_index, last_index, last_term, durable_index, first_index, snapshot_index,
      config_index;
  uint64_t elected_at; /* host's clock; 0 = no leader known */
  uint64_t member_count, voter_count;
  ck_progress* progress_out; /* caller's array, filled on the leader; may be null */
  uint64_t progress_capacity, progress_count;
  /* Host's clock: when a follower last heard a leader; by when a majority had answered the leader, or elected
   * it. 0 = never in this run, or not told. */
  uint64_t contact_at;
} ck_consensus_status;

typedef struct ck_consensus_1 {
  uint32_t size, flags;
  /* The store is open, the transport runs. RESTART with a snapshot: restore() is called before any commit().
   */
  ck_status (*start)(void* self, const ck_cluster_boot* boot_in, ck_error* error) CK_NOEXCEPT;
  /* Tokens are first .. first+count-1, one per command. OK(value0 = index) is completed when committed and
   * after the commit() upcall that carried it has returned OK. NOT_LEADER(value0 = leader), CANCELLED,
   * AGAIN (too much under way), UNAVAILABLE, NO_SPACE, INVALID (too large): definitely not done. UNKNOWN:
   * possibly done. */
  void (*propose)(void* self, const ck_span* commands_in, uint64_t count, ck_token first) CK_NOEXCEPT;
  /* A linearizable read point: OK(value0 = index) means that a state applied up to index contains every write
   * that was acknowledged before this call. Completed once commit() has taken every command up to index.
   * Works on followers too. TIMEOUT, or UNAVAILABLE without a text, means no
   * quorum; with a text another reason; AGAIN: too many are under way. */
  void (*barrier)(void* self, ck_token token) CK_NOEXCEPT;
  /* One change at a time: CONFLICT while another is under way. OK(value0 = index) when committed. */
  void (*change_members)(void* self, const ck_member_change* change_in, ck_token token) CK_NOEXCEPT;
  /* Hands leadership to `to`, or to the best voter when 0. OK when another leads; CONFLICT, TIMEOUT. */
  void (*step_down)(void* self, uint64_t to, ck_token token) CK_NOEXCEPT;
  void (*applied)(void* self, uint64_t index) CK_NOEXCEPT; /* opens the window after commit() said AGAIN */
  /* The snapshot with this meta is committed in the store: the log up to it may go. */
  void (*compact)(void* self, const ck_snap_meta* meta_in) CK_NOEXCEPT;
  void (*on_message)(void* self, uint64_t from, uint32_t lane, ck_buf* message_take) CK_NOEXCEPT;
  void (*on_peer)(void* self, uint64_t member, int32_t up) CK_NOEXCEPT;
  void (*on_durable)(void* self, uint64_t upto_seq, const ck_error* error_or_null) CK_NOEXCEPT;
  void (*on_store_writable)(void* self) CK_NOEXCEPT;
  void (*on_transport_writable)(void* self, uint64_t member, uint32_t lane) CK_NOEXCEPT;
  ck_status (*status)(void* self,
                      ck_consensus_status* out) CK_NOEXCEPT; /* [loop] the core publishes copies */
  void (*stop)(void* self, ck_token token) CK_NOEXCEPT;
} ck_consensus_1;

/* Optional, by iface() of a consensus component: what to write into the store of a node that does not run, so
 * that it wakes up as the only voter of its cluster (`clusterkit recover`). The instance is created and never
 * started; nothing is called but this. [ctl] */
#define CK_CONSENSUS_RECOVERY "clusterkit.consensus.recovery/1"

typedef struct ck_survivor { /* borrowed during the call */
  uint32_t size, flags;
  uint64_t cluster, member;
  const ck_store_image* image;
  const ck_log_entry* log; /* all of it, first_index to last_index */
  uint64_t log_count;
  ck_span command; /* to be committed first of all, behind the survivor's log */
} ck_survivor;
CK_ASSERT_SIZE(ck_survivor, 64);

typedef struct ck_recovery { /* valid until the next call or destroy */
  uint32_t size, flags;
  ck_hard_state hard;          /* one batch with */
  const ck_log_entry* entries; /* these, behind the log */
  uint64_t entry_count;
  const uint64_t* members; /* the configuration that is replaced */
  uint64_t member_count;
} ck_recovery;
CK_ASSERT_SIZE(ck_recovery, 64);

typedef struct ck_consensus_recovery_1 {
  uint32_t size, flags;
  /* The command that an entry of the log holds. NOT_FOUND: it is the consensus' own; CORRUPT. */
  ck_status (*command_of)(void* self, const ck_log_entry* entry_in, ck_span* command_out,
                          ck_error* error) CK_NOEXCEPT;
  /* CONFLICT: not this node, or nothing to recover from; CORRUPT. The text says what to do instead. */
  ck_status (*as_sole_voter)(void* self, const ck_survivor* survivor_in, ck_recovery* out,
                             ck_error* error) CK_NOEXCEPT;
} ck_consensus_recovery_1;

/* Upcalls, from ck_host.iface(CK_CONSENSUS_HOST). [loop] */
typedef struct ck_consensus_host_1 {
  uint32_t size, flags;
  /* The node's store and transport through checking proxies; null unless the component declared the need.
   * The consensus numbers its own store batches from 1. */
  const ck_store_1* (*store)(void* cx, void** self_out)CK_NOEXCEPT;
  const ck_transport_1* (*transport)(void* cx, void** self_out)CK_NOEXCEPT;
  /* Committed commands in order; spans are borrowed. AGAIN = nothing taken, wait for applied(). */
  ck_status (*commit)(void* cx, const ck_committed* entries_in, uint64_t count) CK_NOEXCEPT;
  void (*role)(void* cx, uint32_t role, uint64_t epoch, uint64_t leader) CK_NOEXCEPT;
  /* The configuration in force (effective when appended). The host declares these to the transport. */
  void (*members)(void* cx, const ck_member* members_in, uint64_t count, uint64_t index) CK_NOEXCEPT;
  /* Write a snapshot of the state applied up to exactly meta->index (the last index given to commit() or an
   * index without command after it) through store.snap_*, then call compact(meta). At most one at a time. */
  void (*snapshot)(void* cx, const ck_snap_meta* meta_in) CK_NOEXCEPT;
  /* Rebuild the state from the store's newest snapshot, then complete the token. Replaces, never merges. */
  void (*restore)(void* cx, const ck_snap_meta* meta_in, ck_token token) CK_NOEXCEPT;
  /* Tokens for the calls that the consensus itself makes on store and transport: `done` runs on the loop. The
   * payload is done's to drop. */
  ck_token (*expect)(void* cx, void (*done)(void* arg, const ck_result* result_take) CK_NOEXCEPT,
                     void* arg) CK_NOEXCEPT;
} ck_consensus_host_1;

#ifdef __cplusplus
}
#endif
#endif

/* Kind "clusterkit.transport/1": datagrams between nodes.
 *
 * Promise: messages keep their boundaries and may be lost, never corrupted; they are ordered per peer and
 * lane while the peer is up; duplicates are possible only across a reconnect; `from` is the identity that the
 * transport verified (by key where keys are configured), never a field of the message; an expired message is
 * not sent; lanes do not block each other. A transport knows no Raft word: what it carries is opaque.
 *
 * Nodes are known by member id: a random number not 0, minted with the data folder. A wiped node is another
 * member. */
#ifndef CLUSTERKIT_TRANSPORT_H
#define CLUSTERKIT_TRANSPORT_H

#include "plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CK_TRANSPORT_KIND "clusterkit.transport/1"
#define CK_TRANSPORT_HOST "clusterkit.transport.host/1"

#define CK_LANE_CONTROL 0u /* heartbeats, votes, probes: small and urgent */
#define CK_LANE_LOG 1u     /* log entries, forwarded commands */
#define CK_LANE_BULK 2u    /* snapshots */
#define CK_LANE_COUNT 3u

typedef struct ck_peer {
  uint32_t size, flags;
  uint64_t member;
  const char* endpoint; /* "host:port", opaque to all but the transport */
  ck_span public_key;   /* empty when no keys are used */
} ck_peer;
CK_ASSERT_SIZE(ck_peer, 40);

typedef struct ck_message {
  uint32_t size, lane;
  uint64_t to;             /* member */
  uint64_t expires_at;     /* ck_host.now clock; 0 = never */
  const ck_span* parts_in; /* the message is their concatenation */
  uint64_t part_count;
} ck_message;
CK_ASSERT_SIZE(ck_message, 40);

typedef struct ck_peer_stats {
  uint32_t size;
  int32_t up;
  uint64_t sent, received, dropped; /* messages */
  uint64_t sent_bytes, received_bytes;
  uint64_t connects;
} ck_peer_stats;

typedef struct ck_transport_1 {
  uint32_t size, flags;
  /* Binds and listens. `local_out_endpoint` (at least 128 bytes) receives the endpoint that others should
   * use. CK_CONFLICT when the address is in use. [loop] */
  ck_status (*start)(void* self, uint64_t local_member, char* local_out_endpoint, ck_span* local_out_key,
                     ck_error* error) CK_NOEXCEPT;
  /* Declarative: connects, drops and rekeys until exactly these are peers (the local member is ignored).
   * [loop] */
  ck_status (*set_peers)(void* self, const ck_peer* peers_in, uint64_t count) CK_NOEXCEPT;
  /* Queues in order; *accepted_out messages were taken. AGAIN = the next one's lane is full, wait for its
   * writable. A message to an unknown peer is counted as dropped and accepted. [loop] */
  ck_status (*send)(void* self, const ck_message* messages_in, uint64_t count,
                    uint64_t* accepted_out) CK_NOEXCEPT;
  ck_status (*stats)(void* self, uint64_t member, ck_peer_stats* out) CK_NOEXCEPT; /* [any] */
  uint64_t (*max_message)(void* self) CK_NOEXCEPT;                                 /* [any] bytes */
  void (*stop)(void* self, ck_token token) CK_NOEXCEPT;                            /* [loop] */
} ck_transport_1;

/* Upcalls, from ck_host.iface(CK_TRANSPORT_HOST). [any] */
typedef struct ck_transport_host_1 {
  uint32_t size, flags;
  void (*recv)(void* cx, uint64_t from, uint32_t lane, ck_buf* message_take) CK_NOEXCEPT;
  void (*peer)(void* cx, uint64_t member, int32_t up, const ck_error* why_or_null) CK_NOEXCEPT;
  void (*writable)(void* cx, uint64_t member, uint32_t lane) CK_NOEXCEPT;
} ck_transport_host_1;

#ifdef __cplusplus
}
#endif
#endif

/* Optional extension of the "inproc" transport, for tests and simulations: a network that misbehaves.
 *
 * ck_component.iface(self, CK_TRANSPORT_FAULTS) gives the table; `self` may be any instance of the hub, and
 * the rules hold for the whole hub until they are changed. All calls [loop] of the simulation, never at once.
 */
#ifndef CLUSTERKIT_TRANSPORT_FAULTS_H
#define CLUSTERKIT_TRANSPORT_FAULTS_H

#include <clusterkit/transport.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CK_TRANSPORT_FAULTS "clusterkit.transport.faults/1"

/* What happens to messages in one direction. All zero: nothing. Probabilities are parts per million. */
typedef struct ck_link_faults {
  uint32_t size;
  int32_t cut; /* 1 = everything is lost; nobody is told, as on a real wire */
  uint32_t drop_ppm;
  uint32_t duplicate_ppm;
  uint64_t delay_ns;  /* of each message */
  uint64_t jitter_ns; /* up to so much more, at random: with it messages overtake each other */
} ck_link_faults;
CK_ASSERT_SIZE(ck_link_faults, 32);

typedef struct ck_transport_faults_1 {
  uint32_t size, flags;
  void (*set)(void* self, uint64_t from_member, uint64_t to_member,
              const ck_link_faults* faults_in) CK_NOEXCEPT;
  void (*set_default)(void* self, const ck_link_faults* faults_in) CK_NOEXCEPT; /* where `set` said nothing */
  void (*clear)(void* self) CK_NOEXCEPT; /* the network is whole again */
} ck_transport_faults_1;

#ifdef __cplusplus
}
#endif
#endif

/* Where simulated nodes are and how long things take: what is known of the public network, with its sources. */
#ifndef SIM_KAD_WORLD_H
#define SIM_KAD_WORLD_H

#include "kad_network.h"

/* How long a question of a to b takes with its answer. */
uint64_t world_delay_ms(struct network *net, unsigned a, unsigned b);
/* How long a node stays. */
uint64_t world_session_ms(struct network *net);
void world_id(struct peer_id *id, uint32_t number, uint64_t salt);
void world_id_near(struct network *net, struct kad_contact *c, uint32_t number, struct bytes target, unsigned bits);
uint32_t world_ip(struct network *net);
void world_add_address(struct kad_contact *c, uint32_t ip);

#endif

/* Where a node stands in Swarm: its overlay address, in the same space as the addresses of chunks; the
 * nearer a node, the likelier it has a chunk, and the cheaper it gives it. Nearness is by the order: how
 * many leading bits are equal. Source: bee, pkg/crypto and pkg/swarm. */
#ifndef SWARM_OVERLAY_H
#define SWARM_OVERLAY_H

#include "crypto/secp256k1.h"

#define OVERLAY_BYTES 32
#define OVERLAY_NONCE_BYTES 32
#define OVERLAY_ORDER_MAX 31

/* Of a node with this Ethereum address: any nonce will do, and moves it. */
void overlay_address(const uint8_t owner[static SECP256K1_ADDRESS_BYTES], uint64_t network_id,
		     const uint8_t nonce[static OVERLAY_NONCE_BYTES], uint8_t overlay[static OVERLAY_BYTES]);
/* The proximity order of two addresses: 0, as for half of all pairs, to OVERLAY_ORDER_MAX. */
unsigned overlay_order(const uint8_t a[static OVERLAY_BYTES], const uint8_t b[static OVERLAY_BYTES]);
/* The same of their first four bytes, which is all that it looks at: for who compares many. */
static inline unsigned overlay_order_of(uint32_t a, uint32_t b)
{
	return (a ^ b) < 2 ? OVERLAY_ORDER_MAX : (unsigned)__builtin_clz(a ^ b);
}
/* Below 0: a is nearer to target than b; above 0: b is; 0: they are the same. */
int overlay_compare(const uint8_t target[static OVERLAY_BYTES], const uint8_t a[static OVERLAY_BYTES],
		    const uint8_t b[static OVERLAY_BYTES]);

#endif

/* Providers on the LAN: one-shot multicast DNS (RFC 6762 section 5.1) for _phase-image._tcp. Anyone
 * can answer, so what is found is somebody to ask and nothing more. */
#ifndef EFI_NEIGHBOURS_H
#define EFI_NEIGHBOURS_H

#include "efi/find.h"

#define NEIGHBOURS_MAX 8
#define NEIGHBOURS_MS 1000       /* for all to answer */
#define NEIGHBOURS_ENOUGH_MS 300 /* after the first */
#define NEIGHBOURS_AGAIN_MS 250  /* asked again: a datagram may get lost */

struct neighbours {
	uint8_t urls[NEIGHBOURS_MAX][64];
	size_t n;
};

/* Adds those that have the policy's channel and architecture to f; n must outlive f. Blocks. */
void neighbours_find(struct neighbours *n, const struct report *r, struct net *net, const struct policy *policy,
		     struct find *f);

#endif

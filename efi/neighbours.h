/* Providers on the LAN: one-shot multicast DNS (RFC 6762 section 5.1) for _phase-image._tcp. Anyone
 * can answer, so what is found is somebody to ask and nothing more, and nobody may name many: the
 * first to answer would leave no room for the others. */
#ifndef EFI_NEIGHBOURS_H
#define EFI_NEIGHBOURS_H

#include "efi/find.h"

#define NEIGHBOURS_MAX FIND_PROVIDERS_MAX
#define NEIGHBOURS_EACH 2        /* of one sender, and at one address by others' word */
#define NEIGHBOURS_MS 1000       /* for all to answer */
#define NEIGHBOURS_ENOUGH_MS 300 /* after the first */
#define NEIGHBOURS_AGAIN_MS 250  /* asked again: a datagram may get lost */

struct neighbour {
	uint8_t url[64];
	struct net_address sender, address; /* who said it, and where it is */
};

struct neighbours {
	struct neighbour v[NEIGHBOURS_MAX];
	size_t n;
	bool told_each, told_max; /* that some are left out */
};

/* Adds those that have the policy's channel and architecture to f; n must outlive f. Blocks. */
void neighbours_find(struct neighbours *n, const struct report *r, struct net *net, const struct policy *policy,
		     struct find *f);

#endif

#include "swarm/underlay.h"

#include "core/err.h"
#include "core/varint.h"
#include "p2p/multiaddr.h"

#define LIST_MARK 0x99 /* no multiaddr in use begins so */

struct underlay underlay_of(struct bytes field)
{
	const bool list = field.n > 0 && field.p[0] == LIST_MARK;
	return (struct underlay){.left = reader_of(bytes_skip(field, list ? 1 : 0)), .list = list};
}

static bool next(struct underlay *u, struct bytes *address)
{
	if (u->left.dead || u->left.left.n == 0)
		return false;
	*address = read_bytes(&u->left, u->list ? varint_read(&u->left) : u->left.left.n);
	return !u->left.dead;
}

int underlay_check(struct bytes field, size_t *n)
{
	struct underlay u = underlay_of(field);
	struct bytes address;
	size_t found = 0;
	while (next(&u, &address))
		found++;
	if (u.left.dead || field.n == 0 || field.n > UNDERLAY_BYTES_MAX || found > UNDERLAY_ADDRESSES_MAX)
		return ERR_VALUE;
	*n = found;
	return OK;
}

bool underlay_next(struct underlay *u, struct bytes *address)
{
	while (next(u, address))
		if (multiaddr_check(*address) == OK)
			return true;
	return false;
}

enum { NOT_FIT, FITS_IP6, FITS_IP4 };

static int fits(struct bytes address, enum p2p_scope least)
{
	struct reader r = reader_of(address);
	struct multiaddr_part host, port, peer;
	if (!multiaddr_next(&r, &host) || !multiaddr_next(&r, &port) || !multiaddr_next(&r, &peer) ||
	    !reader_done(&r) || port.code != MULTIADDR_TCP || peer.code != MULTIADDR_P2P ||
	    (port.value.p[0] == 0 && port.value.p[1] == 0))
		return NOT_FIT;
	const enum p2p_scope scope = p2p_scope_of(address);
	if (scope == P2P_SCOPE_NONE || scope < least)
		return NOT_FIT;
	return host.code == MULTIADDR_IP4 ? FITS_IP4 : FITS_IP6;
}

bool underlay_choose(struct bytes field, enum p2p_scope least, struct bytes *address)
{
	const enum p2p_scope believed = least == P2P_SCOPE_NONE ? P2P_SCOPE_PUBLIC : least;
	struct underlay u = underlay_of(field);
	struct bytes found;
	int best = NOT_FIT;
	while (underlay_next(&u, &found)) {
		const int fit = fits(found, believed);
		if (fit <= best)
			continue;
		best = fit;
		*address = found;
	}
	return best != NOT_FIT;
}

void underlay_write(struct writer *w, const struct bytes *addresses, size_t n)
{
	if (n != 1)
		write_u8(w, LIST_MARK);
	for (size_t i = 0; i < n; i++) {
		if (n != 1)
			varint_write(w, addresses[i].n);
		write_bytes(w, addresses[i]);
	}
}

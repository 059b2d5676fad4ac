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

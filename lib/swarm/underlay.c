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

/* Networks that are not everybody's (RFC 6890), and addresses of no one machine. */
static bool is_private4(const uint8_t *ip)
{
	return ip[0] == 0 || ip[0] == 10 || ip[0] == 127 || ip[0] >= 224 || (ip[0] == 100 && (ip[1] & 0xc0) == 64) ||
	       (ip[0] == 169 && ip[1] == 254) || (ip[0] == 172 && (ip[1] & 0xf0) == 16) ||
	       (ip[0] == 192 && ip[1] == 168);
}

/* Only 2000::/3 is given out to everybody. */
static bool is_private6(const uint8_t *ip)
{
	return (ip[0] & 0xe0) != 0x20;
}

enum { NOT_FIT, FITS_IP6, FITS_NAME, FITS_IP4 };

static int host_fits(const struct multiaddr_part *part, bool private_too)
{
	switch (part->code) {
	case MULTIADDR_IP4:
		return private_too || !is_private4(part->value.p) ? FITS_IP4 : NOT_FIT;
	case MULTIADDR_IP6:
		return private_too || !is_private6(part->value.p) ? FITS_IP6 : NOT_FIT;
	case MULTIADDR_DNS:
	case MULTIADDR_DNS4:
	case MULTIADDR_DNS6:
		return FITS_NAME;
	case MULTIADDR_TCP:
	case MULTIADDR_IP6ZONE:
	case MULTIADDR_DNSADDR:
	case MULTIADDR_UDP:
	case MULTIADDR_P2P_CIRCUIT:
	case MULTIADDR_P2P:
	case MULTIADDR_TLS:
	case MULTIADDR_SNI:
	case MULTIADDR_NOISE:
	case MULTIADDR_QUIC:
	case MULTIADDR_QUIC_V1:
	case MULTIADDR_WEBTRANSPORT:
	case MULTIADDR_CERTHASH:
	case MULTIADDR_WS:
	case MULTIADDR_WSS:
	default:
		return NOT_FIT;
	}
}

static int fits(struct bytes address, bool private_too)
{
	struct reader r = reader_of(address);
	struct multiaddr_part host, port, peer;
	if (!multiaddr_next(&r, &host) || !multiaddr_next(&r, &port) || !multiaddr_next(&r, &peer) ||
	    !reader_done(&r) || port.code != MULTIADDR_TCP || peer.code != MULTIADDR_P2P ||
	    (port.value.p[0] == 0 && port.value.p[1] == 0))
		return NOT_FIT;
	return host_fits(&host, private_too);
}

bool underlay_choose(struct bytes field, bool private_too, struct bytes *address)
{
	struct underlay u = underlay_of(field);
	struct bytes found;
	int best = NOT_FIT;
	while (underlay_next(&u, &found)) {
		const int fit = fits(found, private_too);
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

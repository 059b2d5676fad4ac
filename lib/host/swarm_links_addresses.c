/* What identify tells of who listens nowhere: where its sockets are, and where others see it. */
#include <string.h>
#include <sys/socket.h>

#include "core/err.h"
#include "host/swarm_link_parts.h"
#include "swarm/underlay.h"

/* The host of an address of TCP, of a part of it and no more. */
static struct bytes host_of(struct bytes address)
{
	struct reader r = reader_of(address);
	struct multiaddr_part part;
	return multiaddr_next(&r, &part) ? part.value : BYTES_NONE;
}

static bool same_host(struct bytes a, struct bytes b)
{
	return bytes_equal(host_of(a), host_of(b));
}

/* One of each host is enough: others look at that only. */
static void note(struct swarm_links *links, const struct p2p_address *address)
{
	struct session_config *c = &links->config;
	if (!links->notes_addresses || c->addresses_n == SWARM_LINK_ADDRESSES_MAX)
		return;
	for (size_t i = 0; i < c->addresses_n; i++)
		if (same_host(links->addresses[i], p2p_address_bytes(address)))
			return;
	links->noted[c->addresses_n] = *address;
	links->addresses[c->addresses_n] = p2p_address_bytes(&links->noted[c->addresses_n]);
	c->addresses_n++;
}

void swarm_links_note_own(struct swarm_links *links, int fd)
{
	struct sockaddr_storage own = {0};
	struct p2p_address address;
	socklen_t n = sizeof own;
	if (getsockname(fd, (struct sockaddr *)&own, &n) != 0)
		return;
	p2p_address_of(&address, &own, MULTIADDR_TCP);
	note(links, &address);
}

/* One alone may say anything, and have us name a stranger to all others. */
void swarm_links_note_seen(struct swarm_links *links, struct bytes field, struct bytes remote)
{
	struct sockaddr_storage at;
	struct p2p_address address;
	struct bytes chosen, rest;
	if (!links->notes_addresses || remote.n > P2P_ADDRESS_BYTES_MAX ||
	    !underlay_choose(field, P2P_SCOPE_PUBLIC, &chosen) ||
	    p2p_address_read(chosen, MULTIADDR_TCP, &at, &rest) != OK)
		return;
	p2p_address_of(&address, &at, MULTIADDR_TCP);
	const bool agreed = links->seen.n > 0 &&
			    same_host(p2p_address_bytes(&links->seen), p2p_address_bytes(&address)) &&
			    !same_host(p2p_address_bytes(&links->seen_by), remote);
	if (agreed)
		note(links, &address);
	links->seen = address;
	links->seen_by.n = (uint8_t)remote.n;
	memcpy(links->seen_by.bytes, remote.p, remote.n);
}

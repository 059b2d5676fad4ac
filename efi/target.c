#include "efi/target.h"

#include <string.h>

#include "p2p/multiaddr.h"

bool target_read(struct bytes address, struct target *t)
{
	struct reader r = reader_of(address);
	struct multiaddr_part host, port, peer;
	*t = (struct target){.named = false};
	if (!multiaddr_next(&r, &host) || !multiaddr_next(&r, &port) || port.code != MULTIADDR_TCP)
		return false;
	t->remote = bytes_of(address.p, (size_t)(port.value.p + port.value.n - address.p));
	t->port = (uint16_t)(port.value.p[0] << 8 | port.value.p[1]);
	t->name = host.value;
	t->named = host.code == MULTIADDR_DNS || host.code == MULTIADDR_DNS4 || host.code == MULTIADDR_DNS6;
	t->no_four = host.code == MULTIADDR_DNS6;
	t->no_six = host.code == MULTIADDR_DNS4;
	t->ip.six = host.code == MULTIADDR_IP6;
	if (!t->named && host.code != MULTIADDR_IP4 && host.code != MULTIADDR_IP6)
		return false;
	if (!t->named)
		memcpy(t->ip.ip, host.value.p, host.value.n);
	if (multiaddr_next(&r, &peer)) {
		t->has_peer = true;
		if (peer.code != MULTIADDR_P2P || peer_id_read(&t->peer, peer.value) != OK)
			return false;
	}
	return reader_done(&r) && t->port != 0;
}

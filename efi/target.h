/* Where a peer is, as a multiaddr says it: a host and a port of TCP, and perhaps who it must be. */
#ifndef EFI_TARGET_H
#define EFI_TARGET_H

#include "efi/net.h"
#include "p2p/peer_id.h"

/* Views into its address. */
struct target {
	bool named, no_four, no_six;
	struct net_address ip; /* unless it is named */
	struct bytes name;
	uint16_t port;
	struct bytes remote; /* the address without its peer */
	bool has_peer;
	struct peer_id peer;
};

/* False: not "/ip4|ip6|dns|dns4|dns6/.../tcp/...", with or without "/p2p/..." and with nothing else. */
bool target_read(struct bytes address, struct target *t);

#endif

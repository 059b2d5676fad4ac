/* What the files of bzz_peers share; nobody else's. */
#ifndef HOST_BZZ_PEERS_PARTS_H
#define HOST_BZZ_PEERS_PARTS_H

#include "host/bzz_peers.h"
#include "host/swarm_link.h"
#include "host/swarm_self.h"
#include "p2p/multiaddr.h"
#include "swarm/peers.h"

/* One that was named, and what became of it; the last of them stands for all others. */
struct bzz_peers_named {
	const char *text; /* NULL: the others */
	size_t address_n;
	uint8_t address[PEERS_ADDRESS_BYTES_MAX];
	unsigned connected_n, connected_now_n, failed_n;
	bool told;
	int last, os_error; /* of its latest failure; OK: none */
	uint64_t bytes, chunks, bad_bytes;
};

/* A link, and the node that it is for. */
struct bzz_peers_connection {
	struct bzz_peers *p;
	struct bzz_peers_named *named;
	unsigned node;
	bool ready, dropped; /* dropped: it is over for peers.h */
};

struct bzz_peers {
	struct cli *cli;
	uv_loop_t loop;
	bool has_loop;
	struct swarm_self self;
	bool has_self;
	struct swarm_links *links;
	bzz_peers_answered *answered;
	void *context;
	uint64_t at_ms; /* when peers.h is to be asked again */
	enum keccak_kind kind;
	struct bmt_scratch scratch;
	struct swarm_link *link_of[PEERS_MAX]; /* by node; NULL: none */
	size_t named_n;
	struct bzz_peers_named named[BZZ_PEERS_NAMED_MAX + 1];
	struct peers peers;
};

/* Which of those named is meant by an address. */
struct bzz_peers_named *bzz_peers_named_at(struct bzz_peers *p, struct bytes address);
/* Its connection is over, or there was none: counts it, and tells the user once of one that was named. */
void bzz_peers_tell_gone(const struct bzz_peers_connection *c, struct bytes remote, int err, int os_error);
void bzz_peers_tell_wrong(const struct bzz_peers_connection *c, struct bytes remote);

#endif

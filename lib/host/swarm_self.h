/* Who this program is in Swarm: its two keys, and what is signed with them. One secret stands behind both, the seed
 * of the libp2p key: fresh for each run, or kept in a file, which is best for who serves, because nodes remember how
 * an overlay behaved. The overlay's key follows from it. */
#ifndef HOST_SWARM_SELF_H
#define HOST_SWARM_SELF_H

#include "crypto/ed25519.h"
#include "p2p/peer_id.h"
#include "p2p/peer_key.h"
#include "swarm/session.h"

struct swarm_self_options {
	const char *file; /* as keyfile_secret_or_new; NULL: fresh keys */
	uint64_t network_id;
	bool serves;                   /* a full node, that answers for chunks */
	const struct bytes *addresses; /* where it listens, "/ip4/.../tcp/..." without "/p2p"; must outlive it */
	size_t addresses_n;            /* at most UNDERLAY_ADDRESSES_MAX; 0: nowhere */
	struct bytes agent;            /* name and version, at most IDENTITY_WELCOME_BYTES_MAX; must outlive it */
};

/* Not to be moved. */
struct swarm_self {
	struct session_config config; /* of its sessions */
	uint8_t seed[ED25519_SEED_BYTES];
	struct peer_id peer;
	struct identity identity;
	uint8_t key[PEER_KEY_ED25519_BYTES];
};

/* Errors of keyfile_secret_or_new, with why; ERR_VALUE: addresses that are none, or too many; ERR_IO: no randomness,
 * ERR_KEY, ERR_NO_MEMORY. On failure there is nothing to wipe. */
MUST_CHECK int swarm_self_init(struct swarm_self *self, const struct swarm_self_options *options, struct why *why);
void swarm_self_wipe(struct swarm_self *self);

#endif

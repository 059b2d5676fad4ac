#include "host/swarm_self.h"

#include <string.h>

#include "core/err.h"
#include "crypto/hkdf.h"
#include "crypto/secret.h"
#include "host/clock.h"
#include "host/keyfile.h"
#include "host/random.h"
#include "p2p/multiaddr.h"

#define OVERLAY_INFO "phase swarm overlay 1"

/* Where it listens with who it is behind it; who listens nowhere says only who it is. */
static int write_addresses(const struct swarm_self_options *o, const struct peer_id *peer, struct writer *w,
			   struct bytes addresses[static UNDERLAY_ADDRESSES_MAX], size_t *n)
{
	const struct bytes none = BYTES_NONE;
	const struct bytes *from = o->addresses_n > 0 ? o->addresses : &none;
	*n = o->addresses_n > 0 ? o->addresses_n : 1;
	if (*n > UNDERLAY_ADDRESSES_MAX)
		return ERR_VALUE;
	for (size_t i = 0; i < *n; i++) {
		const size_t begun = w->n;
		write_bytes(w, from[i]);
		multiaddr_write_part(w, MULTIADDR_P2P, peer_id_bytes(peer));
		if (w->full)
			return ERR_VALUE;
		addresses[i] = bytes_skip(writer_view(w), begun);
	}
	return OK;
}

static int sign(struct swarm_self *self, const struct swarm_self_options *o, const uint8_t *secret)
{
	uint8_t point[SECP256K1_KEY_BYTES], owner[SECP256K1_ADDRESS_BYTES], digest[SECP256K1_DIGEST_BYTES];
	uint8_t written[UNDERLAY_BYTES_MAX];
	const uint8_t nonce[OVERLAY_NONCE_BYTES] = {0};
	struct bytes addresses[UNDERLAY_ADDRESSES_MAX];
	struct writer w = writer_of(written, sizeof written);
	size_t n;
	int err = write_addresses(o, &self->peer, &w, addresses, &n);
	if (err == OK)
		err = secp256k1_public(secret, point);
	if (err != OK)
		return err;
	secp256k1_address(point, owner);
	err = identity_init(&self->identity, owner, o->network_id, nonce, addresses, n, o->agent,
			    (struct wall){clock_wall_s()});
	self->identity.full_node = o->serves;
	for (enum bzz_generation g = BZZ_15; err == OK && g < BZZ_GENERATIONS; g++) {
		identity_digest(&self->identity, g, digest);
		err = secp256k1_sign(secret, digest, self->identity.signatures[g]);
	}
	return err;
}

int swarm_self_init(struct swarm_self *self, const struct swarm_self_options *o, struct why *why)
{
	uint8_t secret[SECP256K1_SECRET_BYTES], public[ED25519_KEY_BYTES];
	int err = o->file == NULL ? random_fill(self->seed, sizeof self->seed)
				  : keyfile_secret_or_new(o->file, self->seed, why);
	if (err != OK)
		return err;
	ed25519_public(self->seed, public);
	peer_key_ed25519(public, self->key);
	peer_id_of_key(&self->peer, bytes_of(self->key, sizeof self->key));
	hkdf_sha256(BYTES_NONE, bytes_of(self->seed, sizeof self->seed), BYTES_LITERAL(OVERLAY_INFO), secret,
		    sizeof secret);
	err = sign(self, o, secret);
	secret_wipe(secret, sizeof secret);
	if (err != OK) {
		swarm_self_wipe(self);
		return err;
	}
	self->config = (struct session_config){.identity = &self->identity,
					       .key = bytes_of(self->key, sizeof self->key),
					       .addresses = o->addresses,
					       .addresses_n = o->addresses_n,
					       .agent = o->agent,
					       .serves = o->serves,
					       .status = {.mode = o->serves ? "full" : "ultra-light"}};
	return OK;
}

void swarm_self_wipe(struct swarm_self *self)
{
	secret_wipe(self->seed, sizeof self->seed);
}

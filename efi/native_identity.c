/* Who we are to the nodes of Swarm, for one attempt. */
#include <string.h>

#include "crypto/secret.h"
#include "efi/native_parts.h"

#define PORT 1634 /* where nobody listens: a node must say some */

static struct bytes write_address(struct native *n, size_t i, enum multiaddr_code code, struct bytes ip)
{
	struct writer w = writer_of(n->address_bytes[i], NATIVE_ADDRESS_BYTES);
	uint8_t port[2] = {PORT >> 8, PORT & 0xff};
	multiaddr_write_part(&w, code, ip);
	multiaddr_write_part(&w, MULTIADDR_TCP, bytes_of(port, sizeof port));
	return writer_view(&w);
}

/* bee lets ten seconds pass before it answers who names no address that it could reach, by its own measure: a public
 * one if it is public itself. Ours is not known behind a router; so one of those that are routed nowhere, and which
 * nobody has (RFC 7343). */
static void make_addresses(struct native *n)
{
	static const uint8_t nowhere[16] = {0x20, 0x01, 0x00, 0x20, [15] = 1};
	const struct net_facts *facts = net_facts(n->with.net);
	const struct bytes own = bytes_of(facts->address.ip, facts->address.six ? 16 : 4);
	n->addresses[0] = write_address(n, 0, facts->address.six ? MULTIADDR_IP6 : MULTIADDR_IP4, own);
	n->addresses[1] = write_address(n, 1, MULTIADDR_IP6, bytes_of(nowhere, sizeof nowhere));
}

static int sign(struct native *n, const uint8_t secret[static SECP256K1_SECRET_BYTES])
{
	uint8_t digest[SECP256K1_DIGEST_BYTES];
	int err = OK;
	for (enum bzz_generation g = BZZ_15; g < BZZ_GENERATIONS && err == OK; g++) {
		identity_digest(&n->identity, g, digest);
		err = secp256k1_sign(secret, digest, n->identity.signatures[g]);
	}
	return err;
}

int native_make_identity(struct native *n)
{
	struct platform *p = n->with.report->platform;
	uint8_t secret[SECP256K1_SECRET_BYTES], point[SECP256K1_KEY_BYTES], owner[SECP256K1_ADDRESS_BYTES];
	uint8_t nonce[OVERLAY_NONCE_BYTES], public[ED25519_KEY_BYTES];
	struct wall made = platform_built(p); /* not later than any node's clock */
	if (made.s <= 0)
		made.s = 1;
	(void)platform_random(p, secret, sizeof secret);
	(void)platform_random(p, nonce, sizeof nonce);
	(void)platform_random(p, n->seed, sizeof n->seed);
	secret[0] &= 0x7f; /* below the order */
	make_addresses(n);
	int err = secp256k1_public(secret, point);
	if (err == OK) {
		secp256k1_address(point, owner);
		err = identity_init(&n->identity, owner, n->with.config->network_id, nonce, n->addresses,
				    NATIVE_ADDRESSES_MAX, BYTES_LITERAL("swfetch"), made);
	}
	if (err == OK)
		err = sign(n, secret);
	secret_wipe(secret, sizeof secret);
	ed25519_public(n->seed, public);
	peer_key_ed25519(public, n->key);
	n->config = (struct session_config){.identity = &n->identity,
					    .key = bytes_of(n->key, sizeof n->key),
					    .addresses = n->addresses,
					    .addresses_n = NATIVE_ADDRESSES_MAX,
					    .agent = BYTES_LITERAL("swfetch/" VERSION),
					    .status = {.mode = "ultra-light"}};
	return err;
}

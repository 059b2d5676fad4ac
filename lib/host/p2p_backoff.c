/* Addresses that failed are left alone for some time, which doubles with each failure. */
#include <string.h>

#include "core/err.h"
#include "host/p2p_node_parts.h"

#define FIRST_MS 5000
#define DOUBLINGS_MAX 6 /* some five minutes */

/* FNV-1a, begun with what nobody else knows: an attacker cannot find addresses that meet in one place. */
static uint64_t hash(uint64_t h, struct bytes b)
{
	for (size_t i = 0; i < b.n; i++)
		h = (h ^ b.p[i]) * 0x100000001b3;
	return h;
}

static uint64_t key_of(const struct p2p_node *node, const struct peer_id *peer, struct bytes address)
{
	return hash(hash(node->backoff_seed, peer_id_bytes(peer)), address) | 1;
}

static size_t place_of(uint64_t key)
{
	return (key * 0x9e3779b97f4a7c15 >> 32) % P2P_BACKOFFS_N;
}

bool p2p_backoff_holds(const struct p2p_node *node, const struct peer_id *peer, struct bytes address, uint64_t now_ms,
		       int *err)
{
	const uint64_t key = key_of(node, peer, address);
	const struct p2p_backoff *b = &node->backoffs[place_of(key)];
	if (b->key != key || now_ms >= b->until_ms)
		return false;
	*err = b->err;
	return true;
}

void p2p_backoff_failed(struct p2p_node *node, const struct peer_id *peer, struct bytes address, uint64_t now_ms,
			int err)
{
	const uint64_t key = key_of(node, peer, address);
	struct p2p_backoff *b = &node->backoffs[place_of(key)];
	if (b->key != key)
		*b = (struct p2p_backoff){.key = key};
	b->until_ms = now_ms + ((uint64_t)FIRST_MS << b->failures_n);
	b->failures_n += b->failures_n < DOUBLINGS_MAX;
	b->err = err;
}

void p2p_backoff_clear(struct p2p_node *node, const struct peer_id *peer, struct bytes address)
{
	const uint64_t key = key_of(node, peer, address);
	struct p2p_backoff *b = &node->backoffs[place_of(key)];
	if (b->key == key)
		*b = (struct p2p_backoff){.key = 0};
}

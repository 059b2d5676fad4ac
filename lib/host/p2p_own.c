/* The addresses of a node that others are told. */
#include <string.h>

#include "core/err.h"
#include "host/p2p_node_parts.h"

void p2p_node_refresh(struct p2p_node *node)
{
	struct p2p_address all[P2P_OWN_ADDRESSES_MAX];
	size_t n = 0;
	memset(all, 0, sizeof all);
	for (size_t i = 0; i < node->advertised_n; i++)
		p2p_address_add(all, &n, &node->advertised[i]);
	for (size_t i = 0; i < node->listens_n; i++)
		p2p_address_add_reached(all, &n, &node->listens[i]);
	bool same = n == node->own_n;
	for (size_t i = 0; same && i < n; i++)
		same = bytes_equal(p2p_address_bytes(&all[i]), p2p_address_bytes(&node->own[i]));
	if (same)
		return;
	memcpy(node->own, all, sizeof all);
	node->own_n = n;
	node->sequence++;
	p2p_identify_push(node);
}

int p2p_node_advertise(struct p2p_node *node, struct bytes address)
{
	if (multiaddr_check(address) != OK)
		return ERR_VALUE;
	if (node->advertised_n == P2P_LISTENS_MAX || address.n > P2P_ADDRESS_BYTES_MAX)
		return ERR_LIMIT;
	struct p2p_address *to = &node->advertised[node->advertised_n++];
	memcpy(to->bytes, address.p, address.n);
	to->n = (uint8_t)address.n;
	p2p_node_refresh(node);
	return OK;
}

const struct p2p_address *p2p_node_addresses(const struct p2p_node *node, size_t *n)
{
	*n = node->own_n;
	return node->own;
}

bool p2p_address_is_loopback(struct bytes address)
{
	static const uint8_t six[16] = {[15] = 1};
	struct reader r = reader_of(address);
	struct multiaddr_part ip;
	if (!multiaddr_next(&r, &ip))
		return false;
	if (ip.code == MULTIADDR_IP4)
		return ip.value.p[0] == 127;
	return ip.code == MULTIADDR_IP6 && bytes_equal(ip.value, bytes_of(six, sizeof six));
}

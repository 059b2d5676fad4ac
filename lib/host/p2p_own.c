/* The addresses of a node that others are told. */
#include <string.h>

#include "core/err.h"
#include "host/p2p_node_parts.h"

static void add(struct p2p_address *all, size_t *n, const struct p2p_address *one)
{
	for (size_t i = 0; i < *n; i++)
		if (bytes_equal(p2p_address_bytes(&all[i]), p2p_address_bytes(one)))
			return;
	if (*n < P2P_OWN_ADDRESSES_MAX)
		all[(*n)++] = *one;
}

/* The first part of an address is this machine's; what follows is kept. */
static void add_of_interface(struct p2p_address *all, size_t *n, struct bytes value, enum multiaddr_code code,
			     struct bytes rest)
{
	struct p2p_address one;
	struct writer w = writer_of(one.bytes, sizeof one.bytes);
	multiaddr_write_part(&w, code, value);
	write_bytes(&w, rest);
	one.n = (uint8_t)w.n;
	if (!w.full)
		add(all, n, &one);
}

static bool is_zero(struct bytes value)
{
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] != 0)
			return false;
	return true;
}

/* "Any address" is all those of the machine's interfaces, but link-local ones: nobody can use such without naming
 * his own interface. */
static void expand(struct p2p_address *all, size_t *n, enum multiaddr_code code, struct bytes rest)
{
	uv_interface_address_t *interfaces;
	int interfaces_n;
	if (uv_interface_addresses(&interfaces, &interfaces_n) != 0)
		return;
	for (int i = 0; i < interfaces_n; i++) {
		const struct sockaddr_in *in = &interfaces[i].address.address4;
		const struct sockaddr_in6 *in6 = &interfaces[i].address.address6;
		if (code == MULTIADDR_IP4 && in->sin_family == AF_INET)
			add_of_interface(all, n, bytes_of(&in->sin_addr, 4), code, rest);
		else if (code == MULTIADDR_IP6 && in6->sin6_family == AF_INET6 &&
			 !IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr))
			add_of_interface(all, n, bytes_of(&in6->sin6_addr, 16), code, rest);
	}
	uv_free_interface_addresses(interfaces, interfaces_n);
}

void p2p_node_refresh(struct p2p_node *node)
{
	struct p2p_address all[P2P_OWN_ADDRESSES_MAX];
	struct multiaddr_part ip;
	size_t n = 0;
	memset(all, 0, sizeof all);
	for (size_t i = 0; i < node->advertised_n; i++)
		add(all, &n, &node->advertised[i]);
	for (size_t i = 0; i < node->listens_n; i++) {
		struct reader r = reader_of(p2p_address_bytes(&node->listens[i]));
		if (multiaddr_next(&r, &ip) && is_zero(ip.value))
			expand(all, &n, ip.code, r.left);
		else
			add(all, &n, &node->listens[i]);
	}
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

#include "kad/contact.h"

#include <string.h>

#include "core/err.h"
#include "p2p/multiaddr.h"

#define GROUP_OF_IPV4 1U /* above the 16 bits of the network; IPv6 has 0x2... or 0x3... there */

void kad_contact_init(struct kad_contact *c, const struct peer_id *id)
{
	memset(c, 0, sizeof *c);
	c->id = *id;
	kad_key_of(&c->key, peer_id_bytes(id));
}

/* Reads HOST/tcp/PORT or HOST/udp/PORT/quic-v1, then the id of peer or nothing. Gives how many bytes there are
 * before an id; 0: it is none of these. */
static size_t read_dialable(struct bytes address, const struct peer_id *peer)
{
	struct reader r = reader_of(address);
	struct multiaddr_part part;
	if (address.n > MULTIADDR_BYTES_MAX || !multiaddr_next(&r, &part) || !multiaddr_next(&r, &part))
		return 0;
	const bool has_port = part.value.n == 2 && (part.value.p[0] | part.value.p[1]) != 0;
	if (part.code == MULTIADDR_UDP) {
		if (!multiaddr_next(&r, &part) || part.code != MULTIADDR_QUIC_V1)
			return 0;
	} else if (part.code != MULTIADDR_TCP) {
		return 0;
	}
	const size_t n = address.n - r.left.n;
	if (multiaddr_next(&r, &part)) {
		struct peer_id id;
		if (part.code != MULTIADDR_P2P || peer == NULL || peer_id_read(&id, part.value) != OK ||
		    !peer_id_equal(&id, peer))
			return 0;
	}
	return has_port && reader_done(&r) ? n : 0;
}

static void add_group(struct kad_groups *groups, uint32_t group)
{
	if (group != 0 && !kad_groups_have(groups, group))
		groups->of[groups->n++] = group;
}

static void told_groups(const struct kad_contact *c, struct kad_groups *groups)
{
	struct bytes address;
	groups->n = 0;
	for (size_t at = 0; kad_contact_next(c, &at, &address);)
		add_group(groups, kad_group_of(address));
}

/* So nobody keeps others out of many networks by naming them. */
static bool network_has_room(const struct kad_contact *c, uint32_t group)
{
	struct kad_groups groups;
	told_groups(c, &groups);
	return group == 0 || groups.n < KAD_CONTACT_NETWORKS_MAX || kad_groups_have(&groups, group);
}

bool kad_contact_add(struct kad_contact *c, struct bytes address, enum kad_scope least, size_t room_max)
{
	struct bytes known;
	const size_t n = read_dialable(address, &c->id);
	const enum kad_scope scope = kad_scope_of(address);
	if (n == 0 || n > KAD_ADDRESS_BYTES_MAX || scope < least || scope == KAD_SCOPE_NONE)
		return false;
	for (size_t at = 0; kad_contact_next(c, &at, &known);)
		if (bytes_equal(known, bytes_of(address.p, n)))
			return false;
	if (!network_has_room(c, kad_group_of(address)))
		return false;
	const size_t room = room_max < sizeof c->bytes ? room_max : sizeof c->bytes;
	if (c->n > room || 1 + n > room - c->n)
		return false;
	c->bytes[c->n] = (uint8_t)n;
	memcpy(c->bytes + c->n + 1, address.p, n);
	c->n = (uint8_t)(c->n + 1 + n);
	return true;
}

bool kad_contact_next(const struct kad_contact *c, size_t *at, struct bytes *address)
{
	if (*at >= c->n)
		return false;
	*address = bytes_of(c->bytes + *at + 1, c->bytes[*at]);
	*at += 1U + c->bytes[*at];
	return true;
}

enum kad_scope kad_contact_scope(const struct kad_contact *c)
{
	struct bytes address;
	size_t at = 0;
	return kad_contact_next(c, &at, &address) ? kad_scope_of(address) : KAD_SCOPE_NONE;
}

void kad_contact_groups(const struct kad_contact *c, struct kad_groups *groups)
{
	told_groups(c, groups);
	add_group(groups, c->from_group);
}

bool kad_groups_have(const struct kad_groups *groups, uint32_t group)
{
	for (unsigned i = 0; i < groups->n; i++)
		if (groups->of[i] == group)
			return true;
	return false;
}

enum kad_scope kad_scope_of(struct bytes address)
{
	return (enum kad_scope)p2p_scope_of(address);
}

uint32_t kad_group_of(struct bytes address)
{
	struct reader r = reader_of(address);
	struct multiaddr_part host;
	if (!multiaddr_next(&r, &host) || kad_scope_of(address) != KAD_SCOPE_PUBLIC)
		return 0;
	const uint8_t *ip = host.code == MULTIADDR_IP4 ? host.value.p : NULL;
	if (host.code == MULTIADDR_IP6)
		ip = p2p_scope_ipv4_within(host.value.p);
	if (ip != NULL)
		return GROUP_OF_IPV4 << 16 | (uint32_t)ip[0] << 8 | ip[1];
	return host.code == MULTIADDR_IP6 ? load_be32(host.value.p) : 0;
}

struct bytes kad_machine_of(struct bytes address)
{
	struct reader r = reader_of(address);
	struct multiaddr_part host;
	if (!multiaddr_next(&r, &host))
		return BYTES_NONE;
	if (host.code != MULTIADDR_IP6)
		return host.value;
	if (p2p_scope_ipv4_within(host.value.p) != NULL)
		return bytes_of(p2p_scope_ipv4_within(host.value.p), 4);
	return bytes_of(host.value.p, kad_scope_of(address) == KAD_SCOPE_PUBLIC ? 8 : 16);
}

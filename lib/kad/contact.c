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

static enum kad_scope scope_of_ipv4(const uint8_t ip[static 4])
{
	static const struct {
		uint32_t net;
		uint8_t bits, scope;
	} ranges[] = {
		{0x00000000, 8, KAD_SCOPE_NONE},     /* 0.0.0.0 */
		{0x0a000000, 8, KAD_SCOPE_PRIVATE},  /* 10.0.0.0 */
		{0x64400000, 10, KAD_SCOPE_PRIVATE}, /* 100.64.0.0 */
		{0x7f000000, 8, KAD_SCOPE_LOOPBACK}, /* 127.0.0.0 */
		{0xa9fe0000, 16, KAD_SCOPE_LINK},    /* 169.254.0.0 */
		{0xac100000, 12, KAD_SCOPE_PRIVATE}, /* 172.16.0.0 */
		{0xc0000000, 24, KAD_SCOPE_PRIVATE}, /* 192.0.0.0 */
		{0xc0000200, 24, KAD_SCOPE_PRIVATE}, /* 192.0.2.0 */
		{0xc0a80000, 16, KAD_SCOPE_PRIVATE}, /* 192.168.0.0 */
		{0xc6120000, 15, KAD_SCOPE_PRIVATE}, /* 198.18.0.0 */
		{0xc6336400, 24, KAD_SCOPE_PRIVATE}, /* 198.51.100.0 */
		{0xcb007100, 24, KAD_SCOPE_PRIVATE}, /* 203.0.113.0 */
		{0xe0000000, 3, KAD_SCOPE_NONE},     /* 224.0.0.0 and above */
	};
	const uint32_t v = load_be32(ip);
	for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
		if ((v ^ ranges[i].net) >> (32 - ranges[i].bits) == 0)
			return (enum kad_scope)ranges[i].scope;
	return KAD_SCOPE_PUBLIC;
}

/* The IPv4 address within one of IPv6: mapped, or behind a NAT64; NULL: there is none. */
static const uint8_t *ipv4_within(const uint8_t ip[static 16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff}, nat64[12] = {0, 0x64, 0xff, 0x9b};
	return memcmp(ip, mapped, 12) == 0 || memcmp(ip, nat64, 12) == 0 ? ip + 12 : NULL;
}

static enum kad_scope scope_of_ipv6(const uint8_t ip[static 16])
{
	static const uint8_t loopback[16] = {[15] = 1};
	if (ipv4_within(ip) != NULL)
		return scope_of_ipv4(ipv4_within(ip));
	if (memcmp(ip, loopback, 16) == 0)
		return KAD_SCOPE_LOOPBACK;
	if (ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80)
		return KAD_SCOPE_LINK;
	if ((ip[0] & 0xfe) == 0xfc || load_be32(ip) == 0x20010db8)
		return KAD_SCOPE_PRIVATE;
	return (ip[0] & 0xe0) == 0x20 ? KAD_SCOPE_PUBLIC : KAD_SCOPE_NONE;
}

static enum kad_scope scope_of_host(const struct multiaddr_part *host)
{
	if (host->code == MULTIADDR_IP4)
		return scope_of_ipv4(host->value.p);
	if (host->code == MULTIADDR_IP6)
		return scope_of_ipv6(host->value.p);
	return host->code == MULTIADDR_DNS || host->code == MULTIADDR_DNS4 || host->code == MULTIADDR_DNS6
		       ? KAD_SCOPE_PUBLIC
		       : KAD_SCOPE_NONE;
}

/* Reads HOST/tcp/PORT or HOST/udp/PORT/quic-v1, then the id of peer or nothing. Gives the host, and how many
 * bytes there are before an id; 0: it is none of these. */
static size_t read_dialable(struct bytes address, const struct peer_id *peer, struct multiaddr_part *host)
{
	struct reader r = reader_of(address);
	struct multiaddr_part part;
	if (address.n > MULTIADDR_BYTES_MAX || !multiaddr_next(&r, host) || !multiaddr_next(&r, &part))
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

bool kad_contact_add(struct kad_contact *c, struct bytes address, enum kad_scope least, size_t room_max)
{
	struct multiaddr_part host;
	struct bytes known;
	const size_t n = read_dialable(address, &c->id, &host);
	if (n == 0 || n > KAD_ADDRESS_BYTES_MAX || scope_of_host(&host) < least ||
	    scope_of_host(&host) == KAD_SCOPE_NONE)
		return false;
	for (size_t at = 0; kad_contact_next(c, &at, &known);)
		if (bytes_equal(known, bytes_of(address.p, n)))
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

uint32_t kad_contact_group(const struct kad_contact *c)
{
	struct bytes address;
	size_t at = 0;
	return kad_contact_next(c, &at, &address) ? kad_group_of(address) : 0;
}

enum kad_scope kad_scope_of(struct bytes address)
{
	struct reader r = reader_of(address);
	struct multiaddr_part host;
	return multiaddr_next(&r, &host) ? scope_of_host(&host) : KAD_SCOPE_NONE;
}

uint32_t kad_group_of(struct bytes address)
{
	struct reader r = reader_of(address);
	struct multiaddr_part host;
	if (!multiaddr_next(&r, &host) || scope_of_host(&host) != KAD_SCOPE_PUBLIC)
		return 0;
	const uint8_t *ip = host.code == MULTIADDR_IP4 ? host.value.p : NULL;
	if (host.code == MULTIADDR_IP6)
		ip = ipv4_within(host.value.p);
	if (ip != NULL)
		return GROUP_OF_IPV4 << 16 | (uint32_t)ip[0] << 8 | ip[1];
	return host.code == MULTIADDR_IP6 ? load_be32(host.value.p) : 0;
}

#include "p2p/scope.h"

#include <string.h>

#include "p2p/multiaddr.h"

static enum p2p_scope of_ipv4(const uint8_t *ip)
{
	static const struct {
		uint32_t net;
		uint8_t bits, scope;
	} ranges[] = {
		{0x00000000, 8, P2P_SCOPE_NONE},     /* 0.0.0.0 */
		{0x0a000000, 8, P2P_SCOPE_PRIVATE},  /* 10.0.0.0 */
		{0x64400000, 10, P2P_SCOPE_PRIVATE}, /* 100.64.0.0 */
		{0x7f000000, 8, P2P_SCOPE_LOOPBACK}, /* 127.0.0.0 */
		{0xa9fe0000, 16, P2P_SCOPE_LINK},    /* 169.254.0.0 */
		{0xac100000, 12, P2P_SCOPE_PRIVATE}, /* 172.16.0.0 */
		{0xc0000000, 24, P2P_SCOPE_PRIVATE}, /* 192.0.0.0 */
		{0xc0000200, 24, P2P_SCOPE_PRIVATE}, /* 192.0.2.0 */
		{0xc0a80000, 16, P2P_SCOPE_PRIVATE}, /* 192.168.0.0 */
		{0xc6120000, 15, P2P_SCOPE_PRIVATE}, /* 198.18.0.0 */
		{0xc6336400, 24, P2P_SCOPE_PRIVATE}, /* 198.51.100.0 */
		{0xcb007100, 24, P2P_SCOPE_PRIVATE}, /* 203.0.113.0 */
		{0xe0000000, 3, P2P_SCOPE_NONE},     /* 224.0.0.0 and above */
	};
	const uint32_t v = load_be32(ip);
	for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
		if ((v ^ ranges[i].net) >> (32 - ranges[i].bits) == 0)
			return (enum p2p_scope)ranges[i].scope;
	return P2P_SCOPE_PUBLIC;
}

const uint8_t *p2p_scope_ipv4_within(const uint8_t ip[static 16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff}, nat64[12] = {0, 0x64, 0xff, 0x9b};
	return memcmp(ip, mapped, 12) == 0 || memcmp(ip, nat64, 12) == 0 ? ip + 12 : NULL;
}

/* A tunnel: what is sent there leaves this machine, or a router on the way, for an address of IPv4 that whoever wrote
 * this one has chosen. */
static enum p2p_scope of_tunnel(const uint8_t *ip)
{
	uint8_t client[4];
	if (ip[1] == 0x02) /* 6to4: RFC 3056 */
		return of_ipv4(ip + 2);
	for (size_t i = 0; i < sizeof client; i++) /* Teredo: RFC 4380, section 4 */
		client[i] = ip[12 + i] ^ 0xff;
	const enum p2p_scope server = of_ipv4(ip + 4), own = of_ipv4(client);
	return own < server ? own : server;
}

static enum p2p_scope of_ipv6(const uint8_t *ip)
{
	static const uint8_t loopback[16] = {[15] = 1};
	if (p2p_scope_ipv4_within(ip) != NULL)
		return of_ipv4(p2p_scope_ipv4_within(ip));
	if (load_be32(ip) == 0x20010000 || load_be32(ip) >> 16 == 0x2002)
		return of_tunnel(ip);
	if (memcmp(ip, loopback, 16) == 0)
		return P2P_SCOPE_LOOPBACK;
	if (ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80)
		return P2P_SCOPE_LINK;
	if ((ip[0] & 0xfe) == 0xfc || load_be32(ip) == 0x20010db8)
		return P2P_SCOPE_PRIVATE;
	return (ip[0] & 0xe0) == 0x20 ? P2P_SCOPE_PUBLIC : P2P_SCOPE_NONE;
}

enum p2p_scope p2p_scope_of_ip(struct bytes ip)
{
	return ip.n == 4 ? of_ipv4(ip.p) : ip.n == 16 ? of_ipv6(ip.p) : P2P_SCOPE_NONE;
}

enum p2p_scope p2p_scope_of(struct bytes address)
{
	struct reader r = reader_of(address);
	struct multiaddr_part host;
	if (!multiaddr_next(&r, &host))
		return P2P_SCOPE_NONE;
	const bool ip = host.code == MULTIADDR_IP4 || host.code == MULTIADDR_IP6;
	return ip ? p2p_scope_of_ip(host.value) : P2P_SCOPE_NONE;
}

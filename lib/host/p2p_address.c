#include "host/p2p_address.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/err.h"

int p2p_address_read(struct bytes address, enum multiaddr_code kind, struct sockaddr_storage *to, struct bytes *rest)
{
	struct reader r = reader_of(address);
	struct multiaddr_part ip, port;
	if (!multiaddr_next(&r, &ip) || !multiaddr_next(&r, &port) || port.code != kind)
		return ERR_VALUE;
	struct sockaddr_storage a = {0};
	if (ip.code == MULTIADDR_IP4) {
		struct sockaddr_in in = {.sin_family = AF_INET};
		memcpy(&in.sin_addr, ip.value.p, sizeof in.sin_addr);
		memcpy(&in.sin_port, port.value.p, sizeof in.sin_port);
		memcpy(&a, &in, sizeof in);
	} else if (ip.code == MULTIADDR_IP6) {
		struct sockaddr_in6 in = {.sin6_family = AF_INET6};
		memcpy(&in.sin6_addr, ip.value.p, sizeof in.sin6_addr);
		memcpy(&in.sin6_port, port.value.p, sizeof in.sin6_port);
		memcpy(&a, &in, sizeof in);
	} else {
		return ERR_VALUE;
	}
	*to = a;
	*rest = r.left;
	return OK;
}

void p2p_address_of(struct p2p_address *address, const struct sockaddr_storage *from, enum multiaddr_code kind)
{
	struct writer w = writer_of(address->bytes, sizeof address->bytes);
	struct bytes port;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	if (from->ss_family == AF_INET) {
		memcpy(&in, from, sizeof in);
		multiaddr_write_part(&w, MULTIADDR_IP4, bytes_of(&in.sin_addr, sizeof in.sin_addr));
		port = bytes_of(&in.sin_port, sizeof in.sin_port);
	} else {
		memcpy(&in6, from, sizeof in6);
		const uint8_t *ip = in6.sin6_addr.s6_addr;
		if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr))
			multiaddr_write_part(&w, MULTIADDR_IP4, bytes_of(ip + 12, 4));
		else
			multiaddr_write_part(&w, MULTIADDR_IP6, bytes_of(ip, 16));
		port = bytes_of(&in6.sin6_port, sizeof in6.sin6_port);
	}
	multiaddr_write_part(&w, kind, port);
	assert(!w.full);
	address->n = (uint8_t)w.n;
}

struct bytes p2p_address_bytes(const struct p2p_address *address)
{
	return bytes_of(address->bytes, address->n);
}

socklen_t p2p_address_size(const struct sockaddr_storage *a)
{
	return a->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

void p2p_address_add(struct p2p_address *all, size_t *n, const struct p2p_address *one)
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
		p2p_address_add(all, n, &one);
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

void p2p_address_add_reached(struct p2p_address *all, size_t *n, const struct p2p_address *listens)
{
	struct reader r = reader_of(p2p_address_bytes(listens));
	struct multiaddr_part ip;
	if (multiaddr_next(&r, &ip) && is_zero(ip.value))
		expand(all, n, ip.code, r.left);
	else
		p2p_address_add(all, n, listens);
}

int p2p_address_bind(int fd, const struct sockaddr_storage *a, int backlog, struct sockaddr_storage *bound)
{
	const int yes = 1;
	socklen_t n = sizeof *bound;
	*bound = (struct sockaddr_storage){0};
	/* IPv4 has sockets of its own. */
	if ((a->ss_family != AF_INET6 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes) == 0) &&
	    bind(fd, (const struct sockaddr *)a, p2p_address_size(a)) == 0 &&
	    (backlog == 0 || listen(fd, backlog) == 0) && getsockname(fd, (struct sockaddr *)bound, &n) == 0)
		return fd;
	const int kept = errno;
	(void)close(fd);
	errno = kept;
	return -1;
}

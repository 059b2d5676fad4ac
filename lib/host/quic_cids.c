/* Which connection a datagram belongs to: the ids by which others call ours. Some are of their choice, so the
 * hash has a key; and a connection has few. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "host/quic_parts.h"

socklen_t quic_address_n(const struct sockaddr_storage *a)
{
	return a->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

bool quic_same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	if (a->ss_family != b->ss_family)
		return false;
	const struct sockaddr_in *a4 = (const struct sockaddr_in *)a, *b4 = (const struct sockaddr_in *)b;
	const struct sockaddr_in6 *a6 = (const struct sockaddr_in6 *)a, *b6 = (const struct sockaddr_in6 *)b;
	return a->ss_family == AF_INET6 ? a6->sin6_port == b6->sin6_port &&
						  memcmp(&a6->sin6_addr, &b6->sin6_addr, sizeof a6->sin6_addr) == 0
					: a4->sin_port == b4->sin_port && a4->sin_addr.s_addr == b4->sin_addr.s_addr;
}

static size_t bucket_of(const struct quic_endpoint *e, struct bytes cid)
{
	uint64_t h = e->cid_key[0];
	for (size_t i = 0; i < cid.n; i++) {
		h = (h ^ cid.p[i]) * (e->cid_key[1] | 1);
		h ^= h >> 29;
	}
	return h % QUIC_CID_BUCKETS;
}

static bool is(const struct quic_cid *one, struct bytes cid)
{
	return one->cid.datalen == cid.n && memcmp(one->cid.data, cid.p, cid.n) == 0;
}

int quic_cid_add(struct quic_connection *c, const ngtcp2_cid *cid)
{
	struct quic_cid *one = malloc(sizeof *one);
	if (one == NULL)
		return ERR_NO_MEMORY;
	struct quic_cid **bucket = &c->endpoint->cids[bucket_of(c->endpoint, bytes_of(cid->data, cid->datalen))];
	one->cid = *cid;
	one->connection = c;
	one->own_next = c->cids;
	c->cids = one;
	one->bucket_next = *bucket;
	*bucket = one;
	return OK;
}

static void unlink_of_bucket(struct quic_endpoint *e, struct quic_cid *one)
{
	struct quic_cid **at = &e->cids[bucket_of(e, bytes_of(one->cid.data, one->cid.datalen))];
	while (*at != one)
		at = &(*at)->bucket_next;
	*at = one->bucket_next;
}

void quic_cid_remove(struct quic_connection *c, const ngtcp2_cid *cid)
{
	for (struct quic_cid **at = &c->cids; *at != NULL; at = &(*at)->own_next) {
		struct quic_cid *one = *at;
		if (!is(one, bytes_of(cid->data, cid->datalen)))
			continue;
		*at = one->own_next;
		unlink_of_bucket(c->endpoint, one);
		free(one);
		return;
	}
}

void quic_cid_remove_all(struct quic_connection *c)
{
	while (c->cids != NULL) {
		struct quic_cid *one = c->cids;
		c->cids = one->own_next;
		unlink_of_bucket(c->endpoint, one);
		free(one);
	}
}

struct quic_connection *quic_cid_find(const struct quic_endpoint *e, struct bytes cid)
{
	for (const struct quic_cid *one = e->cids[bucket_of(e, cid)]; one != NULL; one = one->bucket_next)
		if (is(one, cid))
			return one->connection;
	return NULL;
}

/* Peers for tests of the DHT: id number n, reachable at an address in text. */
#ifndef UNIT_KAD_PEERS_H
#define UNIT_KAD_PEERS_H

#include "core/err.h"
#include "kad/contact.h"
#include "p2p/multiaddr.h"
#include "test.h"

__attribute__((unused)) static struct peer_id test_peer_id(unsigned n)
{
	struct peer_id id = {.n = 34, .bytes = {0x12, 0x20}};
	sha256_of(bytes_of(&n, sizeof n), id.bytes + 2);
	return id;
}

/* The bytes of an address; valid until the fourth call after this one. */
__attribute__((unused)) static struct bytes test_address(const char *text)
{
	static uint8_t room[4][MULTIADDR_BYTES_MAX];
	static unsigned turn;
	struct writer w = writer_of(room[turn++ % 4], MULTIADDR_BYTES_MAX);
	if (multiaddr_parse(&w, bytes_text(text)) != OK)
		abort();
	return writer_view(&w);
}

__attribute__((unused)) static struct kad_contact test_contact(unsigned n, const char *address)
{
	struct kad_contact c;
	const struct peer_id id = test_peer_id(n);
	kad_contact_init(&c, &id);
	if (address != NULL && !kad_contact_add(&c, test_address(address), KAD_SCOPE_LOOPBACK, KAD_CONTACT_BYTES))
		abort();
	return c;
}

/* The text with n for its "#", if it has one; valid until the next call. */
__attribute__((unused)) static const char *test_numbered(const char *text, unsigned n)
{
	static char room[96];
	const char *at = strchr(text, '#');
	if (at == NULL)
		return text;
	(void)snprintf(room, sizeof room, "%.*s%u%s", (int)(at - text), text, n, at + 1);
	return room;
}

#endif

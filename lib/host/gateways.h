/* HTTP gateways to Swarm (the API of a bee node, or anything that answers /chunks and /bytes), and beside them
 * the native network: chunks by their address from all of them at once. libcurl and bzz_peers.h carry out what
 * fetch/asks.h wants, which says who is asked for what in which way; here are the requests, and the bytes until
 * they are taken.
 *
 * None is trusted: what arrives is given out unchecked, and the caller says which answers were wrong.
 *
 *	gateways_ask(g, id, address) …, or gateways_ask_leaf
 *	n = gateways_take(g, answers, max, timeout_ms)
 *	for each answer that is not what its address says: gateways_wrong(g, &answer) */
#ifndef HOST_GATEWAYS_H
#define HOST_GATEWAYS_H

#include "fetch/asks.h"
#include "host/bzz_peers.h"
#include "host/cli.h"

#define GATEWAYS_MAX ASKS_SOURCES_MAX /* one fewer beside a network */
#define GATEWAY_URL_MAX 3900          /* of a gateway itself */

struct gateways;

struct gateway_answer {
	uint64_t id;
	int err;           /* OK; ERR_NOT_FOUND: all say that they do not have it; ERR_SOURCE: none gives it;
			    * ERR_SOURCE_LIES: all sent wrong ones */
	struct bytes data; /* span || payload, or a whole single-owner chunk; until the next gateways_take */
	unsigned gateway;  /* who gave it */
	bool by_range;
	unsigned buffer; /* its own */
};

struct gateway_count {
	uint64_t bytes, bad_bytes; /* of chunks */
	uint64_t requests;
};

/* urls: "http://HOST:1633" and the like, borrowed; those beyond GATEWAYS_MAX are not asked. peers: the native
 * network, owned then, also on failure; NULL: none.
 * ERR_NO_MEMORY, ERR_LIMIT (printed): a URL longer than GATEWAY_URL_MAX. */
MUST_CHECK int gateways_open(struct cli *cli, const char *const *urls, size_t n, struct bzz_peers *peers,
			     struct gateways **gateways);
/* The plain file of size bytes whose leaves may be asked for by range. */
void gateways_file(struct gateways *g, const uint8_t root[static REFERENCE_BYTES], uint64_t size);
void gateways_close(struct gateways *g); /* NULL: nothing */

/* How many more may be asked for now. */
size_t gateways_room(const struct gateways *g);
void gateways_ask(struct gateways *g, uint64_t id, const uint8_t address[static REFERENCE_BYTES]);
void gateways_ask_leaf(struct gateways *g, uint64_t id, const uint8_t address[static REFERENCE_BYTES],
		       struct asks_leaf leaf);
/* Forgets all asks: nothing of them is answered any more. */
void gateways_forget(struct gateways *g);
/* Answers that are there, waiting for the first at most timeout_ms. ERR_NO_MEMORY; else OK and *n. */
MUST_CHECK int gateways_take(struct gateways *g, struct gateway_answer *answers, size_t max, int timeout_ms, size_t *n);
/* An answer of the last gateways_take was no chunk of its address: the gateway is blamed, and the
 * others are asked. */
void gateways_wrong(struct gateways *g, const struct gateway_answer *answer);
const char *gateways_url(const struct gateways *g, unsigned i);
size_t gateways_n(const struct gateways *g); /* of HTTP */
bool gateways_any(const struct gateways *g); /* of them, or a network */
struct gateway_count gateways_count(const struct gateways *g, unsigned i);
const struct bzz_peers *gateways_peers(const struct gateways *g); /* NULL: none */

#endif

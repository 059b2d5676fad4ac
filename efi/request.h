/* One HTTP request: a URL becomes a name, addresses, a connection and an answer. Driven by
 * request_step after every net_poll; body bytes are views into the network's own buffers.
 *
 * The same of a bridge (efi/bridge.h): its multiaddr in a URL's place, and behind it "/bytes/REFERENCE" for an
 * artifact, "/chunks/ADDRESS", or "/bzz/REFERENCE" for the manifest of a release, as of a gateway. */
#ifndef EFI_REQUEST_H
#define EFI_REQUEST_H

#include "efi/bridge.h"
#include "efi/web.h"
#include "http/exchange.h"
#include "swarm/bridge.h"

#define REQUEST_HEAD_START_MS 250       /* of one address before the next is tried, too: RFC 8305 */
#define REQUEST_CONNECT_MS 5000         /* for one address */
#define REQUEST_SILENCE_MS 10000        /* without a byte of the answer */
#define REQUEST_BRIDGE_SILENCE_MS 40000 /* the same of a bridge, whose node looks for a chunk for 30 s */

enum request_state { REQUEST_UNDER_WAY, REQUEST_DONE, REQUEST_FAILED };
enum request_stage { REQUEST_NAME, REQUEST_CONNECT, REQUEST_ANSWER, REQUEST_OVER };

struct request_try {
	uint32_t c; /* NET_NONE: not tried yet, or given up */
	bool tried;
	uint64_t began_ms;
};

struct request {
	enum request_state state;
	int err;           /* with FAILED */
	const char *where; /* with FAILED: "URL", "name", "name, from every resolver", "connection", "refused",
			      "answer", or a sentence */
	struct web *web;
	struct bytes authority, host, target; /* views of the URL */
	uint16_t port;
	bool has_asked, reused, judged;
	bool refused, dialled; /* by one address at least; one at least */
	int verdict;           /* of the answer's head; OK before it */
	struct asked asked;
	uint64_t left; /* of the body, with asked */
	enum request_stage stage;
	struct resolved addresses;
	struct request_try tries[RESOLVE_ADDRESSES_MAX];
	uint64_t try_ms; /* when the latest was begun */
	uint32_t c;
	size_t address; /* of c */
	uint64_t heard_ms;
	size_t body_at, body_n; /* of what has been received and not taken */
	struct exchange exchange;
	/* Of a bridge: */
	bool bridged;
	struct bridge_stream stream;
	size_t line_sent;
	struct bridge_line line; /* the question, and when it is said the answer's head */
};

/* url (url_ok) must outlive r. asked: bytes of something whose size is known; NULL: a document. */
void request_begin(struct request *r, struct web *w, struct bytes url, const struct asked *asked, uint64_t now_ms);
void request_step(struct request *r, uint64_t now_ms);
/* Body bytes at hand, only when the head was what was asked for: a view, valid until the next call
 * with this web or its net. To be called until it is empty, with request_took in between; then the
 * state tells. */
struct bytes request_body(struct request *r);
void request_took(struct request *r, size_t n);
/* To be called once, whatever the state: the connection is kept for the next request if it can be. */
void request_end(struct request *r, uint64_t now_ms);

/* Whether it is a bridge's address that stands there, and not a URL. */
static inline bool request_by_bridge(struct bytes url)
{
	return url.n > 0 && url.p[0] == '/';
}

/* request.c's, of a request to a bridge; request_bridge.c. */
void request_bridge_begin(struct request *r, struct bytes url, uint64_t now_ms);
void request_bridge_step(struct request *r, uint64_t now_ms);
struct bytes request_bridge_body(struct request *r);
void request_bridge_took(struct request *r, size_t n);

#endif

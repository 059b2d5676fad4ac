/* What requests share: names, connections that wait for another request, and which addresses were
 * silent lately. */
#ifndef EFI_WEB_H
#define EFI_WEB_H

#include "efi/resolve.h"

#define WEB_KEPT_MAX 16   /* connections that wait for another request */
#define WEB_KEPT_MS 20000 /* servers close idle ones after a while */
#define WEB_BAD_MAX 16    /* addresses that did not answer */
#define WEB_BAD_MS 60000  /* for how long they are tried last */

struct bridges;

struct web_kept {
	bool used;
	uint32_t c;
	struct net_address to;
	uint16_t port;
	uint64_t since_ms;
};

struct web_bad {
	struct net_address address;
	uint64_t until_ms; /* 0: free */
};

struct web {
	struct net *net;
	struct resolver resolver;
	struct web_kept kept[WEB_KEPT_MAX];
	struct web_bad bad[WEB_BAD_MAX];
	size_t bad_next;
	struct bridges *bridges; /* efi/bridge.h; NULL: none is asked */
};

void web_init(struct web *w, struct platform *p, struct net *net);
/* Ends the connections that are kept. Requests must have ended. */
void web_close(struct web *w);

/* A new connection, as net_connect; those that are only kept make room. */
uint32_t web_dial(struct web *w, const struct net_address *to, uint16_t port);
/* A kept connection that is open still; NET_NONE: none. It is the caller's then. */
uint32_t web_take(struct web *w, const struct net_address *to, uint16_t port, uint64_t now_ms);
/* Keeps an idle connection, or ends it. */
void web_keep(struct web *w, uint32_t c, const struct net_address *to, uint16_t port, uint64_t now_ms);
/* An address did not answer: for WEB_BAD_MS it is tried last. */
void web_note_bad(struct web *w, const struct net_address *a, uint64_t now_ms);
bool web_is_bad(const struct web *w, const struct net_address *a, uint64_t now_ms);

#endif

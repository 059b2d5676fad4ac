/* Chunks from the nodes of Swarm themselves, by the protocols that bee speaks: a light client that pays nobody.
 * lib/swarm/peers.h chooses whom to know and whom to ask, lib/swarm/session.h is each connection; here is what
 * carries that out over efi/net.h, with memory of the machine's. Who we are is made anew for each attempt: nothing
 * is kept, and nothing secret hangs on it.
 *
 * What is given out was found right for its address. A wrong clock does no harm: the date of our record is that of
 * this program, which nodes take however old it is, and records of others are judged as if it were late.
 *
 *	native_open; native_join: until there is a node to ask
 *	native_ask ...; net_poll and native_step over and over: answers come from within native_step */
#ifndef EFI_NATIVE_H
#define EFI_NATIVE_H

#include "efi/report.h"
#include "efi/web.h"
#include "swarm/reference.h"

#define NATIVE_CONNECTIONS_MAX 24 /* of NET_CONNECTIONS_MAX: the others are for HTTP */
#define NATIVE_JOIN_MS 30000      /* until a node is there: some let ten seconds pass before they answer */

struct native;

struct native_with {
	struct report *report;
	struct net *net;
	struct web *web;                  /* whose names are used */
	const struct boot_config *config; /* peers, bootnodes, network_id */
	enum keccak_kind kind;
};

/* A chunk of either kind, right for its address, until it returns; or why there is none: ERR_NOT_FOUND: all that
 * were asked say so; ERR_SOURCE: there is nobody to ask. It may ask for more. */
typedef void native_answer(void *context, uint64_t id, int err, struct bytes chunk);

/* Reads who is configured, and says which of that is no address. OK with *native NULL: nobody is. ERR_NO_MEMORY. All
 * of with must outlive it. */
MUST_CHECK int native_open(struct native **native, const struct native_with *with);
/* Waits until there is a node that may be asked. ERR_TIMEOUT: there is none, which was told, and is remembered: no
 * later call waits again; ERR_INTERRUPTED. Blocks. */
MUST_CHECK int native_join(struct native *n);
/* Who gets the answers from now on; NULL: nobody, and what was asked for is forgotten. */
void native_listen(struct native *n, native_answer *answer, void *context);
/* ERR_LIMIT: too many at a time. */
MUST_CHECK int native_ask(struct native *n, uint64_t id, const uint8_t address[static REFERENCE_BYTES]);
void native_forget(struct native *n, uint64_t id);
/* After net_poll. */
void native_step(struct native *n, uint64_t now_ms);
/* Says how much came from whom. */
void native_tell(const struct native *n);
/* NULL: nothing. */
void native_close(struct native *n);

#endif

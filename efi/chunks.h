/* Chunks of Swarm by their address, from everybody who answers for one: gateways and providers by HTTP, and nodes of
 * Swarm themselves (efi/native.h). lib/fetch/asks.h chooses; this carries it out.
 *
 *	chunks_open; chunks_add_place for each
 *	chunks_ask while there is room
 *	chunks_step until all is there: the user's judge sees each chunk that comes
 *	chunks_failed: nobody gives it */
#ifndef EFI_CHUNKS_H
#define EFI_CHUNKS_H

#include "efi/native.h"
#include "efi/request.h"
#include "fetch/asks.h"
#include "http/url.h"

#define CHUNKS_ASKED_MAX 12  /* at a time by HTTP: the network has few connections */
#define CHUNKS_NATIVE_MAX 64 /* and of nodes, who have theirs already: among more there are more that are cheap */

struct chunks;

/* What a source sent for a chunk, which is there until it returns. OK: right; ERR_HASH: it is not, others are asked;
 * any other error ends it all. */
typedef int chunks_judge(void *context, uint64_t id, struct bytes chunk);

struct chunks_with {
	struct report *report;
	struct net *net;
	struct web *web;
	struct native *native; /* that has been joined; NULL: none */
	chunks_judge *judge;
	void *context;
};

/* ERR_NO_MEMORY. All of with must outlive it. */
MUST_CHECK int chunks_open(struct chunks **chunks, const struct chunks_with *with);
/* Whose URL and "/chunks/ADDRESS" it is; more than fit are left out. url: a view. */
void chunks_add_place(struct chunks *c, struct bytes url);
/* Whether there is anybody to ask. */
bool chunks_any(const struct chunks *c);
/* How many more may be asked for now. */
size_t chunks_room(const struct chunks *c);
/* There must be room; id: the caller's name for it. */
void chunks_ask(struct chunks *c, uint64_t id, const uint8_t address[static REFERENCE_BYTES]);
/* What can be done now; polls the network. An error: what the judge said. */
MUST_CHECK int chunks_step(struct chunks *c);
/* The next that nobody gives; err as asks_failed has it. False: none. */
bool chunks_failed(struct chunks *c, uint64_t *id, int *err);
/* Says who sent wrong chunks; of: what it was about. */
void chunks_tell_liars(const struct chunks *c, struct bytes of);
/* NULL: nothing. */
void chunks_close(struct chunks *c);

#endif

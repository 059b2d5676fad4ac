/* The nodes of Swarm as one source of chunks: carries out what swarm/peers.h wants by links (swarm_link.h), from the
 * nodes that are named to those that they tell of. Chunks are checked before they are given out, and who sent wrong
 * ones is blamed there.
 *
 * It has a loop of its own, which somebody else's turns: bzz_peers_run does what can be done now; after it there is
 * nothing to do until bzz_peers_fd is readable, or bzz_peers_wait_ms are over. */
#ifndef HOST_BZZ_PEERS_H
#define HOST_BZZ_PEERS_H

#include "host/cli.h"
#include "swarm/reference.h"

#define BZZ_PEERS_NAMED_MAX 64

struct bzz_peers_options {
	const struct cli_texts *peers, *bootnodes; /* multiaddrs, borrowed */
	uint64_t network_id;
};

struct bzz_peers;

/* What became of the chunk that was asked for as id. OK: data is it, until this returns, in which id must not be
 * forgotten, nor anything asked; ERR_NOT_FOUND: no node has it; ERR_SOURCE: there is no node to ask. */
typedef void bzz_peers_answered(void *context, uint64_t id, int err, struct bytes data);

/* Ends the program with a usage error when one of the addresses is none that can be dialed. */
void bzz_peers_check(struct cli *cli, const struct bzz_peers_options *options);
/* Messages are printed. ERR_NO_MEMORY, ERR_IO, ERR_KEY. */
MUST_CHECK int bzz_peers_open(struct cli *cli, const struct bzz_peers_options *options, struct bzz_peers **peers);
void bzz_peers_close(struct bzz_peers *p); /* NULL: nothing */
/* Whom answers go to. */
void bzz_peers_answer(struct bzz_peers *p, bzz_peers_answered *answered, void *context);

/* How many chunks may well be asked for at a time, by the nodes that there are; never 0. */
unsigned bzz_peers_room(const struct bzz_peers *p);
/* id: the caller's, one for each. */
void bzz_peers_ask(struct bzz_peers *p, uint64_t id, const uint8_t address[static REFERENCE_BYTES]);
void bzz_peers_forget(struct bzz_peers *p, uint64_t id);

void bzz_peers_run(struct bzz_peers *p);
int bzz_peers_fd(const struct bzz_peers *p);
uint64_t bzz_peers_wait_ms(struct bzz_peers *p); /* UINT64_MAX: for ever */

/* One that was named, or (text NULL) all others together. */
struct bzz_peers_count {
	const char *text;
	unsigned nodes_n;       /* that we had a connection with */
	uint64_t bytes, chunks; /* right ones, also those that came too late */
	uint64_t bad_bytes;     /* wrong ones */
};

size_t bzz_peers_counts_n(const struct bzz_peers *p);
struct bzz_peers_count bzz_peers_count(const struct bzz_peers *p, size_t i);
/* How many nodes there are that may be asked for chunks now. */
unsigned bzz_peers_useful(const struct bzz_peers *p);
/* Says what became of those that were named, and of the others: to be called when something was not to be had. */
void bzz_peers_explain(const struct bzz_peers *p);

#endif

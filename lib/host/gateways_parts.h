/* What the files of the gateways share with each other, and nobody else. */
#ifndef HOST_GATEWAYS_PARTS_H
#define HOST_GATEWAYS_PARTS_H

#include "host/bzz_peers.h"
#include "host/gateways.h"
#include "host/transfer_handle.h"
#include "http/answer.h"
#include "swarm/chunk.h"

#define GATEWAYS_READY 512 /* answers that wait to be taken: what curl gives at once for some ranges */
#define GATEWAYS_BUFFERS (GATEWAYS_READY + ASKS_REQUESTS_MAX)
#define GATEWAYS_BUFFERS_MAX (GATEWAYS_BUFFERS + ASKS_WIDE_MAX) /* with the native network */

/* A chunk that is being received, or waits to be taken. */
struct gateway_buffer {
	struct asks_part part; /* part.ask is ASKS_NONE once it was found wrong */
	size_t n;
	uint8_t chunk[CHUNK_STORED_BYTES_MAX]; /* span || payload; or a whole single-owner chunk */
};

/* A request under way, with the number that it has in the machine. */
struct gateway_transfer {
	struct gateways *gateways;
	CURL *easy; /* owned; kept for the next */
	bool active, by_range, paused, judged;
	unsigned request, source;
	struct asked asked;
	struct answer answer;
	int err;
	struct gateway_buffer *buffer; /* being filled; NULL: none */
};

/* A chunk that the native network is asked for; its number in the machine is ASKS_REQUESTS_MAX more. */
struct gateway_native {
	uint64_t id;                   /* under which it is asked for; 0: it is not */
	struct gateway_buffer *buffer; /* that waits for it */
};

struct gateway {
	const char *url;
	bool told_dropped, told_by_range, told_failing;
};

struct gateways {
	struct cli *cli;
	CURLM *multi;
	struct gateway v[ASKS_SOURCES_MAX];
	size_t urls_n;
	uint8_t file[REFERENCE_BYTES]; /* whose leaves may be asked for by range */
	uint64_t file_size;
	struct asks asks;
	struct gateway_transfer transfers[ASKS_REQUESTS_MAX];
	struct bzz_peers *peers; /* NULL: no native network; owned */
	unsigned network;        /* its number in the machine */
	struct gateway_native natives[ASKS_WIDE_MAX];
	uint64_t natives_asked_n, natives_ended_n;
	struct gateway_buffer *buffers; /* owned */
	size_t buffers_n;
	struct gateway_buffer *free[GATEWAYS_BUFFERS_MAX];
	size_t free_n;
	struct gateway_buffer *ready[GATEWAYS_BUFFERS_MAX]; /* a ring */
	uint64_t ready_in, ready_out, ready_taken;          /* out: given back; taken: given to the caller */
};

/* gateways.c: a failure that the user may want to know of, once for each gateway. */
void gateways_tell_failing(struct gateways *g, unsigned source, const char *why);

/* A buffer that has become an answer: now it waits to be taken. */
static inline void gateways_ready(struct gateways *g, struct gateway_buffer *b)
{
	g->ready[g->ready_in++ % GATEWAYS_BUFFERS_MAX] = b;
}

/* gateways_native.c: the native network as a source. */
void gateway_native_add(struct gateways *g);
/* How many may be under way now. */
void gateway_native_allow(struct gateways *g);
void gateway_native_begin(struct gateways *g, const struct asks_want *want);
void gateway_native_stop(struct gateways *g, unsigned request);
void gateway_natives_forget(struct gateways *g);
/* Does what can be done now. Gives how many requests have ended. */
size_t gateway_natives_run(struct gateways *g);

/* gateways_transfer.c: begins what an ASK wants. ERR_NO_MEMORY. */
MUST_CHECK int gateway_transfer_begin(struct gateways *g, const struct asks_want *want);
/* Stops one without a word to the machine. */
void gateway_transfer_stop(struct gateways *g, struct gateway_transfer *t);
/* Lets one go on that had no buffer for what arrived. */
void gateway_transfer_resume(struct gateways *g, struct gateway_transfer *t);
/* Takes in what curl has finished. Gives how many. */
size_t gateway_transfers_reap(struct gateways *g);

#endif

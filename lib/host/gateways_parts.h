/* What the files of the gateways share with each other, and nobody else. */
#ifndef HOST_GATEWAYS_PARTS_H
#define HOST_GATEWAYS_PARTS_H

#include "host/gateways.h"
#include "host/transfer_handle.h"
#include "http/answer.h"
#include "swarm/chunk.h"

#define GATEWAYS_TRANSFERS 64
#define GATEWAYS_READY 256   /* answers that wait to be taken; a quarter of what curl gives at once fits */
#define GATEWAYS_RUN_MAX 256 /* leaves of one range: 1 MiB */
#define GATEWAYS_NONE UINT32_MAX

/* A chunk that is wanted. */
struct ask {
	uint64_t id;
	uint8_t address[REFERENCE_BYTES];
	bool active, queued, answered, is_leaf;
	bool alone; /* not by range: one ended before it */
	struct gateway_leaf leaf;
	uint32_t tried, absent; /* gateways, a bit each: that failed, or are being asked; that do not have it */
	unsigned under_way;     /* transfers that will bring it */
	unsigned rounds;        /* times that all gateways were tried */
	uint32_t next;          /* in the queue, or in the list of those that nobody gives */
};

struct ask_list {
	uint32_t head, tail;
};

/* A request under way: one chunk, or a run of leaves. */
struct gateway_transfer {
	struct gateways *gateways;
	CURL *easy; /* owned; kept for the next */
	bool active, by_range, paused, judged;
	bool hedged; /* somebody else is asked too */
	unsigned gateway;
	uint64_t offset, length; /* of the range */
	uint64_t heard_ms;
	uint64_t begun_ms; /* the chunk that is being received */
	struct answer answer;
	int err;
	uint32_t asks[GATEWAYS_RUN_MAX];
	size_t asks_n, asks_done;
	size_t got;
	uint8_t chunk[CHUNK_STORED_BYTES_MAX];
};

struct gateway_ready {
	uint32_t ask;
	unsigned gateway;
	bool by_range;
	size_t n;
	uint8_t chunk[CHUNK_STORED_BYTES_MAX];
};

struct gateway {
	const char *url;
	bool dropped, no_ranges;
	unsigned under_way, failures, wrong_n;
	uint64_t retry_at_ms;
	struct gateway_count count;
};

struct gateways {
	struct cli *cli;
	CURLM *multi;
	struct gateway v[GATEWAYS_MAX];
	size_t n;
	bool has_file;
	char file[2 * REFERENCE_BYTES + 1];
	uint64_t file_size;
	struct ask asks[GATEWAYS_ASKS_MAX];
	size_t asks_n;
	uint32_t free_asks[GATEWAYS_ASKS_MAX];
	struct ask_list queue, failed;
	size_t queued_n;
	struct gateway_transfer transfers[GATEWAYS_TRANSFERS];
	struct gateway_ready *ready;               /* owned: a ring */
	uint64_t ready_in, ready_out, ready_taken; /* out: released; taken: given to the caller */
	size_t reserved; /* of the ring, one for each chunk under way that is no leaf of a range */
};

/* gateways.c */
/* Nobody wants it any more; it can be used again as soon as nothing is under way for it. */
void gateways_release(struct gateways *g, uint32_t ask);
/* A transfer that was to bring it ended without it. */
void gateways_missed(struct gateways *g, uint32_t ask, unsigned gateway, int err);
void gateways_fault(struct gateways *g, unsigned gateway, int err);

/* Whether n more answers fit into the ring, beside those for which there is a place already. */
static inline bool gateways_fit(const struct gateways *g, size_t n)
{
	return g->ready_in + n + g->reserved - g->ready_out <= GATEWAYS_READY;
}

/* gateways_transfer.c: begins one for n asks. ERR_NO_MEMORY. */
MUST_CHECK int gateway_transfer_begin(struct gateways *g, struct gateway_transfer *t, unsigned gateway,
				      const uint32_t *asks, size_t n);
/* Ends it; what it did not bring is asked for elsewhere. */
void gateway_transfer_end(struct gateway_transfer *t, int err);
void gateway_transfers_reap(struct gateways *g);

#endif

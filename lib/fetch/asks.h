/* Chunks of Swarm by their address: which to ask whom for next, what has arrived, whom to blame.
 *
 * A pure machine beside fetch.h. That one cuts a file of signed size into pieces; this one deals with
 * chunks that the caller names one by one, in the order in which it wants them. A driver (curl on the host,
 * lwIP in firmware, a test on virtual time) carries out its wants and tells it what came of them. The bytes
 * themselves do not go through it.
 *
 * A source may be a network of many nodes, which has its own machine to choose among them (swarm/peers.h): that one is
 * wide, it is asked by address for as many chunks at once as its driver allows.
 *
 * Another source is asked in one or both of two ways: for a chunk by its address, and for the leaves of a plain
 * file that follow each other by a range of that file, some hundred chunks a request. A chunk is asked of
 * one source after the other until one has it; one that is silent for long gets company. What arrives is
 * not believed: the caller checks it against its address and says what was wrong.
 *
 *	asks_add(a, id, address, leaf) …
 *	asks_next(a, now, &want) until it says WAIT: carry out
 *	bytes of a request: asks_arrived; its body is over: asks_whole; it is over: asks_ended
 *	an answer was checked: asks_right or asks_wrong
 *	while (asks_failed(a, &id, &err)): nobody gives it */
#ifndef FETCH_ASKS_H
#define FETCH_ASKS_H

#include "swarm/reference.h"

#define ASKS_SOURCES_MAX 32
#define ASKS_MAX 2048        /* chunks that wait or are under way */
#define ASKS_REQUESTS_MAX 64 /* under way, of sources that are not wide: the numbers below this */
#define ASKS_WIDE_MAX 512    /* and of those that are: the numbers behind them */
#define ASKS_SLOTS_MAX (ASKS_REQUESTS_MAX + ASKS_WIDE_MAX)
#define ASKS_RUN_MAX 256     /* leaves of one range: 1 MiB */
#define ASKS_NONE UINT32_MAX /* no ask */
#define ASKS_HEDGE_MS 2000   /* silence after which another one is asked for the same chunk */
#define ASKS_SLOW_MS 5000    /* the same for one that is not silent: a chunk, a leaf; a range when others idle */
#define ASKS_STALL_MS 5000   /* silence after which a range is asked of others */
#define ASKS_SILENCE_MS \
	40000               /* after which a chunk is: a node that looks for it in its network says nothing for 30 s */
#define ASKS_CHUNK_MS 60000 /* for a chunk that drips */
#define ASKS_BACKOFF_MS 250 /* after the first failure, doubled by each further one */
#define ASKS_BACKOFF_DOUBLINGS 6
#define ASKS_WRONG_MAX 3 /* chunks until a source is dropped */

/* Where a chunk is in the plain file whose leaf it is. */
struct asks_leaf {
	uint64_t offset;
	uint32_t size; /* 1..CHUNK_PAYLOAD_MAX; 0: no leaf, or of no known file */
};

struct asks_source {
	bool by_address, by_range; /* ways in which it may be asked; a way that proved useless is gone */
	bool wide;
	unsigned most;                /* of a wide one: requests at a time */
	bool dropped;                 /* it sent wrong chunks */
	unsigned under_way, ranges_n; /* requests; and those of them that are for ranges */
	unsigned failures, wrong_n;
	unsigned helped_n; /* ranges in a row that others had to end */
	int last;          /* of its latest failure; OK: none */
	uint64_t retry_at_ms;
	uint64_t bytes, bad_bytes, requests_n; /* bytes: of chunks, with their spans */
};

/* A chunk that is wanted. */
struct ask {
	uint64_t id;
	uint8_t address[REFERENCE_BYTES];
	bool active, queued, answered;
	bool alone; /* not by range: one ended before it */
	bool late;  /* who is asked for it takes long: others may be asked meanwhile */
	struct asks_leaf leaf;
	uint32_t tried, absent; /* sources, a bit each: that failed, or are being asked; that do not have it */
	uint32_t unable, lied;  /* that said once that they cannot give it; that sent wrong bytes for it */
	uint32_t spent;         /* wide ones that did all they could */
	unsigned under_way;     /* requests that will bring it */
	unsigned rounds;        /* times that all sources were tried */
	uint32_t next;          /* in the queue, or in the list of those that nobody gives */
};

struct asks_list {
	uint32_t head, tail;
};

struct asks_request {
	bool active, by_range, paused;
	bool hedged;  /* somebody else is asked too */
	bool skipped; /* of the chunk that is being received not all bytes were the driver's to keep */
	unsigned source;
	uint64_t asked_ms, heard_ms;
	uint64_t begun_ms; /* of the chunk that is being received */
	uint32_t ask;      /* the first; those of a range are in its run */
	size_t asks_n, asks_done;
	size_t got; /* of the one that is being received */
};

struct asks {
	struct asks_source sources[ASKS_SOURCES_MAX];
	size_t sources_n;
	struct ask asks[ASKS_MAX];
	size_t asks_n;
	uint32_t free[ASKS_MAX];
	struct asks_list queue, failed;
	size_t queued_n;
	size_t slots_n; /* requests that there may be: ASKS_REQUESTS_MAX, or all */
	struct asks_request requests[ASKS_SLOTS_MAX];
	uint32_t runs[ASKS_REQUESTS_MAX][ASKS_RUN_MAX];
};

enum asks_want_kind {
	ASKS_WANT_ASK,     /* begin a request */
	ASKS_WANT_ABANDON, /* stop it: it is over, and its number may come again with the next ASK */
	ASKS_WANT_WAIT,    /* nothing to do until something is reported, or until at_ms (UINT64_MAX: for ever) */
};

struct asks_want {
	enum asks_want_kind kind;
	unsigned request, source;
	bool by_range;          /* length bytes of the file from offset; else the chunk at address */
	const uint8_t *address; /* REFERENCE_BYTES; until the next call */
	uint64_t offset, length;
	uint64_t at_ms;
};

/* Bytes of a chunk, or the end of them. */
struct asks_part {
	uint32_t ask;
	/* Where they belong: in its payload when by_range, else in the body, which is all of the chunk as it is stored.
	 * Of the end that asks_whole tells: how many bytes the body had. */
	size_t at;
	bool wanted;   /* to be kept; else others have brought it */
	bool complete; /* it is an answer now, to be checked: asks_right or asks_wrong */
	bool by_range;
	unsigned source;
};

void asks_init(struct asks *a);
/* Gives the source's number; ASKS_SOURCES_MAX: there are too many. */
unsigned asks_source_add(struct asks *a, bool by_address, bool by_range);
/* A wide one, by address. What it says of a chunk is its last word: that nobody there has it (ERR_NOT_FOUND), or that
 * it could not be had (any other error). It is not left for its silence, and gets company like any other. Nothing may
 * be under way yet. */
unsigned asks_source_add_wide(struct asks *a);
/* So many requests may be under way to a wide one from now on; to begin with, none. */
void asks_allow(struct asks *a, unsigned source, unsigned requests);
/* How many more may be added now. */
size_t asks_room(const struct asks *a);
/* There must be room. id: the caller's name for it. */
void asks_add(struct asks *a, uint64_t id, const uint8_t address[static REFERENCE_BYTES], struct asks_leaf leaf);
uint64_t asks_id(const struct asks *a, uint32_t ask);
/* Forgets all asks, and all requests, which the driver stops by itself. What is known of sources stays. */
void asks_forget(struct asks *a);

/* The next thing to do. To be called until it says WAIT. */
void asks_next(struct asks *a, uint64_t now_ms, struct asks_want *want);
/* n bytes of a request's body arrived in order, n > 0. Gives how many of them belong together, as part says;
 * to be called again with the rest. 0: it is more than was asked for; stop it, and say ERR_LIMIT. */
size_t asks_arrived(struct asks *a, unsigned request, size_t n, uint64_t now_ms, struct asks_part *part);
/* The body of a request for one chunk by its address has ended well: the end of that chunk. For ranges, which
 * say it by asks_arrived, false. */
bool asks_whole(struct asks *a, unsigned request, uint64_t now_ms, struct asks_part *part);
/* The driver takes nothing more of it for now: that is not its source's silence. */
void asks_pause(struct asks *a, unsigned request);
void asks_resume(struct asks *a, unsigned request, uint64_t now_ms);
/* The request is over. err: OK; ERR_NOT_FOUND; ERR_SOURCE: it answers that it cannot give the chunk, which is no
 * fault (a bee node that finds it nowhere says so): the second time it counts as not having it; ERR_PROTOCOL or
 * ERR_SIZE: not the range asked for; any other is a fault. */
void asks_ended(struct asks *a, unsigned request, int err, uint64_t now_ms);

/* An answer was the chunk of its address: the ask is over. */
void asks_right(struct asks *a, uint32_t ask);
/* It was not. n: its bytes. The source is blamed, and others are asked. */
void asks_wrong(struct asks *a, const struct asks_part *part, size_t n);
/* The next chunk that nobody gives; it is forgotten. ERR_NOT_FOUND: all sources say that they do not have it,
 * but for those that sent wrong bytes; ERR_SOURCE_LIES: all sent wrong bytes; ERR_SOURCE: some fail. False: none
 * now. */
bool asks_failed(struct asks *a, uint64_t *id, int *err);

#endif

/* The fetch scheduler: whom to ask for which bytes next, what has arrived, whom to blame.
 *
 * A pure machine. A driver (curl on the host, lwIP in firmware, the simulator) carries out its
 * wants and tells it what came of them; time comes in as now_ms. One artifact at a time; what is
 * known of the sources stays from one to the next.
 *
 * An artifact is cut into pieces. A request asks one source for a run of pieces; they are handed
 * out from the front, so that a hash in order can follow, in runs as long as the source is fast.
 * Towards the end a slow source's remaining pieces are given to a faster one. A piece counts when
 * the driver has checked it against the tree; without a tree it is stored on trust, and what the
 * whole's hash says decides about all of it: who supplied every piece is remembered, and wrong
 * wholes are fetched again from one source at a time, each at most once.
 *
 * A silent request is abandoned. One that drips is not, as long as it is the best there is: a slow
 * link may be all that a machine has. Its source is dropped as soon as another one does better or
 * is idle, and asked again when no better one is left. Only when nobody sends anything to speak of
 * for a minute, dripping is taken for silence. */
#ifndef FETCH_FETCH_H
#define FETCH_FETCH_H

#include "core/err.h"

#define FETCH_SOURCES_MAX 32
#define FETCH_PER_SOURCE 2 /* requests under way: the next is asked before one ends */
#define FETCH_REQUESTS_MAX (FETCH_SOURCES_MAX * FETCH_PER_SOURCE)
#define FETCH_PIECES_MAX 8192             /* the piece size grows with the artifact */
#define FETCH_PIECE_BYTES_MIN (1U << 20)  /* a multiple of the tree's 4 KiB block */
#define FETCH_RUN_BYTES_MAX (16ULL << 20) /* one request */
#define FETCH_RUN_MS 500                  /* a request should last about this long */
#define FETCH_STALL_MS 5000               /* no byte for so long: abandoned */
#define FETCH_PROGRESS_BYTES 16384        /* less in FETCH_STALL_MS: late, others do it if they can */
#define FETCH_STRIKES_MAX 3               /* failures in a row until a source is dropped */
#define FETCH_BACKOFF_MS 500              /* after the first failure, doubled by each further one */
#define FETCH_NO_SOURCE 255

enum fetch_piece { FETCH_MISSING, FETCH_ASKED, FETCH_STORED, FETCH_GOOD };

/* Why a source is no longer asked; FETCH_FINE while it is. */
enum fetch_fault {
	FETCH_FINE,
	FETCH_ABSENT,     /* it does not have the artifact (404): asked again for the next one */
	FETCH_OTHER_SIZE, /* it has something else under that name: also asked again for the next one */
	FETCH_WRONG,      /* it sent wrong bytes */
	FETCH_FAILING,    /* too many failures in a row */
	FETCH_SLOW,       /* others were faster by far: asked only when none of them is left */
};

struct fetch_source {
	enum fetch_fault fault;
	enum err last; /* of its latest failure */
	bool no_ranges;
	bool late;        /* one of its requests is */
	unsigned asked_n; /* requests under way */
	unsigned strikes, rescued;
	uint64_t retry_at_ms;
	uint64_t rate; /* bytes per second, smoothed; 0: not known yet */
	uint64_t bytes, bad_bytes;
};

struct fetch_request {
	bool active, whole;   /* whole: a plain GET from byte 0 */
	bool abandoned, told; /* to be stopped; and the driver knows */
	uint8_t source;
	uint32_t first, end; /* pieces; end shrinks when others take over */
	uint32_t reported;   /* the next piece that fetch_completed looks at */
	uint64_t got;        /* bytes received, counted from the start of first */
	uint64_t began_ms, heard_ms;
	uint64_t progress_got, progress_ms; /* when and where FETCH_PROGRESS_BYTES more were there */
	bool prompt;                        /* they came within FETCH_STALL_MS */
};

struct fetch {
	struct fetch_source sources[FETCH_SOURCES_MAX];
	size_t sources_n;
	struct fetch_request requests[FETCH_REQUESTS_MAX];
	uint64_t size;
	uint64_t piece_bytes;
	uint32_t pieces_n, done_n; /* done: GOOD, or STORED when there is no tree */
	bool has_tree;
	uint64_t progress_bytes, progress_ms; /* as in a request, of all together */
	uint8_t solo;                         /* the only source to ask while wrong wholes are fetched again */
	bool tried_solo[FETCH_SOURCES_MAX];
	uint8_t state[FETCH_PIECES_MAX]; /* enum fetch_piece */
	uint8_t from[FETCH_PIECES_MAX];  /* who supplied it; FETCH_NO_SOURCE: found on disk */
	uint8_t owner[FETCH_PIECES_MAX]; /* the one request whose bytes are stored while ASKED */
};

enum fetch_want_kind {
	FETCH_WANT_ASK,     /* ask source for length bytes from offset; whole: without a range */
	FETCH_WANT_ABANDON, /* stop the request; then report fetch_ended(…, OK) */
	FETCH_WANT_WAIT,    /* nothing to do until something is reported, or until at_ms */
	FETCH_WANT_HASH,    /* all pieces are there: check the whole's hash, report fetch_hashed */
	FETCH_WANT_FAIL,    /* no source is left */
};

struct fetch_want {
	enum fetch_want_kind kind;
	unsigned request;
	unsigned source;
	uint64_t offset, length;
	bool whole;
	uint64_t at_ms;
};

void fetch_init(struct fetch *f);
/* Gives the source's number, or FETCH_NO_SOURCE when there are too many. */
unsigned fetch_source_add(struct fetch *f);
/* Starts an artifact of the signed size, > 0. Sources that lacked the last one are asked again. */
void fetch_begin(struct fetch *f, uint64_t size);
/* Then, for a source that is another place with each artifact: what is known of the last one says
 * nothing. there: whether this artifact has such a place. */
void fetch_source_moved(struct fetch *f, unsigned source, bool there);
/* Then, before a piece is found or asked for, when the artifact has a tree: a piece counts only when
 * fetch_checked says so. */
void fetch_use_tree(struct fetch *f);
/* Bytes of piece i. */
uint64_t fetch_piece_bytes(const struct fetch *f, uint32_t piece);
/* Whether a piece is there and counts, so that a hash in order can go on with it. */
bool fetch_piece_counts(const struct fetch *f, uint32_t piece);
/* A piece that was on disk already: to be checked first when there is a tree. */
void fetch_found(struct fetch *f, uint32_t piece);

/* The next thing to do. To be called until it says WAIT, HASH or FAIL. */
void fetch_next(struct fetch *f, uint64_t now_ms, struct fetch_want *want);

/* Bytes arrived in order for a request. Gives how many of them to deal with now: to be stored at
 * *offset when *store is set, to be skipped when not (others have stored that piece). To be called
 * again with the rest, after fetch_completed; 0: the request needs no more, stop it. */
size_t fetch_arrived(struct fetch *f, unsigned request, size_t n, uint64_t now_ms, uint64_t *offset, bool *store);
/* After storing what fetch_arrived said: a piece that this request completed, which with a tree
 * now waits for fetch_checked. False: none. */
bool fetch_completed(struct fetch *f, unsigned request, uint32_t *piece);
/* The driver's check of a stored piece. */
void fetch_checked(struct fetch *f, uint32_t piece, bool good);
/* The request is over. err: OK (all bytes, or abandoned), ERR_NOT_FOUND, ERR_SIZE (another size
 * than signed), ERR_PROTOCOL (it ignores ranges; for a whole a failure like all others),
 * ERR_SOURCE (it refuses), ERR_TIMEOUT, ERR_CLOSED, ERR_IO. */
void fetch_ended(struct fetch *f, unsigned request, int err, uint64_t now_ms);
/* The hash of the whole. True: done. False: go on with fetch_next. */
bool fetch_hashed(struct fetch *f, bool good);

/* After FAIL and a pause: sources that failed or were slow are asked again, with a clean slate; what
 * has arrived stays. Those that sent wrong bytes stay dropped. All are asked at once again, also when
 * wrong wholes had been fetched of one at a time: each has its turn again if it must. */
void fetch_revive(struct fetch *f);

/* Why, after FAIL: ERR_SOURCE: some failed or were slow, and may be asked again; ERR_HASH: those that had it gave
 * wrong bytes, or it has another size there; ERR_NOT_FOUND: nobody has it. */
int fetch_verdict(const struct fetch *f);
/* What is wrong with a source, in words that follow its name. */
const char *fetch_fault_text(const struct fetch_source *s);

/* Bytes that count so far. */
uint64_t fetch_done_bytes(const struct fetch *f);

#endif

/* The thread that checks what a download stores: every piece against the Swarm tree when there is
 * one, and the SHA-256 of the whole, in order, while the rest still arrives. */
#ifndef HOST_CHECKER_H
#define HOST_CHECKER_H

#include <pthread.h>

#include "crypto/sha256.h"
#include "fetch/fetch.h"
#include "swarm/tree.h"

struct checker_tree {
	struct tree shape;
	struct bytes file; /* FILE.bmt, checked; a file mapping */
	uint8_t reference[REFERENCE_BYTES];
};

enum checker_piece { CHECKER_ABSENT, CHECKER_WAITING, CHECKER_CHECKED, CHECKER_BAD };

struct checker {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int fd; /* borrowed: the file being filled */
	uint64_t size, piece_bytes;
	uint32_t pieces_n;
	const struct checker_tree *tree; /* NULL: pieces are taken as they come */
	enum keccak_kind kind;
	void (*wake)(void *context); /* called by the thread when a result is there */
	void *context;
	uint8_t state[FETCH_PIECES_MAX]; /* enum checker_piece */
	uint32_t waiting_n;
	uint32_t results[FETCH_PIECES_MAX]; /* pieces to report, a ring */
	uint64_t results_in, results_out;
	uint32_t hashed;    /* pieces in the hash so far */
	uint64_t checked_n; /* pieces checked so far; the thread's own */
	struct sha256 sha256;
	int err; /* reading back failed */
	bool stop, restart;
	uint8_t *buffer; /* owned: one piece's step */
	struct bmt_scratch scratch;
};

/* Starts the thread. pieces as the fetch machine cuts them. The caller owns c, fd, tree. */
MUST_CHECK int checker_start(struct checker *c, int fd, const struct fetch *f, const struct checker_tree *tree,
			     void (*wake)(void *context), void *context);
/* A piece is stored and waits to be checked and hashed. */
void checker_add(struct checker *c, uint32_t piece);
/* The next result of a check against the tree; false: none now. A bad piece may be added again. */
bool checker_result(struct checker *c, uint32_t *piece, bool *good);
/* Forgets all pieces and the hash: the download starts over. */
void checker_restart(struct checker *c);
/* True when the whole is hashed (or *err: it could not be read back). */
bool checker_hash(struct checker *c, uint8_t sha256[static SHA256_BYTES], int *err);
void checker_stop(struct checker *c);

#endif

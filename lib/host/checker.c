#include "host/checker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TREE_REST_PIECES 32 /* checked; then the mapped pages of the tree are given back */
#define STEP_BYTES 262144   /* read back at once: stays in the cache for both hashes */

static void lock(struct checker *c)
{
	(void)pthread_mutex_lock(&c->lock); /* of a mutex that is ours: cannot fail */
}

static void unlock(struct checker *c)
{
	(void)pthread_mutex_unlock(&c->lock);
}

static uint64_t piece_size(const struct checker *c, uint32_t piece)
{
	uint64_t left = c->size - piece * c->piece_bytes;
	return left < c->piece_bytes ? left : c->piece_bytes;
}

static int read_step(struct checker *c, uint64_t offset, size_t n)
{
	size_t got = 0;
	while (got < n) {
		ssize_t r = pread(c->fd, c->buffer + got, n - got, (off_t)(offset + got));
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return ERR_IO;
		got += (size_t)r;
	}
	return OK;
}

/* Reads a piece back once; checks it when check, adds it to the hash when hash. */
static int go_through(struct checker *c, uint32_t piece, bool check, bool hash, struct sha256 *sha256)
{
	uint64_t offset = piece * c->piece_bytes, left = piece_size(c, piece), bad;
	while (left > 0) {
		size_t n = left < STEP_BYTES ? (size_t)left : STEP_BYTES;
		int err = read_step(c, offset, n);
		if (err == OK && check)
			err = tree_blocks_check(&c->tree->shape, c->tree->file, c->tree->reference,
						offset / TREE_BLOCK_BYTES, bytes_of(c->buffer, n), c->kind, &c->scratch,
						&bad);
		if (err != OK)
			return err;
		if (hash)
			sha256_add(sha256, bytes_of(c->buffer, n));
		offset += n;
		left -= n;
	}
	return OK;
}

/* However large the artifact, little of its tree stays in memory: it is a mapping of a file. */
static void rest_tree(struct checker *c)
{
	if (++c->checked_n % TREE_REST_PIECES == 0 && c->tree->file.n > 0)
		(void)madvise((void *)(uintptr_t)c->tree->file.p, c->tree->file.n, MADV_DONTNEED); /* advice */
}

/* The next piece to work on: the one the hash waits for, else any that waits. Lock held. */
static bool next_piece(const struct checker *c, uint32_t *piece)
{
	if (c->err != OK)
		return false;
	if (c->hashed < c->pieces_n &&
	    (c->state[c->hashed] == CHECKER_WAITING || c->state[c->hashed] == CHECKER_CHECKED)) {
		*piece = c->hashed;
		return true;
	}
	for (uint32_t i = c->hashed; c->waiting_n > 0 && i < c->pieces_n; i++) {
		if (c->state[i] == CHECKER_WAITING && c->tree != NULL) {
			*piece = i;
			return true;
		}
	}
	return false;
}

/* Works on one piece without the lock, and notes what came of it with it. */
static void work(struct checker *c, uint32_t piece)
{
	bool check = c->tree != NULL && c->state[piece] == CHECKER_WAITING, hash = piece == c->hashed;
	struct sha256 sha256 = c->sha256; /* kept apart: a bad piece must not be in it */
	unlock(c);
	int err = go_through(c, piece, check, hash, &sha256);
	if (check)
		rest_tree(c);
	lock(c);
	if (c->restart) {
		c->restart = false; /* what was read is of no use any more */
		return;
	}
	if (err == ERR_IO)
		c->err = err;
	if (c->state[piece] == CHECKER_WAITING) {
		c->state[piece] = err == OK ? CHECKER_CHECKED : CHECKER_BAD;
		c->waiting_n--;
	}
	if (check)
		c->results[c->results_in++ % FETCH_PIECES_MAX] = piece;
	if (err == OK && hash) {
		c->sha256 = sha256;
		c->hashed++;
	}
	if (check || c->err != OK || c->hashed == c->pieces_n)
		c->wake(c->context);
}

static void *run(void *context)
{
	struct checker *c = context;
	uint32_t piece;
	lock(c);
	while (!c->stop) {
		c->restart = false;
		if (next_piece(c, &piece))
			work(c, piece);
		else
			(void)pthread_cond_wait(&c->changed, &c->lock);
	}
	unlock(c);
	return NULL;
}

int checker_start(struct checker *c, int fd, const struct fetch *f, const struct checker_tree *tree,
		  void (*wake)(void *context), void *context)
{
	memset(c, 0, sizeof *c);
	c->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	c->changed = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	c->fd = fd;
	c->size = f->size;
	c->piece_bytes = f->piece_bytes;
	c->pieces_n = f->pieces_n;
	c->tree = tree;
	c->kind = keccak_widest();
	c->wake = wake;
	c->context = context;
	sha256_init(&c->sha256);
	c->buffer = malloc(STEP_BYTES);
	if (c->buffer != NULL && pthread_create(&c->thread, NULL, run, c) == 0)
		return OK;
	free(c->buffer);
	return ERR_NO_MEMORY;
}

void checker_add(struct checker *c, uint32_t piece)
{
	lock(c);
	c->state[piece] = CHECKER_WAITING;
	c->waiting_n++;
	(void)pthread_cond_signal(&c->changed);
	unlock(c);
}

bool checker_result(struct checker *c, uint32_t *piece, bool *good)
{
	lock(c);
	bool any = c->results_out < c->results_in;
	if (any) {
		*piece = c->results[c->results_out++ % FETCH_PIECES_MAX];
		*good = c->state[*piece] == CHECKER_CHECKED;
	}
	unlock(c);
	return any;
}

void checker_restart(struct checker *c)
{
	lock(c);
	memset(c->state, CHECKER_ABSENT, sizeof c->state);
	c->waiting_n = c->hashed = 0;
	c->results_out = c->results_in;
	c->restart = true;
	sha256_init(&c->sha256);
	unlock(c);
}

bool checker_hash(struct checker *c, uint8_t sha256[static SHA256_BYTES], int *err)
{
	lock(c);
	bool done = c->err != OK || c->hashed == c->pieces_n;
	*err = c->err;
	struct sha256 h = c->sha256;
	unlock(c);
	if (done && *err == OK)
		sha256_end(&h, sha256);
	return done;
}

void checker_stop(struct checker *c)
{
	lock(c);
	c->stop = true;
	(void)pthread_cond_signal(&c->changed);
	unlock(c);
	(void)pthread_join(c->thread, NULL); /* a thread of ours: cannot fail */
	free(c->buffer);
}

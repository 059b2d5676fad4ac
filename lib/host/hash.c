#include "host/hash.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/file.h"
#include "host/secret_free.h"
#include "swarm/split.h"
#include "swarm/tree.h"

#define PIECE_BYTES 262144 /* stays in the second-level cache between reader and hasher */
#define RING_PIECES 16     /* how far the reader may run ahead */
#define WORKERS_MAX 2

/* Pieces go from one reader to every worker; a piece is free again when all have hashed it. */
struct ring {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	uint8_t *pieces; /* RING_PIECES * PIECE_BYTES */
	size_t length[RING_PIECES];
	uint64_t filled;            /* pieces read so far */
	uint64_t done[WORKERS_MAX]; /* pieces hashed by each worker */
	unsigned workers;
	bool ended; /* nothing follows after filled */
};

struct hashing {
	struct ring ring;
	struct sha256 sha256;
	struct split *split; /* on the heap: 80 KB */
	struct tree tree;
	int tree_fd;
	int err;          /* of the worker that splits */
	int system_errno; /* what went with it: errno is each thread's own */
};

static int keep_chunks(struct hashing *h)
{
	struct split_chunk chunk;
	uint8_t bytes[TREE_CHUNK_BYTES];
	while (split_chunk(h->split, &chunk)) {
		if (h->tree_fd < 0)
			continue;
		if (chunk.level > h->tree.levels || chunk.index >= h->tree.chunks[chunk.level])
			return ERR_CHANGED; /* it grew */
		struct tree_place place = tree_chunk(&h->tree, chunk.level, chunk.index);
		if (place.n != CHUNK_SPAN_BYTES + chunk.payload.n)
			return ERR_CHANGED;
		memcpy(bytes, chunk.span, CHUNK_SPAN_BYTES);
		memcpy(bytes + CHUNK_SPAN_BYTES, chunk.payload.p, chunk.payload.n);
		int err = file_write_at(h->tree_fd, bytes_of(bytes, place.n), place.offset);
		if (err != OK)
			return err;
	}
	return OK;
}

static int split_piece(struct hashing *h, struct bytes piece)
{
	while (piece.n > 0) {
		size_t used;
		int err = split_take(h->split, piece, &used);
		if (err == OK)
			err = keep_chunks(h);
		if (err != OK)
			return err;
		piece = bytes_skip(piece, used);
	}
	return OK;
}

/* Waits for the piece after those this worker has done; false at the end. */
static bool next_piece(struct ring *r, unsigned worker, struct bytes *piece)
{
	(void)pthread_mutex_lock(&r->lock); /* of a mutex that is ours: cannot fail */
	while (r->done[worker] == r->filled && !r->ended)
		(void)pthread_cond_wait(&r->moved, &r->lock);
	bool more = r->done[worker] < r->filled;
	size_t slot = r->done[worker] % RING_PIECES;
	*piece = bytes_of(r->pieces + slot * PIECE_BYTES, r->length[slot]);
	(void)pthread_mutex_unlock(&r->lock);
	return more;
}

static void piece_done(struct ring *r, unsigned worker)
{
	(void)pthread_mutex_lock(&r->lock);
	r->done[worker]++;
	(void)pthread_cond_broadcast(&r->moved);
	(void)pthread_mutex_unlock(&r->lock);
}

static void *sha256_worker(void *context)
{
	struct hashing *h = context;
	struct bytes piece;
	for (; next_piece(&h->ring, 0, &piece); piece_done(&h->ring, 0))
		sha256_add(&h->sha256, piece);
	return NULL;
}

static void *split_worker(void *context)
{
	struct hashing *h = context;
	struct bytes piece;
	for (; next_piece(&h->ring, 1, &piece); piece_done(&h->ring, 1))
		if (h->err == OK && (h->err = split_piece(h, piece)) != OK)
			h->system_errno = errno;
	return NULL;
}

/* Waits for a free piece to read into. */
static uint8_t *free_piece(struct ring *r)
{
	(void)pthread_mutex_lock(&r->lock);
	for (unsigned i = 0; i < r->workers; i++)
		while (r->filled - r->done[i] == RING_PIECES)
			(void)pthread_cond_wait(&r->moved, &r->lock);
	uint8_t *piece = r->pieces + r->filled % RING_PIECES * PIECE_BYTES;
	(void)pthread_mutex_unlock(&r->lock);
	return piece;
}

static void give_piece(struct ring *r, size_t n)
{
	(void)pthread_mutex_lock(&r->lock);
	if (n == 0) {
		r->ended = true;
	} else {
		r->length[r->filled % RING_PIECES] = n;
		r->filled++;
	}
	(void)pthread_cond_broadcast(&r->moved);
	(void)pthread_mutex_unlock(&r->lock);
}

/* Fills a piece as far as the input goes: pipes give little at a time. */
static ssize_t read_piece(int fd, uint8_t *p)
{
	size_t n = 0;
	while (n < PIECE_BYTES) {
		ssize_t got = read(fd, p + n, PIECE_BYTES - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	return (ssize_t)n;
}

static void report(const struct hash_wanted *wanted, uint64_t done, uint64_t total)
{
	if (wanted->progress != NULL)
		wanted->progress(wanted->context, done, total);
}

/* Somebody who writes as fast as we read must not keep us for ever; total 0: not known. */
static bool grew(uint64_t size, uint64_t total)
{
	return total > 0 && size > total;
}

static int read_alone(int fd, struct hashing *h, const struct hash_wanted *wanted, uint64_t total, uint64_t *size)
{
	for (;;) {
		ssize_t n = read_piece(fd, h->ring.pieces);
		if (n <= 0)
			return n < 0 ? ERR_IO : OK;
		*size += (uint64_t)n;
		if (grew(*size, total))
			return ERR_CHANGED;
		struct bytes piece = bytes_of(h->ring.pieces, (size_t)n);
		if (wanted->sha256)
			sha256_add(&h->sha256, piece);
		int err = wanted->reference ? split_piece(h, piece) : OK;
		if (err != OK)
			return err;
		report(wanted, *size, total);
	}
}

static int read_for_workers(int fd, struct hashing *h, const struct hash_wanted *wanted, uint64_t total, uint64_t *size)
{
	pthread_t threads[WORKERS_MAX] = {0};
	void *(*const workers[WORKERS_MAX])(void *) = {sha256_worker, split_worker};
	ssize_t n = 0;
	while (h->ring.workers < WORKERS_MAX &&
	       pthread_create(&threads[h->ring.workers], NULL, workers[h->ring.workers], h) == 0)
		h->ring.workers++;
	int err = h->ring.workers == WORKERS_MAX ? OK : ERR_NO_MEMORY;
	while (err == OK && (n = read_piece(fd, free_piece(&h->ring))) > 0) {
		*size += (uint64_t)n;
		err = grew(*size, total) ? ERR_CHANGED : OK;
		give_piece(&h->ring, (size_t)n);
		report(wanted, *size, total);
	}
	int kept = errno;
	give_piece(&h->ring, 0);
	for (unsigned i = 0; i < h->ring.workers; i++)
		(void)pthread_join(threads[i], NULL); /* a thread of ours: cannot fail */
	errno = kept;
	if (err == OK && n < 0)
		err = ERR_IO;
	if (err != OK || h->err == OK)
		return err;
	errno = h->system_errno;
	return h->err;
}

/* From where fd stands to its end: a shell may have read the first lines of our stdin. */
static uint64_t bytes_ahead(int fd, off_t size)
{
	off_t at = lseek(fd, 0, SEEK_CUR);
	if (at < 0)
		at = 0;
	return at < size ? (uint64_t)(size - at) : 0;
}

static int hash_open_file(int fd, struct hashing *h, const struct hash_wanted *wanted, struct hash_result *result)
{
	struct stat before, after;
	if (fstat(fd, &before) != 0)
		return ERR_IO;
	bool regular = S_ISREG(before.st_mode);
	uint64_t total = regular ? bytes_ahead(fd, before.st_size) : 0, size = 0;
	if (h->tree_fd >= 0 && !regular) {
		errno = ESPIPE;
		return ERR_IO;
	}
	int err = tree_shape(&h->tree, total, wanted->redundancy);
	if (err != OK)
		return err;
	bool both = wanted->sha256 && wanted->reference && (!regular || total > PIECE_BYTES);
	err = both ? read_for_workers(fd, h, wanted, total, &size) : read_alone(fd, h, wanted, total, &size);
	if (err == OK && wanted->reference) {
		split_end(h->split);
		err = keep_chunks(h);
	}
	if (err != OK)
		return err;
	if (fstat(fd, &after) != 0)
		return ERR_IO;
	if (regular && (!file_same(&before, &after) || size < total))
		return ERR_CHANGED;
	result->size = size;
	if (wanted->sha256)
		sha256_end(&h->sha256, result->sha256);
	if (wanted->reference)
		split_reference(h->split, &result->reference);
	return OK;
}

int hash_file(int fd, const struct hash_wanted *wanted, struct hash_result *result)
{
	struct hashing h = {.tree_fd = wanted->tree_fd,
			    .ring = {.lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER}};
	struct split_how how = {.kind = keccak_widest(), .erasure = erasure_fastest(), .level = wanted->redundancy};
	const size_t memory_n = split_memory_bytes(how.level, wanted->keys != NULL);
	void *memory = memory_n == 0 ? NULL : malloc(memory_n);
	h.split = malloc(sizeof *h.split);
	h.ring.pieces = malloc((size_t)RING_PIECES * PIECE_BYTES);
	int err = ERR_NO_MEMORY;
	if (h.split != NULL && h.ring.pieces != NULL && (memory != NULL || memory_n == 0)) {
		if (wanted->keys != NULL)
			how.keys = chunk_keys_split(wanted->keys);
		sha256_init(&h.sha256);
		split_init(h.split, &how, memory);
		err = hash_open_file(fd, &h, wanted, result);
		if (err == OK && wanted->keys != NULL)
			err = wanted->keys->err;
	}
	int kept = errno;
	free(h.ring.pieces);
	secret_free(memory, wanted->keys == NULL ? 0 : memory_n); /* keys are in them */
	secret_free(h.split, wanted->keys == NULL ? 0 : sizeof *h.split);
	errno = kept;
	return err;
}

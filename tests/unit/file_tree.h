/* Trees of files for tests, made in the way of bee's streaming splitter and not of ours: of any level,
 * plain or encrypted, into a store of chunks by address. */
#ifndef UNIT_FILE_TREE_H
#define UNIT_FILE_TREE_H

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/keccak.h"
#include "swarm/cipher.h"
#include "swarm/erasure.h"
#include "swarm/redundancy.h"
#include "swarm/reference.h"

#define STORE_MAX 4096U
#define STORE_PLACES (4 * STORE_MAX)
#define TREE_LEVELS_MAX 12

struct stored {
	uint8_t address[REFERENCE_BYTES];
	uint8_t bytes[CHUNK_BYTES_MAX];
	size_t n;
	unsigned asked; /* how often, counted by whoever asks */
	bool parity, missing;
};

struct store {
	struct stored *chunks; /* STORE_MAX */
	size_t n;
	uint32_t places[STORE_PLACES]; /* number of a chunk, and one; 0: none */
};

/* References on their way up. */
struct file_tree_level {
	struct reference references[REDUNDANCY_REFERENCES_MAX];
	uint64_t span;
	unsigned n;
};

struct file_tree {
	struct store *store;
	struct erasure *erasure;
	unsigned level;
	bool encrypted;
	uint64_t keys_n;
	struct file_tree_level levels[TREE_LEVELS_MAX];
	struct bmt_scratch scratch;
};

static inline void store_clear(struct store *s)
{
	if (s->chunks == NULL)
		s->chunks = malloc(STORE_MAX * sizeof *s->chunks);
	assert(s->chunks != NULL);
	s->n = 0;
	memset(s->places, 0, sizeof s->places);
}

static inline uint32_t *store_place(struct store *s, const uint8_t *address)
{
	uint32_t at = load_be32(address) % STORE_PLACES;
	while (s->places[at] != 0 && memcmp(s->chunks[s->places[at] - 1].address, address, REFERENCE_BYTES) != 0)
		at = (at + 1) % STORE_PLACES;
	return &s->places[at];
}

static inline struct stored *store_find(struct store *s, const uint8_t *address)
{
	const uint32_t place = *store_place(s, address);
	return place == 0 ? NULL : &s->chunks[place - 1];
}

/* One that is there. */
static inline struct stored *store_get(struct store *s, const uint8_t *address)
{
	struct stored *c = store_find(s, address);
	if (c == NULL)
		abort();
	return c;
}

static inline struct stored *store_put_at(struct store *s, const uint8_t *address, struct bytes chunk)
{
	uint32_t *place = store_place(s, address);
	if (*place != 0)
		return &s->chunks[*place - 1];
	assert(s->n < STORE_MAX && chunk.n <= CHUNK_BYTES_MAX);
	struct stored *c = &s->chunks[s->n++];
	memcpy(c->address, address, REFERENCE_BYTES);
	memcpy(c->bytes, chunk.p, chunk.n);
	c->n = chunk.n;
	c->asked = 0;
	c->parity = c->missing = false;
	*place = (uint32_t)s->n;
	return c;
}

/* Puts a chunk under its content's address. */
static inline struct stored *store_put(struct store *s, struct bytes chunk, struct bmt_scratch *scratch)
{
	uint8_t address[REFERENCE_BYTES];
	bmt_address(keccak_widest(), load_le64(chunk.p), bytes_skip(chunk, CHUNK_SPAN_BYTES), address, scratch);
	return store_put_at(s, address, chunk);
}

/* Stores a chunk, encrypted where the file is, and gives its reference. */
static inline struct reference file_tree_chunk(struct file_tree *t, uint64_t span, unsigned level, struct bytes payload)
{
	uint8_t chunk[CHUNK_BYTES_MAX] = {0}, clear[CHUNK_SPAN_BYTES], seed[11] = "key";
	size_t n = CHUNK_SPAN_BYTES + payload.n;
	struct reference r = {.encrypted = t->encrypted};
	redundancy_span_write(span, level, clear);
	if (t->encrypted) {
		store_le64(seed + 3, t->keys_n++);
		keccak256_of(bytes_of(seed, sizeof seed), r.key);
		cipher_seal(r.key, keccak_widest(), clear, payload.p, payload.n, chunk);
		n = sizeof chunk;
	} else {
		memcpy(chunk, clear, sizeof clear);
		if (payload.n > 0)
			memcpy(chunk + sizeof clear, payload.p, payload.n);
	}
	memcpy(r.address, store_put(t->store, bytes_of(chunk, n), &t->scratch)->address, REFERENCE_BYTES);
	return r;
}

static inline void file_tree_init(struct file_tree *t, struct store *store, struct erasure *erasure, unsigned level,
				  bool encrypted)
{
	memset(t, 0, sizeof *t);
	t->store = store;
	t->erasure = erasure;
	t->level = level;
	t->encrypted = encrypted;
}

/* An intermediate chunk of references, and its parities. */
static inline struct reference file_tree_wrap(struct file_tree *t, const struct reference *references, unsigned n,
					      uint64_t span)
{
	static uint8_t shards[ERASURE_SHARDS_MAX][ERASURE_SHARD_BYTES];
	uint8_t payload[CHUNK_PAYLOAD_MAX], bytes[REFERENCE_ENCRYPTED_BYTES];
	const uint8_t *data[ERASURE_SHARDS_MAX];
	uint8_t *parity[ERASURE_SHARDS_MAX];
	struct writer w = writer_of(payload, sizeof payload);
	const unsigned parities = redundancy_parities(t->level, t->encrypted, n);
	for (unsigned i = 0; i < n; i++) {
		const struct stored *c = store_get(t->store, references[i].address);
		memset(shards[i], 0, sizeof shards[i]);
		memcpy(shards[i], c->bytes, c->n);
		data[i] = shards[i];
		write_bytes(&w, bytes_of(bytes, reference_write(&references[i], bytes)));
	}
	for (unsigned i = 0; i < parities; i++)
		parity[i] = shards[n + i];
	if (parities > 0) {
		const int err = erasure_encode(t->erasure, n, parities, data, parity);
		assert(err == OK);
		(void)err;
	}
	for (unsigned i = 0; i < parities; i++) {
		struct stored *c = store_put(t->store, bytes_of(parity[i], ERASURE_SHARD_BYTES), &t->scratch);
		c->parity = true;
		write_bytes(&w, bytes_of(c->address, REFERENCE_BYTES));
	}
	assert(!w.full);
	return file_tree_chunk(t, span, t->level, writer_view(&w));
}

static inline void file_tree_push(struct file_tree *t, unsigned at, const struct reference *r, uint64_t span)
{
	struct file_tree_level *l = &t->levels[at];
	l->references[l->n++] = *r;
	l->span += span;
	if (l->n < redundancy_children_max(t->level, t->encrypted))
		return;
	const struct reference up = file_tree_wrap(t, l->references, l->n, l->span);
	const uint64_t all = l->span;
	l->n = 0;
	l->span = 0;
	file_tree_push(t, at + 1, &up, all);
}

/* What is left is wrapped, or carried up when it is one. */
static inline struct reference file_tree_end(struct file_tree *t)
{
	for (unsigned at = 1;; at++) {
		struct file_tree_level *l = &t->levels[at];
		bool above = false;
		for (unsigned i = at + 1; i < TREE_LEVELS_MAX; i++)
			above = above || t->levels[i].n > 0;
		if (l->n == 0)
			continue;
		if (l->n == 1 && !above)
			return l->references[0];
		const struct reference up =
			l->n == 1 ? l->references[0] : file_tree_wrap(t, l->references, l->n, l->span);
		l->n = 0;
		file_tree_push(t, at + 1, &up, l->span);
	}
}

/* The tree of a file's bytes. */
static inline struct reference file_tree_of(struct file_tree *t, struct bytes file)
{
	do {
		const size_t n = file.n < CHUNK_PAYLOAD_MAX ? file.n : CHUNK_PAYLOAD_MAX;
		const struct reference r = file_tree_chunk(t, n, 0, bytes_of(file.p, n));
		file_tree_push(t, 1, &r, n);
		file = bytes_skip(file, n);
	} while (file.n > 0);
	return file_tree_end(t);
}

/* The tree of a file whose every leaf is the same but the last, which is as much of it as is left: a
 * few chunks for any size. */
static inline struct reference file_tree_uniform(struct file_tree *t, uint64_t size, const uint8_t *leaf)
{
	struct reference children[REDUNDANCY_REFERENCES_MAX];
	const unsigned most = redundancy_children_max(t->level, t->encrypted);
	uint64_t full = CHUNK_PAYLOAD_MAX, rest = size;
	unsigned n = 0;
	t->keys_n = 0; /* the same key for the same chunk, so that it is the same */
	if (size <= CHUNK_PAYLOAD_MAX)
		return file_tree_chunk(t, size, 0, bytes_of(leaf, (size_t)size));
	while (full * most < size)
		full *= most;
	for (; rest > full; rest -= full) {
		if (n == 0)
			children[0] = file_tree_uniform(t, full, leaf);
		else
			children[n] = children[0];
		n++;
	}
	children[n++] = rest == full ? children[0] : file_tree_uniform(t, rest, leaf);
	t->keys_n = 0;
	return file_tree_wrap(t, children, n, size);
}

#endif

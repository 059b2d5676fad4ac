/* A driver for the join machine: answers from a store in an order of the test's choice, with lies and
 * with chunks that nobody has; and a count of what was asked for. */
#ifndef UNIT_JOIN_DRIVE_H
#define UNIT_JOIN_DRIVE_H

#include "file_tree.h"
#include "swarm/join.h"
#include "test.h"

#define FILE_MAX (512U * 4096)
#define SLOTS_MAX 1024U
#define GROUPS_MAX 3U
#define ASKED_MAX 2048U

static struct store store;
static struct erasure erasure;
static struct file_tree tree;
static struct join join;
static struct join_slot slots[SLOTS_MAX];
static struct join_group groups[GROUPS_MAX];
static uint8_t content[FILE_MAX];
static bool seen[FILE_MAX / 4096 + 1];
static uint64_t chance;
static const struct stored *unreadable; /* of what is missing: the one that somebody has, and cannot read */

static inline unsigned random_below(unsigned n)
{
	chance = chance * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(chance >> 33) % n;
}

/* How a source behaves: answers on their way are at most so many, and arrive so many at once. */
struct source {
	unsigned under_way, at_once;
	bool shuffled; /* any of what is under way arrives next, not the first */
	bool uniform;  /* all leaves have content's first bytes */
	unsigned liar; /* one in so many answers is wrong; 0: none */
};

struct tally {
	size_t asks, lies, failures;
	int err;
	struct why why;
	bool stuck, wrong;
	uint64_t bytes;
};

struct asked {
	uint64_t id;
	uint8_t address[REFERENCE_BYTES];
	uint8_t *room;
};

/* Half of the answers come by the way that saves a copy. */
static struct bytes in_its_room(const struct asked *a, struct bytes data)
{
	if (a->room == NULL || data.n > CHUNK_BYTES_MAX || !join_wanted(&join, a->id) || random_below(2) == 0)
		return data;
	memcpy(a->room, data.p, data.n);
	return bytes_of(a->room, data.n);
}

__attribute__((unused)) static const struct source plainly = {.under_way = 16, .at_once = 1};

static inline struct join_memory memory_of(uint32_t slots_n, uint32_t groups_n, enum join_order order)
{
	return (struct join_memory){.slots = slots,
				    .slots_n = slots_n,
				    .groups = groups,
				    .groups_n = groups_n,
				    .erasure = &erasure,
				    .replicas_level = 0,
				    .kind = keccak_widest(),
				    .order = order};
}

static inline void make(size_t size, unsigned level, bool encrypted, struct reference *root)
{
	store_clear(&store);
	file_tree_init(&tree, &store, &erasure, level, encrypted);
	*root = file_tree_of(&tree, bytes_of(content, size));
}

/* Whether what came out is what the file has there. */
static bool right(const struct source *src, const struct join_data *d)
{
	if (src->uniform)
		return d->offset % 4096 + d->bytes.n <= 4096 &&
		       memcmp(d->bytes.p, content + d->offset % 4096, d->bytes.n) == 0;
	return d->offset <= FILE_MAX && d->bytes.n <= FILE_MAX - d->offset &&
	       memcmp(d->bytes.p, content + d->offset, d->bytes.n) == 0;
}

static void take_data(const struct source *src, uint64_t *next, struct tally *t)
{
	struct join_data d;
	while (join_data(&join, &d)) {
		t->bytes += d.bytes.n;
		t->wrong = t->wrong || !right(src, &d) || d.bytes.n == 0;
		if (join.memory.order == JOIN_IN_ORDER) {
			t->wrong = t->wrong || d.offset != *next;
			*next = d.offset + d.bytes.n;
		} else if (!src->uniform) {
			t->wrong = t->wrong || seen[d.offset / 4096];
			seen[d.offset / 4096] = true;
		}
	}
}

/* Up to at_once answers; what nobody has fails. */
static int answer(const struct source *src, struct asked *asked, size_t *asked_n, struct tally *t)
{
	static uint8_t lies[8][CHUNK_BYTES_MAX];
	struct join_arrival arrivals[8];
	struct asked given[8];
	size_t n = 0;
	while (n<src->at_once && * asked_n> 0) {
		const size_t pick = src->shuffled ? random_below((unsigned)*asked_n) : 0;
		const struct asked a = asked[pick];
		memmove(asked + pick, asked + pick + 1, (--*asked_n - pick) * sizeof *asked);
		struct stored *c = store_find(&store, a.address);
		if (c == NULL || c->missing) {
			t->failures++;
			const int err = join_failed(&join, a.id, c == unreadable ? ERR_IO : ERR_NOT_FOUND, &t->why);
			if (err != OK)
				return err;
			continue;
		}
		struct bytes data = bytes_of(c->bytes, c->n);
		if (src->liar > 0 && random_below(src->liar) == 0) {
			memcpy(lies[n], c->bytes, c->n);
			lies[n][random_below((unsigned)c->n)] ^= (uint8_t)(1U << random_below(8));
			data.p = lies[n];
			t->lies++;
		}
		given[n] = a;
		arrivals[n++] = (struct join_arrival){.id = a.id, .data = data};
	}
	for (size_t i = 0; i < n; i++)
		arrivals[i].data = in_its_room(&given[i], arrivals[i].data);
	const int err = join_chunks(&join, arrivals, n, &t->why);
	for (size_t i = 0; i < n && err == OK; i++)
		t->wrong = t->wrong || (arrivals[i].err != OK && src->liar == 0);
	return err;
}

/* Reads a range to its end. */
static inline struct tally read_range(const struct source *src, uint64_t offset, uint64_t length)
{
	static struct asked asked[ASKED_MAX];
	size_t asked_n = 0;
	uint64_t next = offset;
	struct join_want want = {0};
	struct tally t = {.err = OK};
	memset(seen, 0, sizeof seen);
	join_read(&join, offset, length);
	while (!join_done(&join) && t.err == OK && !t.stuck) {
		while (asked_n < src->under_way && join_want(&join, &want)) {
			struct stored *c = store_find(&store, want.address);
			if (c != NULL)
				c->asked++;
			t.asks++;
			t.wrong = t.wrong || !join_wanted(&join, want.id);
			asked[asked_n].id = want.id;
			asked[asked_n].room = want.room;
			memcpy(asked[asked_n++].address, want.address, REFERENCE_BYTES);
		}
		const bool idle = asked_n == 0;
		const uint64_t bytes = t.bytes;
		t.err = answer(src, asked, &asked_n, &t);
		take_data(src, &next, &t);
		t.stuck = idle && t.bytes == bytes && !join_done(&join);
	}
	for (size_t i = 0; i < asked_n; i++) /* what is still under way changes nothing */
		t.wrong = t.wrong || (join_done(&join) && join_wanted(&join, asked[i].id));
	return t;
}

static inline bool read_well(const struct source *src, uint64_t offset, uint64_t length, uint64_t size, struct tally *t)
{
	*t = read_range(src, offset, length);
	const uint64_t end = length > size || offset > size - length ? size : offset + length;
	return CHECK(t->err == OK) && CHECK(!t->stuck) && CHECK(!t->wrong) &&
	       CHECK(t->bytes == (offset < end ? end - offset : 0));
}

/* Chunks of the tree that a range touches, told by drawing it. */
static inline size_t touched(uint64_t size, unsigned level, bool encrypted, uint64_t from, uint64_t end)
{
	const unsigned most = redundancy_children_max(level, encrypted);
	uint64_t full = CHUNK_PAYLOAD_MAX, n = 1;
	if (size <= CHUNK_PAYLOAD_MAX || from >= end)
		return 1;
	while (full * most < size)
		full *= most;
	for (uint64_t at = 0; at < size; at += full) {
		const uint64_t below = size - at < full ? size - at : full;
		if (from < at + below && end > at)
			n += touched(below, level, encrypted, from > at ? from - at : 0,
				     end - at < below ? end - at : below);
	}
	return n;
}

static inline void pattern(const char *name, size_t n)
{
	static const char corpus[] = "hello test world";
	uint8_t seed[15] = "kstream", block[KECCAK256_BYTES] = {0};
	for (size_t i = 0; i < n; i++) {
		if (strcmp(name, "kstream") == 0) {
			if (i % sizeof block == 0) {
				store_le64(seed + 7, i / sizeof block);
				keccak256_of(bytes_of(seed, sizeof seed), block);
			}
			content[i] = block[i % sizeof block];
		} else if (strcmp(name, "corpus") == 0) {
			content[i] = (uint8_t)corpus[i % (sizeof corpus - 1)];
		} else {
			content[i] = (uint8_t)(i % (strcmp(name, "mod255") == 0 ? 255 : 256));
		}
	}
}

#endif

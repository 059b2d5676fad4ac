#include "swarm/tree_fill.h"

#include <assert.h>
#include <string.h>

#define LIMIT_MS 20000
#define LIMIT_PER_CHUNK_MS 20

#define ROOT 0

void tree_fill_init(struct tree_fill *f, uint64_t size, const uint8_t reference[static REFERENCE_BYTES],
		    enum keccak_kind kind)
{
	f->size = size;
	memcpy(f->reference, reference, REFERENCE_BYTES);
	f->kind = kind;
	f->file = NULL;
	f->chunks_n = f->given_n = f->there_n = 0;
	f->err = size > SPLIT_SIZE_MAX ? ERR_LIMIT : OK;
	f->rooted = f->err == OK && tree_shape(&f->tree, size, 0) == OK && f->tree.bytes == 0;
}

uint64_t tree_fill_bytes(const struct tree_fill *f)
{
	return f->rooted ? f->tree.bytes : 0;
}

void tree_fill_memory(struct tree_fill *f, uint8_t *file)
{
	assert(f->rooted && f->file == NULL && f->chunks_n > 0);
	f->file = file;
	memcpy(file, f->root, tree_chunk(&f->tree, f->tree.levels, 0).n);
}

/* Chunks are numbered as they follow each other in the file. */
static struct tree_place place_of(const struct tree_fill *f, uint64_t id, unsigned *level, uint64_t *i)
{
	*level = f->tree.levels;
	while (id >= f->tree.chunks[*level])
		id -= f->tree.chunks[(*level)--];
	*i = id;
	return tree_chunk(&f->tree, *level, id);
}

/* A chunk that was given out and is not there has 0 where its span will stand. */
static bool is_there(const struct tree_fill *f, uint64_t id)
{
	unsigned level;
	uint64_t i;
	if (id == ROOT)
		return f->rooted;
	return load_le64(f->file + place_of(f, id, &level, &i).offset) != 0;
}

/* Whether the chunk that holds this place in the file is there; it was given out before all below it. */
static bool covered(const struct tree_fill *f, uint64_t offset)
{
	const struct tree *t = &f->tree;
	unsigned level = 1;
	while (t->offset[level] > offset)
		level++;
	const uint64_t i = (offset - t->offset[level]) / TREE_CHUNK_BYTES;
	return load_le64(f->file + t->offset[level] + i * TREE_CHUNK_BYTES) != 0;
}

/* NULL: not known yet. */
static const uint8_t *address_of(const struct tree_fill *f, uint64_t id)
{
	unsigned level;
	uint64_t i, offset;
	if (id == ROOT)
		return f->reference;
	(void)place_of(f, id, &level, &i);
	if (!tree_address(&f->tree, level, i, &offset))
		return f->reference;
	return covered(f, offset) ? f->file + offset : NULL;
}

bool tree_fill_want(struct tree_fill *f, struct tree_fill_want *want)
{
	unsigned level;
	uint64_t i;
	const uint64_t id = f->given_n;
	if (f->err != OK || (f->rooted ? id == f->chunks_n || f->file == NULL : id > ROOT))
		return false;
	const uint8_t *address = address_of(f, id);
	if (address == NULL)
		return false;
	if (id != ROOT)
		store_le64(f->file + place_of(f, id, &level, &i).offset, 0);
	f->given_n++;
	*want = (struct tree_fill_want){.id = id, .address = address};
	return true;
}

/* Its span is of a tree of this size. */
static int take_root(struct tree_fill *f, struct tree_fill_arrival *a)
{
	struct tree t;
	int err = tree_shape_of(&t, f->size, a->data.p);
	if (err != OK)
		return err;
	if (a->data.n != tree_chunk(&t, t.levels, 0).n) { /* zeros behind it do not change its hash */
		a->err = ERR_HASH;
		return OK;
	}
	f->tree = t;
	f->rooted = true;
	f->there_n = 1;
	for (unsigned level = t.levels; level > 0; level--)
		f->chunks_n += t.chunks[level];
	memcpy(f->root, a->data.p, a->data.n);
	return OK;
}

/* It hashes right. */
static int take(struct tree_fill *f, struct tree_fill_arrival *a)
{
	unsigned level;
	uint64_t i;
	if (is_there(f, a->id)) /* twice in one batch */
		return OK;
	if (a->id == ROOT)
		return take_root(f, a);
	const struct tree_place place = place_of(f, a->id, &level, &i);
	if (load_le64(a->data.p) != place.span)
		return ERR_TREE;
	memcpy(f->file + place.offset, a->data.p, place.n);
	f->there_n++;
	return OK;
}

/* Whether it is still of use, and can be hashed at all. */
static bool fits(struct tree_fill *f, struct tree_fill_arrival *a)
{
	unsigned level;
	uint64_t i;
	a->err = OK;
	if (a->id >= f->given_n || is_there(f, a->id))
		return false;
	if (a->data.n < CHUNK_SPAN_BYTES || a->data.n > TREE_CHUNK_BYTES ||
	    (a->id != ROOT && a->data.n != place_of(f, a->id, &level, &i).n))
		a->err = ERR_HASH;
	return a->err == OK;
}

static int take_batch(struct tree_fill *f, struct tree_fill_arrival *arrivals, size_t n, struct why *why)
{
	struct bmt_chunk chunks[BMT_BATCH];
	struct tree_fill_arrival *of[BMT_BATCH];
	uint8_t addresses[BMT_BATCH][REFERENCE_BYTES];
	size_t fit_n = 0;
	for (size_t i = 0; i < n; i++) {
		struct tree_fill_arrival *a = &arrivals[i];
		if (!fits(f, a))
			continue;
		chunks[fit_n] = (struct bmt_chunk){.span = load_le64(a->data.p),
						   .payload = bytes_skip(a->data, CHUNK_SPAN_BYTES)};
		of[fit_n++] = a;
	}
	bmt_addresses(f->kind, chunks, fit_n, addresses, &f->scratch);
	for (size_t i = 0; i < fit_n && f->err == OK; i++) {
		const uint8_t *address = address_of(f, of[i]->id);
		if (memcmp(addresses[i], address, REFERENCE_BYTES) != 0)
			of[i]->err = ERR_HASH;
		else if ((f->err = take(f, of[i])) != OK)
			return why_not(why, f->err, "tree", WHY_NOWHERE, bytes_of(address, REFERENCE_BYTES));
	}
	return OK;
}

int tree_fill_chunks(struct tree_fill *f, struct tree_fill_arrival *arrivals, size_t n, struct why *why)
{
	if (f->err != OK)
		return why_not(why, f->err, "tree", WHY_NOWHERE, BYTES_NONE);
	for (size_t i = 0; i < n; i += BMT_BATCH) {
		int err = take_batch(f, arrivals + i, n - i < BMT_BATCH ? n - i : BMT_BATCH, why);
		if (err != OK)
			return err;
	}
	return OK;
}

int tree_fill_chunk(struct tree_fill *f, uint64_t id, struct bytes data, struct why *why)
{
	struct tree_fill_arrival a = {.id = id, .data = data};
	int err = tree_fill_chunks(f, &a, 1, why);
	return err != OK ? err : a.err;
}

bool tree_fill_done(const struct tree_fill *f)
{
	return f->err == OK && f->rooted && f->there_n == f->chunks_n && (f->chunks_n == 0 || f->file != NULL);
}

uint64_t tree_fill_limit_ms(const struct tree_fill *f)
{
	return LIMIT_MS + f->chunks_n * LIMIT_PER_CHUNK_MS;
}

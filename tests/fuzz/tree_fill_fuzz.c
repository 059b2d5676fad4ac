/* FILE.bmt from single chunks, whatever answers come in whatever order: wrong ones leave no trace, and when all the
 * right ones have come it is the tree of the file, in no more memory than was said. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "swarm/tree_fill.h"

#define FILE_MAX (290U * 4096) /* two levels, a carried block among them */
#define CHUNKS_MAX 64

static uint8_t content[FILE_MAX], bmt[512 * 1024], memory[4U << 20];
static struct split split;
static struct tree_fill fill;
static uint64_t asks[CHUNKS_MAX];
static size_t asks_n;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void split_file(const struct tree *t, uint8_t *reference)
{
	const struct split_how how = {.kind = keccak_widest(), .erasure = erasure_fastest(), .level = t->redundancy};
	struct reference root;
	struct split_chunk chunk;
	size_t used = 0, at = 0;
	split_init(&split, &how, memory);
	for (bool ended = false; !ended;) {
		ended = at == t->size;
		if (ended)
			split_end(&split);
		else if (split_take(&split, bytes_of(content + at, (size_t)t->size - at), &used) == OK)
			at += used;
		else
			abort();
		while (split_chunk(&split, &chunk)) {
			const struct tree_place place = tree_chunk(t, chunk.level, chunk.index);
			memcpy(bmt + place.offset, chunk.span, CHUNK_SPAN_BYTES);
			memcpy(bmt + place.offset + CHUNK_SPAN_BYTES, chunk.payload.p, chunk.payload.n);
		}
	}
	split_reference(&split, &root);
	memcpy(reference, root.address, REFERENCE_BYTES);
}

static struct bytes chunk_of(const struct tree *t, uint64_t id)
{
	unsigned level = t->levels;
	while (id >= t->chunks[level])
		id -= t->chunks[level--];
	const struct tree_place place = tree_chunk(t, level, id);
	return bytes_of(bmt + place.offset, place.n);
}

static void ask(void)
{
	struct tree_fill_want want;
	while (tree_fill_want(&fill, &want)) {
		assert(asks_n < CHUNKS_MAX);
		asks[asks_n++] = want.id;
	}
}

/* A right answer, one with a byte changed, one that is cut off, or one to another ask. */
static void answer(const struct tree *t, uint8_t how, uint8_t which)
{
	uint8_t copy[TREE_CHUNK_BYTES];
	const size_t i = which % asks_n;
	struct bytes chunk = chunk_of(t, asks[i]);
	const uint64_t before = fill.there_n;
	memcpy(copy, chunk.p, chunk.n);
	if (how % 4 == 0) {
		const int err = tree_fill_chunk(&fill, asks[i], chunk, NULL);
		assert(err == OK && fill.there_n == before + 1);
		asks[i] = asks[--asks_n];
		return;
	}
	if (how % 4 == 1)
		copy[(how * 257U + which) % chunk.n] ^= (uint8_t)(1 + how % 255);
	if (how % 4 == 2)
		chunk.n = (how * 257U + which) % chunk.n;
	if (how % 4 == 3 && asks_n > 1)
		chunk = chunk_of(t, asks[(i + 1) % asks_n]);
	const bool same = how % 4 == 3; /* two chunks may be alike, but never a truncated or changed one */
	const int err = tree_fill_chunk(&fill, asks[i], bytes_of(same ? chunk.p : copy, chunk.n), NULL);
	assert(err == ERR_HASH || (same && err == OK));
	if (err == OK)
		asks[i] = asks[--asks_n];
	assert(fill.there_n == before + (err == OK));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t reference[REFERENCE_BYTES], *file = NULL;
	struct tree t;
	if (size < 10)
		return 0;
	const uint64_t n = 4097 + load_le64(data) % (FILE_MAX - 4096);
	for (size_t i = 0; i < n; i++)
		content[i] = (uint8_t)(data[i % size] + i / 4096);
	int err = tree_shape(&t, n, data[8] % (REDUNDANCY_LEVEL_MAX + 1));
	assert(err == OK && t.bytes <= sizeof bmt);
	split_file(&t, reference);
	tree_fill_init(&fill, n, reference, keccak_widest());
	asks_n = 0;
	for (size_t at = 9; !tree_fill_done(&fill); at += 2) {
		if (file == NULL && tree_fill_bytes(&fill) > 0) {
			assert(tree_fill_bytes(&fill) == t.bytes && t.bytes <= tree_bytes_max(n));
			file = malloc((size_t)t.bytes);
			assert(file != NULL);
			memset(file, data[9], (size_t)t.bytes);
			tree_fill_memory(&fill, file);
			continue;
		}
		ask();
		assert(asks_n > 0);
		answer(&t, at + 1 < size ? data[at] : 0, at + 1 < size ? data[at + 1] : 0); /* then right ones only */
	}
	assert(asks_n == 0 && memcmp(file, bmt, (size_t)t.bytes) == 0);
	free(file);
	return 0;
}

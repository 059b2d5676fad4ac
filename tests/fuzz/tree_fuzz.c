/* The tree of a file, with anybody's bytes: a file of the fuzzer's own size and content is split in
 * cuts of its choice and must check; then bytes of its FILE.bmt, its blocks or its reference are
 * changed, and no change may be accepted. Shapes of any size must hold together. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "swarm/tree.h"

#define FILE_MAX (290U * 4096) /* two levels, a carried block among them */

static uint8_t content[FILE_MAX], bmt[512 * 1024];
static struct split split;
static uint8_t memory[4U << 20];
static struct bmt_scratch scratch;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A place that is out of FILE.bmt, or an item without a place, would be read where nothing is. */
static void shape_holds(uint64_t size, unsigned redundancy, uint64_t pick)
{
	struct tree t;
	if (tree_shape(&t, size, redundancy) != OK) {
		assert(size > SPLIT_SIZE_MAX);
		return;
	}
	assert(t.levels <= SPLIT_LEVELS && (t.bytes == 0) == (t.levels == 0));
	for (unsigned level = 1; level <= t.levels; level++) {
		assert(t.chunks[level] > 0);
		struct tree_place place = tree_chunk(&t, level, pick % t.chunks[level]);
		assert(place.n <= TREE_CHUNK_BYTES && place.offset <= t.bytes - place.n);
		assert(place.span > 0 && (place.span & UINT64_MAX >> 8) <= size);
	}
	for (unsigned level = 0; level <= t.levels; level++) {
		uint64_t offset, items = level == 0 ? t.blocks : t.chunks[level];
		if (tree_address(&t, level, pick % items, &offset))
			assert(offset <= t.bytes - REFERENCE_BYTES);
	}
	assert(tree_block_bytes(&t, pick % t.blocks) <= TREE_BLOCK_BYTES);
}

static void keep(const struct tree *t)
{
	struct split_chunk chunk;
	while (split_chunk(&split, &chunk)) {
		struct tree_place place = tree_chunk(t, chunk.level, chunk.index);
		assert(place.n == CHUNK_SPAN_BYTES + chunk.payload.n && place.span == load_le64(chunk.span));
		assert(place.offset + place.n <= t->bytes);
		memcpy(bmt + place.offset, chunk.span, CHUNK_SPAN_BYTES);
		memcpy(bmt + place.offset + CHUNK_SPAN_BYTES, chunk.payload.p, chunk.payload.n);
	}
}

static void split_in_cuts(const struct tree *t, size_t cut, uint8_t *reference)
{
	const struct split_how how = {.kind = keccak_widest(), .erasure = erasure_fastest(), .level = t->redundancy};
	struct reference root;
	size_t used, at = 0, n = (size_t)t->size;
	split_init(&split, &how, memory);
	while (at < n) {
		int err = split_take(&split, bytes_of(content + at, n - at < cut ? n - at : cut), &used);
		assert(err == OK && used <= cut);
		at += used;
		keep(t);
	}
	split_end(&split);
	keep(t);
	split_reference(&split, &root);
	memcpy(reference, root.address, REFERENCE_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tree t;
	uint8_t reference[REFERENCE_BYTES];
	struct why why = {.err = OK};
	uint64_t bad = 0;
	if (size < 24)
		return 0;
	uint64_t n = load_le64(data) % (FILE_MAX + 1), where = load_le64(data + 8);
	size_t cut = 1 + load_le64(data + 16) % 70000;
	uint8_t change = data[16];
	unsigned redundancy = data[17] % (REDUNDANCY_LEVEL_MAX + 1);
	shape_holds(load_le64(data), redundancy, where);
	for (size_t i = 0; i < n; i++)
		content[i] = (uint8_t)(data[i % size] + i / 4096);
	int err = tree_shape(&t, n, redundancy);
	assert(err == OK && t.bytes <= sizeof bmt);
	split_in_cuts(&t, cut, reference);
	struct bytes tree = bytes_of(bmt, (size_t)t.bytes), file = bytes_of(content, (size_t)n);
	assert(tree_check(&t, tree, reference, KECCAK_SCALAR, &scratch, NULL) == OK);
	assert(tree_blocks_check(&t, tree, reference, 0, file, keccak_widest(), &scratch, &bad) == OK);
	if (change == 0)
		return 0;
	if (tree.n > 0) { /* a lie in the tree is named */
		bmt[where % tree.n] ^= change;
		assert(tree_check(&t, tree, reference, keccak_widest(), &scratch, &why) == ERR_HASH);
		assert(why.at <= where % tree.n); /* no chunk before the one that holds it, top down */
		bmt[where % tree.n] ^= change;
		reference[where % REFERENCE_BYTES] ^= change;
		assert(tree_check(&t, tree, reference, keccak_widest(), &scratch, &why) == ERR_HASH);
		reference[where % REFERENCE_BYTES] ^= change;
	}
	if (n > 0) { /* a lie in a block is found in that block */
		content[where % n] ^= change;
		assert(tree_blocks_check(&t, tree, reference, 0, file, keccak_widest(), &scratch, &bad) == ERR_HASH);
		assert(bad == where % n / TREE_BLOCK_BYTES);
	}
	return 0;
}

#include "swarm/tree.h"

#include <assert.h>
#include <string.h>

static_assert(TREE_CHUNK_BYTES == CHUNK_SPAN_BYTES + REDUNDANCY_REFERENCES_MAX * REFERENCE_BYTES,
	      "a full chunk of any level has as many references");

/* Bytes of the file below an item of a level that is full; level <= t->levels. */
static uint64_t full_span(const struct tree *t, unsigned level)
{
	uint64_t span = TREE_BLOCK_BYTES;
	while (level-- > 0)
		span *= t->children_max; /* below SPLIT_SIZE_MAX before the last time */
	return span;
}

/* A chunk over n children. */
static size_t chunk_bytes(const struct tree *t, uint64_t n)
{
	return CHUNK_SPAN_BYTES +
	       ((size_t)n + redundancy_parities(t->redundancy, false, (unsigned)n)) * REFERENCE_BYTES;
}

int tree_shape(struct tree *t, uint64_t size, unsigned redundancy)
{
	if (size > SPLIT_SIZE_MAX)
		return ERR_LIMIT;
	*t = (struct tree){.size = size,
			   .redundancy = redundancy,
			   .children_max = redundancy_children_max(redundancy, false)};
	t->blocks = size == 0 ? 1 : (size - 1) / TREE_BLOCK_BYTES + 1;
	t->items[0] = t->blocks;
	while (t->items[t->levels] > 1) {
		const uint64_t below = t->items[t->levels++], rest = below % t->children_max;
		t->items[t->levels] = below / t->children_max + (rest > 0);
		t->chunks[t->levels] = below / t->children_max + (rest > 1);
	}
	for (unsigned level = t->levels; level > 0; level--) {
		const uint64_t below = t->items[level - 1], rest = below % t->children_max;
		t->offset[level] = t->bytes;
		t->bytes += below / t->children_max * TREE_CHUNK_BYTES + (rest > 1 ? chunk_bytes(t, rest) : 0);
	}
	return OK;
}

int tree_shape_of(struct tree *t, uint64_t size, const uint8_t first_span[static CHUNK_SPAN_BYTES])
{
	struct redundancy_span root;
	const int err = redundancy_span_read(first_span, &root);
	if (err != OK)
		return err;
	return root.size == size && size > TREE_BLOCK_BYTES ? tree_shape(t, size, root.level) : ERR_SIZE;
}

uint64_t tree_bytes_max(uint64_t size)
{
	struct tree t;
	uint64_t most = 0;
	for (unsigned level = 0; level <= REDUNDANCY_LEVEL_MAX; level++)
		if (tree_shape(&t, size, level) == OK && t.bytes > most)
			most = t.bytes;
	return most;
}

struct tree_place tree_chunk(const struct tree *t, unsigned level, uint64_t i)
{
	const uint64_t below = t->items[level - 1] - i * t->children_max, full = full_span(t, level);
	const uint64_t left = t->size - i * full;
	uint8_t span[CHUNK_SPAN_BYTES];
	redundancy_span_write(left < full ? left : full, t->redundancy, span);
	return (struct tree_place){.offset = t->offset[level] + i * TREE_CHUNK_BYTES,
				   .n = chunk_bytes(t, below < t->children_max ? below : t->children_max),
				   .span = load_le64(span)};
}

bool tree_address(const struct tree *t, unsigned level, uint64_t i, uint64_t *offset)
{
	/* The last item of a level that has one too many is carried up. */
	while (t->items[level] > 1 && i == t->items[level] - 1 && i % t->children_max == 0) {
		level++;
		i /= t->children_max;
	}
	if (t->items[level] == 1)
		return false;
	*offset = t->offset[level + 1] + i / t->children_max * TREE_CHUNK_BYTES + CHUNK_SPAN_BYTES +
		  i % t->children_max * REFERENCE_BYTES;
	return true;
}

size_t tree_block_bytes(const struct tree *t, uint64_t i)
{
	uint64_t left = t->size - i * TREE_BLOCK_BYTES;
	return left < TREE_BLOCK_BYTES ? (size_t)left : TREE_BLOCK_BYTES;
}

static const uint8_t *expected(const struct tree *t, struct bytes file, const uint8_t *reference, unsigned level,
			       uint64_t i)
{
	uint64_t offset;
	return tree_address(t, level, i, &offset) ? file.p + offset : reference;
}

int tree_chunks_check(const struct tree *t, struct bytes file, const uint8_t reference[static REFERENCE_BYTES],
		      unsigned level, uint64_t first, enum keccak_kind kind, struct bmt_scratch *scratch,
		      struct why *why)
{
	struct bmt_chunk chunks[BMT_BATCH];
	uint8_t addresses[BMT_BATCH][REFERENCE_BYTES];
	size_t n = 0;
	for (; n < BMT_BATCH && first + n < t->chunks[level]; n++) {
		struct tree_place place = tree_chunk(t, level, first + n);
		chunks[n] = (struct bmt_chunk){.span = place.span,
					       .payload = bytes_of(file.p + place.offset + CHUNK_SPAN_BYTES,
								   place.n - CHUNK_SPAN_BYTES)};
		if (load_le64(file.p + place.offset) != place.span)
			return why_not(why, ERR_HASH, "tree", place.offset, BYTES_NONE);
	}
	bmt_addresses(kind, chunks, n, addresses, scratch);
	for (size_t i = 0; i < n; i++)
		if (memcmp(addresses[i], expected(t, file, reference, level, first + i), REFERENCE_BYTES) != 0)
			return why_not(why, ERR_HASH, "tree", tree_chunk(t, level, first + i).offset, BYTES_NONE);
	return OK;
}

int tree_check(const struct tree *t, struct bytes file, const uint8_t reference[static REFERENCE_BYTES],
	       enum keccak_kind kind, struct bmt_scratch *scratch, struct why *why)
{
	if (file.n != t->bytes)
		return why_not(why, ERR_SIZE, "tree", file.n, BYTES_NONE);
	for (unsigned level = t->levels; level > 0; level--) {
		for (uint64_t i = 0; i < t->chunks[level]; i += BMT_BATCH) {
			int err = tree_chunks_check(t, file, reference, level, i, kind, scratch, why);
			if (err != OK)
				return err;
		}
	}
	return OK;
}

int tree_blocks_check(const struct tree *t, struct bytes file, const uint8_t reference[static REFERENCE_BYTES],
		      uint64_t first, struct bytes data, enum keccak_kind kind, struct bmt_scratch *scratch,
		      uint64_t *bad)
{
	struct bmt_chunk chunks[BMT_BATCH];
	uint8_t addresses[BMT_BATCH][REFERENCE_BYTES];
	do {
		size_t n = 0;
		for (; n < BMT_BATCH && (n == 0 || data.n > 0); n++) {
			if (first + n >= t->blocks || data.n < tree_block_bytes(t, first + n))
				return ERR_SIZE;
			size_t size = tree_block_bytes(t, first + n);
			chunks[n] = (struct bmt_chunk){.span = size, .payload = bytes_of(data.p, size)};
			data = bytes_skip(data, size);
		}
		bmt_addresses(kind, chunks, n, addresses, scratch);
		for (size_t i = 0; i < n; i++) {
			if (memcmp(addresses[i], expected(t, file, reference, 0, first + i), REFERENCE_BYTES) != 0) {
				*bad = first + i;
				return ERR_HASH;
			}
		}
		first += n;
	} while (data.n > 0);
	return OK;
}

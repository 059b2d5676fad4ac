/* A file with its tree and its reference, of any size and redundancy level. */
#ifndef UNIT_TREE_SAMPLE_H
#define UNIT_TREE_SAMPLE_H

#include "swarm/tree.h"
#include "test.h"

static struct split split;
static uint8_t memory[4U << 20];

struct sample {
	struct tree t;
	uint8_t *data, *bmt, reference[REFERENCE_BYTES];
};

static void sample_make(struct sample *s, size_t n, unsigned redundancy)
{
	const struct split_how how = {.kind = keccak_widest(), .erasure = erasure_fastest(), .level = redundancy};
	struct reference root;
	struct split_chunk chunk;
	size_t done = 0, used;
	CHECK(tree_shape(&s->t, n, redundancy) == OK);
	s->data = malloc(n);
	s->bmt = malloc((size_t)s->t.bytes + 1);
	for (size_t i = 0; i < n; i++)
		s->data[i] = (uint8_t)(i + i / 4096 * 7 + i / 1048576);
	split_init(&split, &how, memory);
	for (bool ended = false; !ended;) {
		ended = done == n;
		if (ended) {
			split_end(&split);
		} else {
			CHECK(split_take(&split, bytes_of(s->data + done, n - done), &used) == OK);
			done += used;
		}
		while (split_chunk(&split, &chunk)) {
			struct tree_place place = tree_chunk(&s->t, chunk.level, chunk.index);
			memcpy(s->bmt + place.offset, chunk.span, CHUNK_SPAN_BYTES);
			memcpy(s->bmt + place.offset + CHUNK_SPAN_BYTES, chunk.payload.p, chunk.payload.n);
		}
	}
	split_reference(&split, &root);
	memcpy(s->reference, root.address, REFERENCE_BYTES);
}

static void sample_free(struct sample *s)
{
	free(s->data);
	free(s->bmt);
}

#endif

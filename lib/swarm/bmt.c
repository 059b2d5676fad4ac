#include "swarm/bmt.h"

#include <assert.h>
#include <string.h>

#define NODE_BYTES 32
#define PAIR_BYTES 64
#define TOP_NODES 8 /* of one chunk, where chunks go on side by side */
#define LAST_BYTES (CHUNK_SPAN_BYTES + NODE_BYTES)

/* One chunk from its 128 segments down to TOP_NODES nodes: enough pairs to fill all lanes. */
static void climb_alone(enum keccak_kind kind, struct bytes payload, uint8_t *top, struct bmt_scratch *s)
{
	const uint8_t *from = payload.p;
	if (payload.n < CHUNK_PAYLOAD_MAX) {
		if (payload.n > 0)
			memcpy(s->padded, payload.p, payload.n);
		memset(s->padded + payload.n, 0, CHUNK_PAYLOAD_MAX - payload.n);
		from = s->padded;
	}
	keccak256_many(kind, from, PAIR_BYTES, PAIR_BYTES, s->nodes, NODE_BYTES, 64);
	keccak256_many(kind, s->nodes, PAIR_BYTES, PAIR_BYTES, s->nodes, NODE_BYTES, 32);
	keccak256_many(kind, s->nodes, PAIR_BYTES, PAIR_BYTES, s->nodes, NODE_BYTES, 16);
	keccak256_many(kind, s->nodes, PAIR_BYTES, PAIR_BYTES, top, NODE_BYTES, TOP_NODES);
}

static void batch(enum keccak_kind kind, const struct bmt_chunk *chunks, size_t n,
		  uint8_t (*addresses)[REFERENCE_BYTES], struct bmt_scratch *s)
{
	uint8_t *top = s->top;
	for (size_t i = 0; i < n; i++) {
		assert(chunks[i].payload.n <= CHUNK_PAYLOAD_MAX);
		climb_alone(kind, chunks[i].payload, top + i * TOP_NODES * NODE_BYTES, s);
	}
	for (size_t nodes = TOP_NODES / 2; nodes > 0; nodes /= 2) /* each chunk's nodes stay together */
		keccak256_many(kind, top, PAIR_BYTES, PAIR_BYTES, top, NODE_BYTES, n * nodes);
	for (size_t i = 0; i < n; i++) {
		store_le64(s->last + i * LAST_BYTES, chunks[i].span);
		memcpy(s->last + i * LAST_BYTES + CHUNK_SPAN_BYTES, top + i * NODE_BYTES, NODE_BYTES);
	}
	keccak256_many(kind, s->last, LAST_BYTES, LAST_BYTES, addresses[0], REFERENCE_BYTES, n);
}

void bmt_addresses(enum keccak_kind kind, const struct bmt_chunk *chunks, size_t n,
		   uint8_t (*addresses)[REFERENCE_BYTES], struct bmt_scratch *scratch)
{
	for (size_t i = 0; i < n; i += BMT_BATCH)
		batch(kind, chunks + i, n - i < BMT_BATCH ? n - i : BMT_BATCH, addresses + i, scratch);
}

void bmt_address(enum keccak_kind kind, uint64_t span, struct bytes payload, uint8_t address[static REFERENCE_BYTES],
		 struct bmt_scratch *scratch)
{
	struct bmt_chunk chunk = {.span = span, .payload = payload};
	uint8_t out[1][REFERENCE_BYTES];
	batch(kind, &chunk, 1, out, scratch);
	memcpy(address, out[0], REFERENCE_BYTES);
}

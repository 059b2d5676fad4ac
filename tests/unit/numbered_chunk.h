/* Chunks for tests of Swarm's nodes: address and payload are made of a number. */
#ifndef UNIT_NUMBERED_CHUNK_H
#define UNIT_NUMBERED_CHUNK_H

#include <string.h>

#include "swarm/chunk.h"

/* Gives its bytes. */
static size_t numbered_chunk(uint64_t number, uint8_t chunk[static CHUNK_BYTES_MAX], uint8_t *address)
{
	static struct bmt_scratch scratch;
	memset(chunk, 0, CHUNK_BYTES_MAX);
	store_le64(chunk, CHUNK_PAYLOAD_MAX);
	store_le64(chunk + CHUNK_SPAN_BYTES, number);
	bmt_address(KECCAK_SCALAR, CHUNK_PAYLOAD_MAX, bytes_of(chunk + CHUNK_SPAN_BYTES, CHUNK_PAYLOAD_MAX), address,
		    &scratch);
	return CHUNK_BYTES_MAX;
}

#endif

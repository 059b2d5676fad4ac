/* Chunks with anybody's bytes: what is taken for an address hashes to it, and what is made of the
 * fuzzer's bytes is taken. Also encrypted ones. */
#include <assert.h>
#include <string.h>

#include "swarm/chunk.h"
#include "swarm/cipher.h"

static struct bmt_scratch scratch;
static uint8_t payload[CHUNK_PAYLOAD_MAX];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct chunk c;
	struct cipher_opened o;
	struct bytes in = bytes_of(data, size);
	uint8_t address[REFERENCE_BYTES] = {0};
	memcpy(address, data, size < sizeof address ? size : sizeof address);
	assert(chunk_check(address, in, KECCAK_SCALAR, &scratch, &c) != OK);
	if (soc_open(in, keccak_widest(), &scratch, &c) == OK) {
		assert(c.content.n >= CHUNK_SPAN_BYTES && c.content.n <= CHUNK_BYTES_MAX);
		soc_address(c.id, c.owner, address);
		assert(chunk_check(address, in, KECCAK_SCALAR, &scratch, &c) == OK && c.kind == CHUNK_SINGLE_OWNER);
	}
	if (size >= CHUNK_SPAN_BYTES && size <= CHUNK_BYTES_MAX) {
		bmt_address(KECCAK_SCALAR, load_le64(data), bytes_skip(in, CHUNK_SPAN_BYTES), address, &scratch);
		assert(chunk_check(address, in, keccak_widest(), &scratch, &c) == OK && c.kind == CHUNK_CONTENT);
	}
	if (size >= REFERENCE_KEY_BYTES &&
	    cipher_open(data, keccak_widest(), bytes_skip(in, REFERENCE_KEY_BYTES), payload, &o) == OK)
		assert(o.payload_n <= CHUNK_PAYLOAD_MAX && o.span.size <= REDUNDANCY_SIZE_MAX);
	return 0;
}

#include "swarm/cipher.h"

#include <assert.h>
#include <string.h>

#include "crypto/secret.h"

#define BLOCK_BYTES KECCAK256_BYTES
#define SPAN_BLOCK (CHUNK_PAYLOAD_MAX / BLOCK_BYTES) /* behind those of the payload */
#define BLOCKS_AT_ONCE 16

/* Word by word where there are whole ones: a chunk byte by byte costs a tenth of its hashes. */
static void xor_onto(const uint8_t *in, const uint8_t *stream, size_t n, uint8_t *out)
{
	size_t i = 0;
	for (; i + sizeof(uint64_t) <= n; i += sizeof(uint64_t)) {
		uint64_t a, b;
		memcpy(&a, in + i, sizeof a);
		memcpy(&b, stream + i, sizeof b);
		a ^= b;
		memcpy(out + i, &a, sizeof a);
	}
	for (; i < n; i++)
		out[i] = in[i] ^ stream[i];
}

void cipher_span(const uint8_t key[static REFERENCE_KEY_BYTES], const uint8_t in[static CHUNK_SPAN_BYTES],
		 uint8_t out[static CHUNK_SPAN_BYTES])
{
	uint8_t block[BLOCK_BYTES] = {0};
	keccak256_numbered(KECCAK_SCALAR, key, SPAN_BLOCK, block, 1);
	xor_onto(in, block, CHUNK_SPAN_BYTES, out);
	secret_wipe(block, sizeof block);
}

void cipher_payload(const uint8_t key[static REFERENCE_KEY_BYTES], enum keccak_kind kind, const uint8_t *in, size_t n,
		    uint8_t *out)
{
	uint8_t blocks[BLOCKS_AT_ONCE * BLOCK_BYTES] = {0};
	assert(n <= CHUNK_PAYLOAD_MAX);
	for (size_t at = 0; at < n; at += sizeof blocks) {
		const size_t part = n - at < sizeof blocks ? n - at : sizeof blocks;
		keccak256_numbered(kind, key, (uint32_t)(at / BLOCK_BYTES), blocks,
				   (part + BLOCK_BYTES - 1) / BLOCK_BYTES);
		xor_onto(in + at, blocks, part, out + at);
	}
	secret_wipe(blocks, sizeof blocks);
}

int cipher_open(const uint8_t key[static REFERENCE_KEY_BYTES], enum keccak_kind kind, struct bytes chunk,
		uint8_t payload[static CHUNK_PAYLOAD_MAX], struct cipher_opened *opened)
{
	uint8_t span[CHUNK_SPAN_BYTES];
	struct cipher_opened o;
	if (chunk.n != CHUNK_BYTES_MAX)
		return ERR_SIZE;
	cipher_span(key, chunk.p, span);
	int err = redundancy_span_read(span, &o.span);
	if (err != OK)
		return err;
	o.payload_n = (size_t)o.span.size;
	if (o.span.size > CHUNK_PAYLOAD_MAX) {
		struct redundancy_shape shape;
		redundancy_shape(o.span.size, o.span.level, true, &shape);
		o.payload_n = shape.payload_bytes;
	}
	cipher_payload(key, kind, chunk.p + CHUNK_SPAN_BYTES, o.payload_n, payload);
	*opened = o;
	return OK;
}

void cipher_seal(const uint8_t key[static REFERENCE_KEY_BYTES], enum keccak_kind kind,
		 const uint8_t span[static CHUNK_SPAN_BYTES], const uint8_t *payload, size_t n,
		 uint8_t chunk[static CHUNK_BYTES_MAX])
{
	cipher_span(key, span, chunk);
	cipher_payload(key, kind, payload, n, chunk + CHUNK_SPAN_BYTES);
}

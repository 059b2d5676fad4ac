#include "swarm/cipher.h"

#include <assert.h>
#include <string.h>

#include "crypto/secret.h"

#define BLOCK_BYTES KECCAK256_BYTES
#define SPAN_BLOCK (CHUNK_PAYLOAD_MAX / BLOCK_BYTES) /* behind those of the payload */
#define BLOCKS_AT_ONCE 16

/* n blocks of the key's stream from block first on. */
static void stream(const uint8_t *key, enum keccak_kind kind, uint32_t first, size_t n, uint8_t *out)
{
	uint8_t seed[REFERENCE_KEY_BYTES + 4];
	memcpy(seed, key, REFERENCE_KEY_BYTES);
	for (size_t i = 0; i < n; i++) {
		struct writer w = writer_of(seed + REFERENCE_KEY_BYTES, 4);
		write_le32(&w, first + (uint32_t)i);
		keccak256_of(bytes_of(seed, sizeof seed), out + i * BLOCK_BYTES);
	}
	keccak256_many(kind, out, BLOCK_BYTES, BLOCK_BYTES, out, BLOCK_BYTES, n);
	secret_wipe(seed, sizeof seed);
}

void cipher_span(const uint8_t key[static REFERENCE_KEY_BYTES], const uint8_t in[static CHUNK_SPAN_BYTES],
		 uint8_t out[static CHUNK_SPAN_BYTES])
{
	uint8_t block[BLOCK_BYTES] = {0};
	stream(key, KECCAK_SCALAR, SPAN_BLOCK, 1, block);
	for (size_t i = 0; i < CHUNK_SPAN_BYTES; i++)
		out[i] = in[i] ^ block[i];
	secret_wipe(block, sizeof block);
}

void cipher_payload(const uint8_t key[static REFERENCE_KEY_BYTES], enum keccak_kind kind, const uint8_t *in, size_t n,
		    uint8_t *out)
{
	uint8_t blocks[BLOCKS_AT_ONCE * BLOCK_BYTES] = {0};
	assert(n <= CHUNK_PAYLOAD_MAX);
	for (size_t at = 0; at < n; at += sizeof blocks) {
		const size_t part = n - at < sizeof blocks ? n - at : sizeof blocks;
		stream(key, kind, (uint32_t)(at / BLOCK_BYTES), (part + BLOCK_BYTES - 1) / BLOCK_BYTES, blocks);
		for (size_t i = 0; i < part; i++)
			out[at + i] = in[at + i] ^ blocks[i];
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

/* Encryption of Swarm chunks: a stream of Keccak blocks XORed onto span and payload, a key a chunk.
 *
 * Block j of a key's stream is keccak256(keccak256(key || LE32(j))). The payload takes blocks
 * 0..127, the span the first 8 bytes of block 128. A stored chunk always has 4096 bytes of
 * payload; what lies behind the plaintext is anything. Nothing here authenticates: the address
 * does. Source: bee, pkg/encryption. */
#ifndef SWARM_CIPHER_H
#define SWARM_CIPHER_H

#include "swarm/redundancy.h"
#include "swarm/reference.h"

/* The span of a stored chunk, in the clear. */
void cipher_span(const uint8_t key[static REFERENCE_KEY_BYTES], const uint8_t in[static CHUNK_SPAN_BYTES],
		 uint8_t out[static CHUNK_SPAN_BYTES]);
/* Encrypts or decrypts the first n <= CHUNK_PAYLOAD_MAX bytes of a payload; out may be in. */
void cipher_payload(const uint8_t key[static REFERENCE_KEY_BYTES], enum keccak_kind kind, const uint8_t *in, size_t n,
		    uint8_t *out);

/* A chunk decrypted: its span, and how much of its payload is content. */
struct cipher_opened {
	struct redundancy_span span;
	size_t payload_n;
};

/* Opens a stored chunk (span || payload) whose address was found right into payload, which may be where
 * the chunk's own stands: what lies behind opened->payload_n there stays as it is. ERR_SIZE when it has not
 * CHUNK_BYTES_MAX bytes; ERR_LIMIT, ERR_VERSION of the span. */
MUST_CHECK int cipher_open(const uint8_t key[static REFERENCE_KEY_BYTES], enum keccak_kind kind, struct bytes chunk,
			   uint8_t payload[static CHUNK_PAYLOAD_MAX], struct cipher_opened *opened);
/* Seals n bytes of payload under a span. chunk: CHUNK_BYTES_MAX bytes, whose last
 * CHUNK_PAYLOAD_MAX - n the caller has filled with random bytes and which stay as they are. */
void cipher_seal(const uint8_t key[static REFERENCE_KEY_BYTES], enum keccak_kind kind,
		 const uint8_t span[static CHUNK_SPAN_BYTES], const uint8_t *payload, size_t n,
		 uint8_t chunk[static CHUNK_BYTES_MAX]);

#endif

/* Encrypted chunks: anybody's bytes open within bounds or not at all, and what is sealed opens as
 * what it was; the kinds of lanes agree. */
#include <assert.h>
#include <string.h>

#include "swarm/cipher.h"

#define GUARD 0xa5

static uint8_t chunk[CHUNK_BYTES_MAX], payload[CHUNK_PAYLOAD_MAX], again[CHUNK_PAYLOAD_MAX];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Opens chunk; nothing behind the content may be written. */
static int open_chunk(const uint8_t *key, struct cipher_opened *o)
{
	struct cipher_opened other;
	memset(payload, GUARD, sizeof payload);
	memset(again, GUARD, sizeof again);
	const int err = cipher_open(key, KECCAK_SCALAR, bytes_of(chunk, sizeof chunk), payload, o);
	assert(cipher_open(key, keccak_widest(), bytes_of(chunk, sizeof chunk), again, &other) == err);
	assert(memcmp(payload, again, sizeof payload) == 0);
	const size_t n = err == OK ? o->payload_n : 0;
	assert(n <= CHUNK_PAYLOAD_MAX);
	for (size_t i = n; i < sizeof payload; i++)
		assert(payload[i] == GUARD);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cipher_opened o;
	struct reader r = reader_of(bytes_of(data, size));
	const struct bytes key = read_bytes(&r, REFERENCE_KEY_BYTES);
	const uint64_t length = read_be64(&r) >> (read_u8(&r) % 64) & (REDUNDANCY_SIZE_MAX - 1);
	const unsigned level = read_u8(&r) % (REDUNDANCY_LEVEL_MAX + 1);
	const struct bytes content = read_bytes(&r, r.left.n < CHUNK_PAYLOAD_MAX ? r.left.n : CHUNK_PAYLOAD_MAX);
	if (r.dead)
		return 0;

	uint8_t span[CHUNK_SPAN_BYTES];
	memset(chunk, 0, sizeof chunk);
	redundancy_span_write(length, level, span);
	cipher_seal(key.p, keccak_widest(), span, content.p, content.n, chunk);
	assert(open_chunk(key.p, &o) == OK);
	assert(o.span.size == length && o.span.level == level);
	const size_t common = content.n < o.payload_n ? content.n : o.payload_n;
	assert(common == 0 || memcmp(payload, content.p, common) == 0);

	memcpy(chunk, data, size < sizeof chunk ? size : sizeof chunk);
	(void)open_chunk(key.p, &o);
	return 0;
}

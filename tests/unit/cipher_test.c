/* Encrypted chunks against bee's. */
#include "swarm/cipher.h"

#include "core/hex.h"
#include "test.h"

static uint8_t key[32], chunk[CHUNK_BYTES_MAX], payload[CHUNK_PAYLOAD_MAX];
static struct bmt_scratch scratch;

static void decode(const cJSON *json, const char *name, uint8_t *out, size_t n)
{
	CHECK(hex_decode(bytes_text(test_text(json, name)), out, n) == OK);
}

TEST(the_stream_is_bees)
{
	cJSON *json = test_vectors("swarm-encryption.json");
	static uint8_t wanted[CHUNK_PAYLOAD_MAX];
	uint8_t span[8] = {0}, wanted_span[8];
	decode(json, "key", key, 32);
	decode(json, "data_keystream_hex", wanted, sizeof wanted);
	decode(json, "span_keystream_hex", wanted_span, 8);
	for (enum keccak_kind kind = KECCAK_SCALAR; kind < KECCAK_KINDS; kind++) {
		if (!keccak_can(kind))
			continue;
		for (size_t n = 0; n <= CHUNK_PAYLOAD_MAX; n += n < 70 ? 1 : 509) {
			memset(payload, 0, sizeof payload);
			cipher_payload(key, kind, payload, n, payload);
			CHECK(memcmp(payload, wanted, n) == 0);
			for (size_t i = n; i < sizeof payload; i++)
				if (payload[i] != 0)
					CHECK(false);
		}
	}
	cipher_span(key, span, span);
	CHECK(memcmp(span, wanted_span, 8) == 0);
	cJSON_Delete(json);
}

TEST(a_chunk_is_sealed_as_bee_does_and_opens_again)
{
	cJSON *json = test_vectors("swarm-encryption.json");
	const cJSON *v = cJSON_GetObjectItem(json, "chunk");
	const char *text = test_text(v, "plaintext_ascii");
	const size_t n = strlen(text);
	uint8_t span[8], head[64], address[32], wanted[32];
	struct cipher_opened o;
	decode(v, "data_cipher_first64_hex", head, 64);
	decode(v, "address", wanted, 32);
	redundancy_span_write(n, 0, span);
	memset(payload, 0, sizeof payload);
	memcpy(payload, text, n);
	cipher_seal(key, keccak_widest(), span, payload, sizeof payload,
		    chunk); /* zeros are sealed too, in this vector */
	CHECK(memcmp(chunk + 8, head, 64) == 0);
	bmt_address(keccak_widest(), load_le64(chunk), bytes_of(chunk + 8, CHUNK_PAYLOAD_MAX), address, &scratch);
	CHECK(memcmp(address, wanted, 32) == 0);
	CHECK(cipher_open(key, keccak_widest(), bytes_of(chunk, sizeof chunk), payload, &o) == OK);
	CHECK(o.span.size == n && o.span.level == 0 && o.payload_n == n && memcmp(payload, text, n) == 0);
	cJSON_Delete(json);
}

TEST(what_cannot_be_opened_is_refused)
{
	struct cipher_opened o;
	memset(chunk, 0x55, sizeof chunk);
	for (size_t n = 0; n < sizeof chunk; n += 13)
		CHECK(cipher_open(key, KECCAK_SCALAR, bytes_of(chunk, n), payload, &o) == ERR_SIZE);
	static const struct {
		uint8_t span[8];
		int err;
	} bad[] = {
		{{0, 0, 0, 0, 0, 0, 2, 0}, ERR_LIMIT},    {{0, 0, 0, 0, 0, 0, 0, 0x20}, ERR_LIMIT},
		{{0, 0, 0, 0, 0, 0, 0, 0x80}, ERR_LIMIT}, {{0, 0, 0, 0, 0, 0, 0, 0x85}, ERR_VERSION},
		{{0, 0, 0, 0, 0, 0, 2, 0x81}, ERR_LIMIT}, {{255, 255, 255, 255, 255, 255, 255, 255}, ERR_LIMIT},
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		cipher_seal(key, KECCAK_SCALAR, bad[i].span, payload, 0, chunk);
		CHECK(cipher_open(key, KECCAK_SCALAR, bytes_of(chunk, sizeof chunk), payload, &o) == bad[i].err);
	}
}

TEST(an_intermediate_chunk_gives_as_many_bytes_as_it_has_references)
{
	struct cipher_opened o;
	uint8_t span[8];
	for (unsigned level = 0; level <= REDUNDANCY_LEVEL_MAX; level++) {
		for (uint64_t size = 4097; size < 1ULL << 40; size += size / 3) {
			struct redundancy_shape shape;
			redundancy_shape(size, level, true, &shape);
			redundancy_span_write(size, level, span);
			cipher_seal(key, KECCAK_SCALAR, span, payload, 0, chunk);
			CHECK(cipher_open(key, KECCAK_SCALAR, bytes_of(chunk, sizeof chunk), payload, &o) == OK);
			CHECK(o.span.size == size && o.span.level == level && o.payload_n == shape.payload_bytes);
		}
	}
}

int main(void)
{
	RUN(the_stream_is_bees);
	RUN(a_chunk_is_sealed_as_bee_does_and_opens_again);
	RUN(what_cannot_be_opened_is_refused);
	RUN(an_intermediate_chunk_gives_as_many_bytes_as_it_has_references);
	return test_end();
}

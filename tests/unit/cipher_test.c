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

/* What a file of one chunk is made of, and what stands before the roots of larger ones. */
TEST(files_are_encrypted_as_bee_does)
{
	cJSON *json = test_vectors("swarm-encryption.json");
	const cJSON *f;
	unsigned whole = 0, roots = 0;
	static uint8_t content[CHUNK_PAYLOAD_MAX];
	for (uint64_t i = 0; i < sizeof content / 32; i++) { /* the pattern "kstream" */
		uint8_t seed[15] = "kstream";
		store_le64(seed + 7, i);
		keccak256_of(bytes_of(seed, sizeof seed), content + 32 * i);
	}
	cJSON_ArrayForEach(f, cJSON_GetObjectItem(json, "files"))
	{
		const size_t n = (size_t)cJSON_GetNumberValue(cJSON_GetObjectItem(f, "len"));
		const unsigned level = (unsigned)cJSON_GetNumberValue(cJSON_GetObjectItem(f, "level"));
		struct reference r;
		struct redundancy_span s;
		uint8_t sealed[8], span[8], address[32];
		CHECK(reference_parse(bytes_text(test_text(f, "reference")), &r) == OK && r.encrypted);
		decode(f, "root_chunk_span_encrypted_hex", sealed, 8);
		cipher_span(r.key, sealed, span);
		CHECK(redundancy_span_read(span, &s) == OK && s.size == n);
		CHECK(s.level == (n > CHUNK_PAYLOAD_MAX ? level : 0));
		roots++;
		if (n > CHUNK_PAYLOAD_MAX)
			continue;
		memset(chunk, 0, sizeof chunk); /* stands for random bytes, in this vector */
		cipher_seal(r.key, keccak_widest(), span, content, n, chunk);
		CHECK(memcmp(chunk, sealed, 8) == 0);
		bmt_address(KECCAK_SCALAR, load_le64(chunk), bytes_of(chunk + 8, CHUNK_PAYLOAD_MAX), address, &scratch);
		CHECK(memcmp(address, r.address, 32) == 0);
		whole++;
	}
	CHECK(whole == 3 && roots == 12);
	cJSON_Delete(json);
}

/* Every bit of a key counts: with another one there is no chunk, or another's content. */
TEST(another_key_does_not_open_it)
{
	uint8_t span[8], right[32];
	struct cipher_opened o;
	unsigned opened = 0;
	memcpy(right, key, 32);
	redundancy_span_write(32, 0, span);
	memset(chunk, 0, sizeof chunk);
	for (unsigned bit = 0; bit < 256; bit++) {
		static const uint8_t zeros[32];
		memset(payload, 0, sizeof payload);
		cipher_seal(right, keccak_widest(), span, zeros, 32, chunk);
		o = (struct cipher_opened){.span = {.size = 7, .level = 3}, .payload_n = 9};
		memcpy(key, right, 32);
		key[bit / 8] ^= (uint8_t)(1U << bit % 8);
		if (cipher_open(key, keccak_widest(), bytes_of(chunk, sizeof chunk), payload, &o) != OK) {
			CHECK(o.span.size == 7 && o.span.level == 3 && o.payload_n == 9); /* untouched */
			CHECK(memcmp(payload, zeros, 32) == 0);
			continue;
		}
		CHECK(o.span.size != 32 || memcmp(payload, zeros, 32) != 0);
		opened++;
	}
	CHECK(opened < 16); /* one in some 65000 has a span that can be */
	memcpy(key, right, 32);
}

TEST(what_cannot_be_opened_is_refused)
{
	struct cipher_opened o;
	static uint8_t longer[CHUNK_BYTES_MAX + 1];
	memset(chunk, 0x55, sizeof chunk);
	for (size_t n = 0; n < sizeof chunk; n++)
		CHECK(cipher_open(key, KECCAK_SCALAR, bytes_of(chunk, n), payload, &o) == ERR_SIZE);
	CHECK(cipher_open(key, KECCAK_SCALAR, bytes_of(longer, sizeof longer), payload, &o) == ERR_SIZE);
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
	RUN(files_are_encrypted_as_bee_does);
	RUN(another_key_does_not_open_it);
	RUN(what_cannot_be_opened_is_refused);
	RUN(an_intermediate_chunk_gives_as_many_bytes_as_it_has_references);
	return test_end();
}

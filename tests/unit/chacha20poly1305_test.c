#include "crypto/chacha20poly1305.h"

#include "core/err.h"
#include "core/hex.h"
#include "test.h"

struct row {
	uint8_t key[32], number_le[8], beside[32], text[1024], sealed[1024 + 16];
	size_t n, beside_n;
	uint64_t number;
};

static uint8_t work[1024];

static struct row row_of(const cJSON *json)
{
	struct row r = {.n = strlen(test_text(json, "text")) / 2, .beside_n = strlen(test_text(json, "beside")) / 2};
	CHECK(r.n <= sizeof r.text && r.beside_n <= sizeof r.beside);
	CHECK(hex_decode(bytes_text(test_text(json, "key")), r.key, sizeof r.key) == OK);
	CHECK(hex_decode(bytes_text(test_text(json, "number_le")), r.number_le, sizeof r.number_le) == OK);
	CHECK(hex_decode(bytes_text(test_text(json, "beside")), r.beside, r.beside_n) == OK);
	CHECK(hex_decode(bytes_text(test_text(json, "text")), r.text, r.n) == OK);
	CHECK(hex_decode(bytes_text(test_text(json, "sealed")), r.sealed, r.n + 16) == OK);
	r.number = load_le64(r.number_le);
	return r;
}

/* Whether what r has sealed opens, to its text. */
static bool opens(const struct row *r)
{
	memcpy(work, r->sealed, r->n);
	return chacha20poly1305_open(r->key, r->number, bytes_of(r->beside, r->beside_n), work, r->n,
				     r->sealed + r->n) &&
	       memcmp(work, r->text, r->n) == 0;
}

TEST(known_answers)
{
	cJSON *file = test_vectors("crypto-channel.json");
	const cJSON *json;
	unsigned n = 0;
	cJSON_ArrayForEach(json, cJSON_GetObjectItem(file, "chacha20poly1305"))
	{
		const struct row r = row_of(json);
		uint8_t tag[16];
		CHECK(opens(&r));
		memcpy(work, r.text, r.n);
		chacha20poly1305_seal(r.key, r.number, bytes_of(r.beside, r.beside_n), work, r.n, tag);
		CHECK(memcmp(work, r.sealed, r.n) == 0 && memcmp(tag, r.sealed + r.n, sizeof tag) == 0);
		n++;
	}
	CHECK(n == 12);
	cJSON_Delete(file);
}

static unsigned flips(struct row *r, uint8_t *p, size_t n)
{
	unsigned opened = 0;
	for (size_t i = 0; i < 8 * n; i++) {
		p[i / 8] ^= (uint8_t)(1U << i % 8);
		opened += opens(r);
		p[i / 8] ^= (uint8_t)(1U << i % 8);
	}
	return opened;
}

TEST(nothing_else_opens)
{
	cJSON *file = test_vectors("crypto-channel.json");
	struct row r = row_of(cJSON_GetArrayItem(cJSON_GetObjectItem(file, "chacha20poly1305"), 7));
	CHECK(r.n == 64 && r.beside_n == 32);
	CHECK(flips(&r, r.sealed, r.n + 16) == 0);
	CHECK(flips(&r, r.key, sizeof r.key) == 0);
	CHECK(flips(&r, r.beside, sizeof r.beside) == 0);
	for (unsigned i = 0; i < 64; i++) {
		r.number ^= UINT64_C(1) << i;
		CHECK(!opens(&r));
		r.number ^= UINT64_C(1) << i;
	}
	CHECK(opens(&r));
	r.beside_n--;
	CHECK(!opens(&r));
	cJSON_Delete(file);
}

TEST(what_does_not_open_gives_nothing_away)
{
	cJSON *file = test_vectors("crypto-channel.json");
	struct row r = row_of(cJSON_GetArrayItem(cJSON_GetObjectItem(file, "chacha20poly1305"), 10));
	r.sealed[r.n + 15] ^= 1;
	CHECK(!opens(&r));
	for (size_t i = 0; i < r.n; i++)
		CHECK(work[i] == 0);
	cJSON_Delete(file);
}

TEST(nothing_may_be_null)
{
	uint8_t key[32] = {1}, tag[16];
	chacha20poly1305_seal(key, 0, BYTES_NONE, NULL, 0, tag);
	CHECK(chacha20poly1305_open(key, 0, BYTES_NONE, NULL, 0, tag));
	CHECK(!chacha20poly1305_open(key, 1, BYTES_NONE, NULL, 0, tag));
}

int main(void)
{
	RUN(known_answers);
	RUN(nothing_else_opens);
	RUN(what_does_not_open_gives_nothing_away);
	RUN(nothing_may_be_null);
	return test_end();
}

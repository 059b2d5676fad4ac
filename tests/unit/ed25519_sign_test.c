/* Signing. */
#include "core/err.h"
#include "core/hex.h"
#include "crypto/ed25519.h"
#include "test.h"

TEST(rfc8032_vectors_are_made_again)
{
	cJSON *file = test_vectors("ed25519-rfc8032.json");
	const cJSON *json;
	unsigned n = 0;
	cJSON_ArrayForEach(json, cJSON_GetObjectItem(file, "cases"))
	{
		uint8_t seed[ED25519_SEED_BYTES], key[ED25519_KEY_BYTES], want_key[ED25519_KEY_BYTES];
		uint8_t signature[ED25519_SIGNATURE_BYTES], want[ED25519_SIGNATURE_BYTES], message[1100];
		const struct bytes hex = bytes_text(test_text(json, "message"));
		CHECK(hex.n / 2 <= sizeof message && hex_decode(hex, message, hex.n / 2) == OK);
		CHECK(hex_decode(bytes_text(test_text(json, "seed")), seed, sizeof seed) == OK);
		CHECK(hex_decode(bytes_text(test_text(json, "key")), want_key, sizeof want_key) == OK);
		CHECK(hex_decode(bytes_text(test_text(json, "signature")), want, sizeof want) == OK);
		ed25519_public(seed, key);
		CHECK(memcmp(key, want_key, sizeof key) == 0);
		ed25519_sign(seed, bytes_of(message, hex.n / 2), signature);
		CHECK(memcmp(signature, want, sizeof want) == 0);
		n++;
	}
	CHECK(n == 5);
	cJSON_Delete(file);
}

TEST(what_is_signed_verifies_and_nothing_else)
{
	uint8_t seed[ED25519_SEED_BYTES], key[ED25519_KEY_BYTES], signature[ED25519_SIGNATURE_BYTES];
	uint8_t message[300];
	for (size_t n = 0; n <= sizeof message; n += 25) {
		memset(message, (int)n, sizeof message);
		memset(seed, (int)n + 1, sizeof seed);
		ed25519_public(seed, key);
		CHECK(ed25519_key_check(key) == OK);
		ed25519_sign(seed, bytes_of(message, n), signature);
		CHECK(ed25519_verify(key, bytes_of(message, n), signature) == OK);
		CHECK(n == 0 || ed25519_verify(key, bytes_of(message, n - 1), signature) == ERR_SIGNATURE);
		seed[31] ^= 1;
		ed25519_public(seed, key);
		CHECK(ed25519_verify(key, bytes_of(message, n), signature) == ERR_SIGNATURE);
	}
	ed25519_sign(seed, BYTES_NONE, signature);
	CHECK(ed25519_verify(key, BYTES_NONE, signature) == OK);
}

int main(void)
{
	RUN(rfc8032_vectors_are_made_again);
	RUN(what_is_signed_verifies_and_nothing_else);
	return test_end();
}

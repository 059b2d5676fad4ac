#include "crypto/ed25519.h"

#include "core/err.h"
#include "core/hex.h"
#include "test.h"

#define MESSAGE_MAX 1100

struct row {
	uint8_t key[ED25519_KEY_BYTES], signature[ED25519_SIGNATURE_BYTES], message[MESSAGE_MAX];
	struct bytes said;
};

/* A row of a vector file, with the members key, message and signature. */
static struct row row_of(const cJSON *json)
{
	struct row r;
	const struct bytes message = bytes_text(test_text(json, "message"));
	CHECK(message.n / 2 <= sizeof r.message && hex_decode(message, r.message, message.n / 2) == OK);
	CHECK(hex_decode(bytes_text(test_text(json, "key")), r.key, sizeof r.key) == OK);
	CHECK(hex_decode(bytes_text(test_text(json, "signature")), r.signature, sizeof r.signature) == OK);
	r.said = bytes_of(r.message, message.n / 2);
	return r;
}

static int verify(const struct row *r)
{
	return ed25519_verify(r->key, bytes_of(r->message, r->said.n), r->signature);
}

TEST(rfc8032_vectors_verify)
{
	cJSON *file = test_vectors("ed25519-rfc8032.json");
	const cJSON *json;
	unsigned n = 0;
	cJSON_ArrayForEach(json, cJSON_GetObjectItem(file, "cases"))
	{
		const struct row r = row_of(json);
		CHECK(verify(&r) == OK);
		CHECK(ed25519_key_check(r.key) == OK);
		n++;
	}
	CHECK(n == 5);
	cJSON_Delete(file);
}

TEST(empty_message_may_be_null)
{
	cJSON *file = test_vectors("ed25519-rfc8032.json");
	const struct row r = row_of(cJSON_GetArrayItem(cJSON_GetObjectItem(file, "cases"), 0));
	CHECK(r.said.n == 0);
	CHECK(ed25519_verify(r.key, BYTES_NONE, r.signature) == OK);
	cJSON_Delete(file);
}

/* Each row but the last is refused, with the error that it names. */
TEST(what_lax_verifiers_take_is_refused)
{
	cJSON *rows = test_vectors("ed25519-negative.json");
	const cJSON *json;
	unsigned keys = 0, signatures = 0, good = 0;
	cJSON_ArrayForEach(json, rows)
	{
		const struct row r = row_of(json);
		const char *err = test_text(json, "err");
		int want = OK;
		if (strcmp(err, "KEY") == 0)
			want = ERR_KEY, keys++;
		else if (strcmp(err, "SIGNATURE") == 0)
			want = ERR_SIGNATURE, signatures++;
		else
			good++;
		const int got = verify(&r);
		if (!CHECK(got == want))
			printf("# %s: got %d\n", test_text(json, "what"), got);
		CHECK(ed25519_key_check(r.key) == (want == ERR_KEY ? ERR_KEY : OK));
	}
	CHECK(keys > 80 && signatures > 40 && good == 1);
	cJSON_Delete(rows);
}

TEST(each_flipped_bit_is_refused)
{
	cJSON *file = test_vectors("ed25519-rfc8032.json");
	struct row r = row_of(cJSON_GetArrayItem(cJSON_GetObjectItem(file, "cases"), 2));
	cJSON_Delete(file);
	for (size_t i = 0; i < 8 * sizeof r.signature; i++) {
		r.signature[i / 8] ^= (uint8_t)(1U << i % 8);
		CHECK(verify(&r) == ERR_SIGNATURE);
		r.signature[i / 8] ^= (uint8_t)(1U << i % 8);
	}
	for (size_t i = 0; i < 8 * sizeof r.key; i++) {
		r.key[i / 8] ^= (uint8_t)(1U << i % 8);
		const int err = verify(&r);
		CHECK(err == ERR_SIGNATURE || err == ERR_KEY);
		CHECK(err == ERR_KEY || ed25519_key_check(r.key) == OK);
		r.key[i / 8] ^= (uint8_t)(1U << i % 8);
	}
	for (size_t i = 0; i < 8 * r.said.n; i++) {
		r.message[i / 8] ^= (uint8_t)(1U << i % 8);
		CHECK(verify(&r) == ERR_SIGNATURE);
		r.message[i / 8] ^= (uint8_t)(1U << i % 8);
	}
	CHECK(verify(&r) == OK);
}

TEST(shorter_and_longer_messages_are_refused)
{
	cJSON *file = test_vectors("ed25519-rfc8032.json");
	struct row r = row_of(cJSON_GetArrayItem(cJSON_GetObjectItem(file, "cases"), 3));
	cJSON_Delete(file);
	CHECK(r.said.n == 1023);
	r.message[1023] = 0;
	for (size_t n = 0; n <= 1024; n += n < 64 || n >= 960 ? 1 : 64)
		CHECK(ed25519_verify(r.key, bytes_of(r.message, n), r.signature) == (n == 1023 ? OK : ERR_SIGNATURE));
}

/* The forged manifest that the reference verifier takes: key 01 00.., R 01 00.., S = 0. */
TEST(weak_key_of_the_reference_is_refused)
{
	cJSON *file = test_vectors("phase-signedmanifest.json");
	cJSON *wire = cJSON_Parse(test_text(cJSON_GetObjectItem(file, "weak_key"), "wire"));
	CHECK(wire != NULL);
	uint8_t key[ED25519_KEY_BYTES], signature[ED25519_SIGNATURE_BYTES];
	CHECK(hex_decode(bytes_text(test_text(wire, "signer_pubkey")), key, sizeof key) == OK);
	CHECK(hex_decode(bytes_text(test_text(wire, "signature")), signature, sizeof signature) == OK);
	cJSON_DeleteItemFromObject(wire, "signer_pubkey");
	cJSON_DeleteItemFromObject(wire, "signature");
	char *canonical = cJSON_PrintUnformatted(wire);
	char message[512];
	const int n = snprintf(message, sizeof message, "phase-manifest:v1:%s", canonical);
	CHECK(ed25519_verify(key, bytes_of(message, (size_t)n), signature) == ERR_KEY);
	CHECK(ed25519_key_check(key) == ERR_KEY);
	cJSON_free(canonical);
	cJSON_Delete(wire);
	cJSON_Delete(file);
}

int main(void)
{
	RUN(rfc8032_vectors_verify);
	RUN(empty_message_may_be_null);
	RUN(what_lax_verifiers_take_is_refused);
	RUN(each_flipped_bit_is_refused);
	RUN(shorter_and_longer_messages_are_refused);
	RUN(weak_key_of_the_reference_is_refused);
	return test_end();
}

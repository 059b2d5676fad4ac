#include "p2p/peer_key.h"

#include "core/err.h"
#include "core/hex.h"
#include "test.h"

static uint8_t key[PEER_KEY_BYTES_MAX], message[64], signature[1024];
static size_t key_n, signature_n;

static void row(const cJSON *json)
{
	key_n = strlen(test_text(json, "key")) / 2;
	signature_n = strlen(test_text(json, "signature")) / 2;
	CHECK(key_n <= sizeof key && signature_n <= sizeof signature);
	CHECK(hex_decode(bytes_text(test_text(json, "key")), key, key_n) == OK);
	CHECK(hex_decode(bytes_text(test_text(json, "message")), message, 56) == OK);
	CHECK(hex_decode(bytes_text(test_text(json, "signature")), signature, signature_n) == OK);
}

static int verify(void)
{
	struct peer_key parsed;
	const int err = peer_key_read(&parsed, bytes_of(key, key_n));
	return err != OK ? err : peer_key_verify(&parsed, bytes_of(message, 56), bytes_of(signature, signature_n));
}

/* The firmware does not judge RSA. */
static bool judged(const cJSON *json)
{
	const int type = cJSON_GetObjectItem(json, "type")->valueint;
	row(json);
	return type != PEER_KEY_RSA || verify() != ERR_KEY;
}

TEST(signatures)
{
	cJSON *file = test_vectors("peer-keys.json");
	const cJSON *json;
	unsigned good = 0, bad = 0;
	cJSON_ArrayForEach(json, file)
	{
		const bool right = cJSON_IsTrue(cJSON_GetObjectItem(json, "good"));
		row(json);
		const int err = verify();
		if (!CHECK(right ? err == OK || !judged(json) : err == ERR_KEY || err == ERR_SIGNATURE))
			printf("# %s: %d\n", test_text(json, "what"), err);
		good += err == OK;
		bad += err != OK;
	}
	/* on the host all, in firmware all but the two by RSA */
	CHECK((good == 7 && bad == 20) || (good == 5 && bad == 22));
	cJSON_Delete(file);
}

TEST(flipped_bits_and_other_messages)
{
	cJSON *file = test_vectors("peer-keys.json");
	for (int i = 0; i < 4; i++) {
		const cJSON *json = cJSON_GetArrayItem(file, i);
		if (!judged(json))
			continue;
		CHECK(verify() == OK);
		for (size_t bit = 0; bit < 8 * signature_n; bit += 3) {
			signature[bit / 8] ^= (uint8_t)(1U << bit % 8);
			CHECK(verify() == ERR_SIGNATURE);
			signature[bit / 8] ^= (uint8_t)(1U << bit % 8);
		}
		for (size_t bit = 0; bit < 8 * key_n; bit += 3) {
			key[bit / 8] ^= (uint8_t)(1U << bit % 8);
			const int err = verify();
			CHECK(err == ERR_SIGNATURE || err == ERR_KEY);
			key[bit / 8] ^= (uint8_t)(1U << bit % 8);
		}
		message[5] ^= 1;
		CHECK(verify() == ERR_SIGNATURE);
		message[5] ^= 1;
		for (size_t n = 0, whole = signature_n; n < whole; n++) {
			signature_n = n;
			CHECK(verify() == ERR_SIGNATURE);
			signature_n = whole;
		}
		for (size_t n = 0, whole = key_n; n < whole; n++) {
			key_n = n;
			CHECK(verify() == ERR_KEY);
			key_n = whole;
		}
	}
	cJSON_Delete(file);
}

TEST(forms_of_keys)
{
	cJSON *file = test_vectors("peer-ids.json");
	const cJSON *json;
	struct peer_key parsed;
	cJSON_ArrayForEach(json, file)
	{
		static const char *const names[] = {"rsa", "ed25519", "secp256k1", "ecdsa"};
		key_n = strlen(test_text(json, "public_pb")) / 2;
		CHECK(key_n <= sizeof key && hex_decode(bytes_text(test_text(json, "public_pb")), key, key_n) == OK);
		CHECK(peer_key_read(&parsed, bytes_of(key, key_n)) == OK);
		CHECK(strcmp(names[parsed.type], test_text(json, "type")) == 0);
		uint8_t made[PEER_KEY_ED25519_BYTES];
		if (parsed.type != PEER_KEY_ED25519)
			continue;
		peer_key_ed25519(parsed.data.p, made);
		CHECK(bytes_equal(bytes_of(made, sizeof made), bytes_of(key, key_n)));
	}
	cJSON_Delete(file);
}

/* Other spellings of a key would give other ids of the same peer. */
TEST(one_spelling_each)
{
	const struct bytes bad[] = {
		BYTES_NONE,
		BYTES_LITERAL("\x12\x01z"),                 /* no type */
		BYTES_LITERAL("\x08\x03"),                  /* no data */
		BYTES_LITERAL("\x12\x01z\x08\x03"),         /* another order */
		BYTES_LITERAL("\x08\x04\x12\x01z"),         /* no such type */
		BYTES_LITERAL("\x08\x83\x00\x12\x01z"),     /* a longer number */
		BYTES_LITERAL("\x08\x03\x12\x81\x00z"),     /* a longer length */
		BYTES_LITERAL("\x08\x03\x12\x01z\x18\x01"), /* another field */
		BYTES_LITERAL("\x08\x03\x12\x00"),          /* nothing */
		BYTES_LITERAL("\x08\x01\x12\x01z"),         /* 1 byte of Ed25519 */
	};
	struct peer_key parsed;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK(peer_key_read(&parsed, bad[i]) == ERR_KEY);
	CHECK(peer_key_read(&parsed, BYTES_LITERAL("\x08\x03\x12\x01z")) == OK && parsed.data.n == 1);
	static uint8_t large[PEER_KEY_BYTES_MAX + 1] = {0x08, 0x00, 0x12, 0xac, 0x09};
	CHECK(peer_key_read(&parsed, bytes_of(large, sizeof large)) == ERR_KEY);
}

int main(void)
{
	RUN(signatures);
	RUN(flipped_bits_and_other_messages);
	RUN(forms_of_keys);
	RUN(one_spelling_each);
	return test_end();
}

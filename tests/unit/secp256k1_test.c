#include "crypto/secp256k1.h"

#include "core/err.h"
#include "core/hex.h"
#include "crypto/keccak.h"
#include "test.h"

#define ID_BYTES 32

/* The order of the group. */
static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
				  0xff, 0xff, 0xff, 0xff, 0xfe, 0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48,
				  0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41};

struct signed_digest {
	uint8_t digest[SECP256K1_DIGEST_BYTES];
	uint8_t signature[SECP256K1_RECOVERABLE_BYTES];
	uint8_t owner[SECP256K1_ADDRESS_BYTES];
};

/* A single-owner chunk: its signature is over the EIP-191 text of keccak(id || wrapped address). */
static struct signed_digest soc_of(const cJSON *json)
{
	static const char prefix[] = "\x19"
				     "Ethereum Signed Message:\n32";
	struct signed_digest s;
	uint8_t id[ID_BYTES], wrapped[32], inner[KECCAK256_BYTES];
	CHECK(hex_decode(bytes_text(test_text(json, "id")), id, sizeof id) == OK);
	CHECK(hex_decode(bytes_text(test_text(json, "wrapped_address")), wrapped, sizeof wrapped) == OK);
	CHECK(hex_decode(bytes_text(test_text(json, "owner")), s.owner, sizeof s.owner) == OK);
	const char *chunk = test_text(json, "chunk_hex");
	CHECK(strlen(chunk) > 2 * (ID_BYTES + sizeof s.signature));
	CHECK(hex_decode(bytes_of(chunk + (ptrdiff_t)2 * ID_BYTES, 2 * sizeof s.signature), s.signature,
			 sizeof s.signature) == OK);
	struct keccak256 h;
	keccak256_init(&h);
	keccak256_add(&h, bytes_of(id, sizeof id));
	keccak256_add(&h, bytes_of(wrapped, sizeof wrapped));
	keccak256_end(&h, inner);
	keccak256_init(&h);
	keccak256_add(&h, bytes_of(prefix, sizeof prefix - 1));
	keccak256_add(&h, bytes_of(inner, sizeof inner));
	keccak256_end(&h, s.digest);
	return s;
}

static struct signed_digest first_soc(void)
{
	cJSON *file = test_vectors("swarm-soc.json");
	const struct signed_digest s = soc_of(cJSON_GetArrayItem(file, 0));
	cJSON_Delete(file);
	return s;
}

/* Whether the signature gives the owner's address. */
static bool recovers(const struct signed_digest *s)
{
	uint8_t key[SECP256K1_KEY_BYTES], address[SECP256K1_ADDRESS_BYTES];
	if (secp256k1_recover(s->digest, s->signature, key) != OK)
		return false;
	secp256k1_address(key, address);
	return memcmp(address, s->owner, sizeof address) == 0;
}

TEST(owners_of_single_owner_chunks)
{
	cJSON *file = test_vectors("swarm-soc.json");
	const cJSON *json;
	unsigned n = 0;
	cJSON_ArrayForEach(json, file)
	{
		const struct signed_digest s = soc_of(json);
		uint8_t key[SECP256K1_KEY_BYTES];
		CHECK(recovers(&s));
		CHECK(secp256k1_recover(s.digest, s.signature, key) == OK);
		CHECK(secp256k1_verify(key, s.digest, s.signature) == OK);
		n++;
	}
	CHECK(n == 4);
	cJSON_Delete(file);
}

TEST(digest_is_that_of_the_vector)
{
	cJSON *file = test_vectors("swarm-soc.json");
	const struct signed_digest s = soc_of(cJSON_GetArrayItem(file, 0));
	uint8_t want[SECP256K1_DIGEST_BYTES];
	CHECK(hex_decode(bytes_text(test_text(cJSON_GetArrayItem(file, 0), "eth_message_hash")), want, sizeof want) ==
	      OK);
	CHECK(memcmp(s.digest, want, sizeof want) == 0);
	cJSON_Delete(file);
}

TEST(each_flipped_bit_gives_another_key_or_none)
{
	struct signed_digest s = first_soc();
	uint8_t key[SECP256K1_KEY_BYTES];
	CHECK(secp256k1_recover(s.digest, s.signature, key) == OK);
	for (size_t i = 0; i < 8 * (sizeof s.signature - 1); i++) {
		s.signature[i / 8] ^= (uint8_t)(1U << i % 8);
		CHECK(!recovers(&s));
		CHECK(secp256k1_verify(key, s.digest, s.signature) == ERR_SIGNATURE);
		s.signature[i / 8] ^= (uint8_t)(1U << i % 8);
	}
	for (size_t i = 0; i < 8 * sizeof s.digest; i++) {
		s.digest[i / 8] ^= (uint8_t)(1U << i % 8);
		CHECK(!recovers(&s));
		CHECK(secp256k1_verify(key, s.digest, s.signature) == ERR_SIGNATURE);
		s.digest[i / 8] ^= (uint8_t)(1U << i % 8);
	}
	for (size_t i = 0; i < 8 * sizeof key; i++) {
		key[i / 8] ^= (uint8_t)(1U << i % 8);
		CHECK(secp256k1_verify(key, s.digest, s.signature) == ERR_KEY);
		key[i / 8] ^= (uint8_t)(1U << i % 8);
	}
	CHECK(recovers(&s));
	CHECK(secp256k1_verify(key, s.digest, s.signature) == OK);
}

TEST(v_has_two_spellings_and_no_third)
{
	struct signed_digest s = first_soc();
	const uint8_t v = s.signature[64];
	CHECK(v == 27 || v == 28);
	for (unsigned other = 0; other < 256; other++) {
		s.signature[64] = (uint8_t)other;
		CHECK(recovers(&s) == (other == v || other == v + 4U));
	}
}

/* order - s, with the other v, is the same signature: Swarm's nodes take it. */
TEST(upper_s_is_taken)
{
	struct signed_digest s = first_soc();
	uint8_t key[SECP256K1_KEY_BYTES];
	CHECK(secp256k1_recover(s.digest, s.signature, key) == OK);
	int borrow = 0;
	for (int i = 31; i >= 0; i--) {
		const int digit = order[i] - s.signature[32 + i] - borrow;
		s.signature[32 + i] = (uint8_t)digit;
		borrow = digit < 0;
	}
	CHECK(secp256k1_verify(key, s.digest, s.signature) == OK);
	CHECK(!recovers(&s));
	s.signature[64] = (uint8_t)(27 + 28 - s.signature[64]);
	CHECK(recovers(&s));
}

/* r and s lie in 1..order - 1. */
TEST(numbers_out_of_range_are_refused)
{
	const struct signed_digest good = first_soc();
	uint8_t key[SECP256K1_KEY_BYTES], kept[SECP256K1_KEY_BYTES];
	CHECK(secp256k1_recover(good.digest, good.signature, key) == OK);
	memcpy(kept, key, sizeof kept);
	static const uint8_t zero[32];
	uint8_t ones[32];
	memset(ones, 0xff, sizeof ones);
	const uint8_t *const bad[] = {zero, order, ones};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		for (size_t half = 0; half < 2; half++) {
			struct signed_digest s = good;
			memcpy(s.signature + 32 * half, bad[i], 32);
			CHECK(secp256k1_recover(s.digest, s.signature, key) == ERR_SIGNATURE);
			CHECK(memcmp(key, kept, sizeof key) == 0);
			CHECK(secp256k1_verify(key, s.digest, s.signature) == ERR_SIGNATURE);
		}
}

TEST(points_off_the_curve_are_refused)
{
	const struct signed_digest s = first_soc();
	uint8_t key[SECP256K1_KEY_BYTES] = {0};
	CHECK(secp256k1_verify(key, s.digest, s.signature) == ERR_KEY);
	memset(key, 0xff, sizeof key);
	CHECK(secp256k1_verify(key, s.digest, s.signature) == ERR_KEY);
	/* y = p - y is on the curve: another key. y + p is no number below p. */
	CHECK(secp256k1_recover(s.digest, s.signature, key) == OK);
	memset(key + 32, 0xff, 32);
	CHECK(secp256k1_verify(key, s.digest, s.signature) == ERR_KEY);
}

/* The address of the secret key 1, whose public key is the base point. */
TEST(address_of_the_base_point)
{
	uint8_t key[SECP256K1_KEY_BYTES], address[SECP256K1_ADDRESS_BYTES], want[SECP256K1_ADDRESS_BYTES];
	CHECK(hex_decode(bytes_text("79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
				    "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"),
			 key, sizeof key) == OK);
	CHECK(hex_decode(bytes_text("7e5f4552091a69125d5dfcb7b8c2659029395bdf"), want, sizeof want) == OK);
	secp256k1_address(key, address);
	CHECK(memcmp(address, want, sizeof want) == 0);
}

int main(void)
{
	RUN(owners_of_single_owner_chunks);
	RUN(digest_is_that_of_the_vector);
	RUN(each_flipped_bit_gives_another_key_or_none);
	RUN(v_has_two_spellings_and_no_third);
	RUN(upper_s_is_taken);
	RUN(numbers_out_of_range_are_refused);
	RUN(points_off_the_curve_are_refused);
	RUN(address_of_the_base_point);
	return test_end();
}

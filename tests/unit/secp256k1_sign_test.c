/* Signing with secp256k1: what is signed can be recovered, as bee signs it. */
#include "core/err.h"
#include "core/hex.h"
#include "crypto/secp256k1.h"
#include "test.h"

TEST(signatures_are_bees)
{
	cJSON *file = test_vectors("swarm-soc.json");
	const cJSON *json;
	unsigned n = 0;
	cJSON_ArrayForEach(json, file)
	{
		uint8_t secret[32], digest[32], signature[65], wanted[65], key[64], address[20], owner[20];
		if (hex_decode(bytes_text(test_text(json, "private_key")), secret, 32) != OK ||
		    hex_decode(bytes_text(test_text(json, "eth_message_hash")), digest, 32) != OK)
			continue;
		CHECK(hex_decode(bytes_text(test_text(json, "signature")), wanted, 65) == OK);
		CHECK(hex_decode(bytes_text(test_text(json, "owner")), owner, 20) == OK);
		CHECK(secp256k1_sign(secret, digest, signature) == OK);
		CHECK(memcmp(signature, wanted, 65) == 0);
		CHECK(secp256k1_public(secret, key) == OK);
		secp256k1_address(key, address);
		CHECK(memcmp(address, owner, 20) == 0);
		n++;
	}
	CHECK(n >= 1);
	cJSON_Delete(file);
}

TEST(what_is_signed_is_recovered)
{
	uint8_t secret[32] = {7}, digest[32] = {0}, signature[65], key[64], found[64];
	CHECK(secp256k1_public(secret, key) == OK);
	for (unsigned i = 0; i < 64; i++) {
		digest[i % 32] ^= (uint8_t)(i + 1);
		CHECK(secp256k1_sign(secret, digest, signature) == OK);
		CHECK(signature[64] == 27 || signature[64] == 28);
		CHECK(signature[32] < 0x80); /* the lower S */
		CHECK(secp256k1_recover(digest, signature, found) == OK && memcmp(found, key, 64) == 0);
		CHECK(secp256k1_verify(key, digest, signature) == OK);
	}
}

TEST(no_key_no_signature)
{
	static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
					  0xff, 0xff, 0xff, 0xff, 0xfe, 0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48,
					  0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41};
	uint8_t zero[32] = {0}, digest[32] = {1}, signature[65] = {9}, key[64] = {9};
	CHECK(secp256k1_sign(zero, digest, signature) == ERR_KEY &&
	      secp256k1_sign(order, digest, signature) == ERR_KEY);
	CHECK(secp256k1_public(zero, key) == ERR_KEY && secp256k1_public(order, key) == ERR_KEY);
	CHECK(signature[0] == 9 && key[0] == 9);
}

int main(void)
{
	RUN(signatures_are_bees);
	RUN(what_is_signed_is_recovered);
	RUN(no_key_no_signature);
	return test_end();
}

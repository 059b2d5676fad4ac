#include "crypto/x25519.h"

#include "core/err.h"
#include "core/hex.h"
#include "test.h"

TEST(known_answers)
{
	cJSON *file = test_vectors("crypto-channel.json");
	const cJSON *json;
	unsigned n = 0;
	cJSON_ArrayForEach(json, cJSON_GetObjectItem(file, "x25519"))
	{
		uint8_t secret[32], public[32], key[32], shared[32], out[32];
		CHECK(hex_decode(bytes_text(test_text(json, "secret")), secret, 32) == OK);
		CHECK(hex_decode(bytes_text(test_text(json, "public")), public, 32) == OK);
		CHECK(hex_decode(bytes_text(test_text(json, "key")), key, 32) == OK);
		CHECK(hex_decode(bytes_text(test_text(json, "shared")), shared, 32) == OK);
		x25519_public(secret, out);
		CHECK(memcmp(out, public, 32) == 0);
		CHECK(x25519(secret, key, out) == OK && memcmp(out, shared, 32) == 0);
		/* RFC 7748, section 5: the top bit of a key is not looked at. */
		key[31] ^= 0x80;
		CHECK(x25519(secret, key, out) == OK && memcmp(out, shared, 32) == 0);
		n++;
	}
	CHECK(n == 17);
	cJSON_Delete(file);
}

/* The result would be zero, whatever the secret: 0, 1, two points of order 8, -1, and p, p + 1. */
TEST(points_of_small_order_are_refused)
{
	static const char *const points[] = {"0000000000000000000000000000000000000000000000000000000000000000",
					     "0100000000000000000000000000000000000000000000000000000000000000",
					     "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
					     "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
					     "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
					     "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
					     "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"};
	for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
		uint8_t secret[32], point[32], out[32];
		memset(secret, (int)i + 1, sizeof secret);
		memset(out, 0x55, sizeof out);
		CHECK(hex_decode(bytes_text(points[i]), point, 32) == OK);
		CHECK(x25519(secret, point, out) == ERR_KEY && out[0] == 0x55 && out[31] == 0x55);
	}
}

int main(void)
{
	RUN(known_answers);
	RUN(points_of_small_order_are_refused);
	return test_end();
}

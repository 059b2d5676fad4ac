#include "crypto/hkdf.h"

#include "core/err.h"
#include "core/hex.h"
#include "test.h"

static uint8_t buffer[4][256];

static struct bytes hex(const cJSON *json, const char *name, unsigned i)
{
	const struct bytes text = bytes_text(test_text(json, name));
	CHECK(text.n / 2 <= sizeof buffer[i] && hex_decode(text, buffer[i], text.n / 2) == OK);
	return bytes_of(buffer[i], text.n / 2);
}

TEST(known_answers)
{
	cJSON *file = test_vectors("crypto-channel.json");
	const cJSON *json;
	unsigned n = 0;
	cJSON_ArrayForEach(json, cJSON_GetObjectItem(file, "hkdf"))
	{
		const struct bytes salt = hex(json, "salt", 0), secret = hex(json, "secret", 1);
		const struct bytes info = hex(json, "info", 2), want = hex(json, "out", 3);
		uint8_t out[257];
		for (size_t cut = 0; cut <= want.n; cut++) {
			memset(out, 0x55, sizeof out);
			hkdf_sha256(salt, secret, info, out, cut);
			CHECK(memcmp(out, want.p, cut) == 0 && out[cut] == 0x55);
		}
		n++;
	}
	CHECK(n == 6);
	cJSON_Delete(file);
}

/* RFC 4231: test cases 1, 2, and 6 with a key of more than a block. */
TEST(hmac)
{
	static const uint8_t key1[20] = {11, 11, 11, 11, 11, 11, 11, 11, 11, 11,
					 11, 11, 11, 11, 11, 11, 11, 11, 11, 11};
	uint8_t key6[131], code[32], want[32];
	hmac_sha256(bytes_of(key1, sizeof key1), BYTES_LITERAL("Hi There"), BYTES_NONE, code);
	CHECK(hex_decode(BYTES_LITERAL("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"), want, 32) ==
	      OK);
	CHECK(memcmp(code, want, 32) == 0);
	hmac_sha256(BYTES_LITERAL("Jefe"), BYTES_LITERAL("what do ya want "), BYTES_LITERAL("for nothing?"), code);
	CHECK(hex_decode(BYTES_LITERAL("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"), want, 32) ==
	      OK);
	CHECK(memcmp(code, want, 32) == 0);
	memset(key6, 0xaa, sizeof key6);
	hmac_sha256(bytes_of(key6, sizeof key6), BYTES_NONE,
		    BYTES_LITERAL("Test Using Larger Than Block-Size Key - Hash Key First"), code);
	CHECK(hex_decode(BYTES_LITERAL("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"), want, 32) ==
	      OK);
	CHECK(memcmp(code, want, 32) == 0);
}

int main(void)
{
	RUN(known_answers);
	RUN(hmac);
	return test_end();
}

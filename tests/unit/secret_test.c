#include "crypto/secret.h"

#include "test.h"

TEST(wipes_all_and_no_more)
{
	uint8_t p[64];
	for (size_t n = 0; n <= 48; n++) {
		memset(p, 0xaa, sizeof p);
		secret_wipe(p + 8, n);
		for (size_t i = 0; i < sizeof p; i++)
			CHECK(p[i] == (i >= 8 && i < 8 + n ? 0 : 0xaa));
	}
	secret_wipe(NULL, 0);
}

TEST(each_bit_makes_a_difference)
{
	uint8_t a[33], b[33];
	for (size_t i = 0; i < sizeof a; i++)
		a[i] = b[i] = (uint8_t)(i * 5);
	for (size_t n = 0; n <= sizeof a; n++)
		CHECK(secret_equal(a, b, n));
	for (size_t i = 0; i < 8 * sizeof a; i++) {
		b[i / 8] ^= (uint8_t)(1U << i % 8);
		CHECK(!secret_equal(a, b, sizeof a));
		CHECK(secret_equal(a, b, i / 8)); /* what lies behind does not count */
		b[i / 8] ^= (uint8_t)(1U << i % 8);
	}
	/* Differences do not cancel each other out. */
	b[0] ^= 0x80;
	b[1] ^= 0x80;
	CHECK(!secret_equal(a, b, sizeof a));
}

int main(void)
{
	RUN(wipes_all_and_no_more);
	RUN(each_bit_makes_a_difference);
	return test_end();
}

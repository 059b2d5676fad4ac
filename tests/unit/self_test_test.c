/* That the known answers are right is what the vectors of each primitive's own test say; here: that
 * all are asked, on the host's and on the firmware's objects. */
#include "crypto/self_test.h"
#include "test.h"

TEST(every_primitive_gives_its_known_answers)
{
	static const char *const names[] = {"SHA-256", "Keccak-256", "Ed25519",           "secp256k1",
					    "P-256",   "X25519",     "ChaCha20-Poly1305", "HKDF-SHA256"};
	size_t n;
	const struct self_test *tests = self_tests(&n);
	CHECK(n == sizeof names / sizeof names[0]);
	for (size_t i = 0; i < n; i++) {
		CHECK(strcmp(tests[i].name, names[i]) == 0);
		if (!CHECK(tests[i].run()))
			printf("# %s gives a wrong answer\n", tests[i].name);
	}
}

int main(void)
{
	RUN(every_primitive_gives_its_known_answers);
	return test_end();
}

#include "crypto/sha256.h"

#include "core/err.h"
#include "core/hex.h"
#include "test.h"

#define LONGEST 300

static bool hash_is(const uint8_t hash[static SHA256_BYTES], const char *hex)
{
	uint8_t want[SHA256_BYTES];
	return hex_decode(bytes_text(hex), want, sizeof want) == OK && memcmp(hash, want, sizeof want) == 0;
}

static void fill(uint8_t *p, size_t n, size_t seed)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(i * 7 + seed);
}

/* FIPS 180-4's examples and short messages of NIST's validation system. */
TEST(known_answers)
{
	static const struct {
		struct bytes in;
		const char *hash;
	} rows[] = {
		{{NULL, 0}, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{{(const uint8_t *)"abc", 3}, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{{(const uint8_t *)"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56},
		 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
		{{(const uint8_t *)"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
				   "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
		  112},
		 "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
		{{(const uint8_t *)"\xd3", 1}, "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1"},
		{{(const uint8_t *)"\xc9\x8c\x8e\x55", 4},
		 "7abc22c0ae5af26ce93dbb94433a0e0b2e119d014f8e7f65bd56c61ccccd9504"},
	};
	uint8_t hash[SHA256_BYTES];
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		sha256_of(rows[i].in, hash);
		CHECK(hash_is(hash, rows[i].hash));
	}
}

TEST(a_million_times_a)
{
	static uint8_t a[1000];
	memset(a, 'a', sizeof a);
	struct sha256 h;
	uint8_t hash[SHA256_BYTES];
	sha256_init(&h);
	for (unsigned i = 0; i < 1000; i++)
		sha256_add(&h, bytes_of(a, sizeof a));
	sha256_end(&h, hash);
	CHECK(hash_is(hash, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"));
}

/* The hash of the hashes of messages of 0 to 300 bytes; the value was computed with Python. */
TEST(every_length)
{
	uint8_t in[LONGEST], hash[SHA256_BYTES];
	struct sha256 all;
	sha256_init(&all);
	for (size_t n = 0; n <= LONGEST; n++) {
		fill(in, n, n);
		sha256_of(bytes_of(in, n), hash);
		sha256_add(&all, bytes_of(hash, sizeof hash));
	}
	sha256_end(&all, hash);
	CHECK(hash_is(hash, "60d63ff40b5558727a9b786ac0be9300f7ca58fd9ddd3b2f3681b369018a87dc"));
}

TEST(cut_everywhere)
{
	uint8_t in[LONGEST], want[SHA256_BYTES], hash[SHA256_BYTES];
	fill(in, sizeof in, 3);
	sha256_of(bytes_of(in, sizeof in), want);
	for (size_t cut = 0; cut <= sizeof in; cut++) {
		struct sha256 h;
		sha256_init(&h);
		sha256_add(&h, bytes_of(in, cut));
		sha256_add(&h, BYTES_NONE);
		sha256_add(&h, bytes_of(in + cut, sizeof in - cut));
		sha256_end(&h, hash);
		CHECK(memcmp(hash, want, sizeof hash) == 0);
	}
	for (size_t step = 1; step <= 150; step++) {
		struct sha256 h;
		sha256_init(&h);
		for (size_t at = 0; at < sizeof in; at += step)
			sha256_add(&h, bytes_of(in + at, sizeof in - at < step ? sizeof in - at : step));
		sha256_end(&h, hash);
		CHECK(memcmp(hash, want, sizeof hash) == 0);
	}
}

TEST(state_is_plain_memory)
{
	uint8_t in[LONGEST], want[SHA256_BYTES], hash[SHA256_BYTES];
	fill(in, sizeof in, 9);
	sha256_of(bytes_of(in, sizeof in), want);
	struct sha256 h, copy;
	sha256_init(&h);
	sha256_add(&h, bytes_of(in, 77));
	copy = h;
	sha256_add(&h, BYTES_LITERAL("something else"));
	sha256_end(&h, hash);
	CHECK(memcmp(hash, want, sizeof hash) != 0);
	sha256_add(&copy, bytes_of(in + 77, sizeof in - 77));
	sha256_end(&copy, hash);
	CHECK(memcmp(hash, want, sizeof hash) == 0);
}

int main(void)
{
	RUN(known_answers);
	RUN(a_million_times_a);
	RUN(every_length);
	RUN(cut_everywhere);
	RUN(state_is_plain_memory);
	return test_end();
}

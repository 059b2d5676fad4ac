/* Names of ENS against known hashes, and names that are none. */
#include "swarm/namehash.h"

#include "core/hex.h"
#include "test.h"

TEST(known_names)
{
	cJSON *json = test_vectors("swarm-ens.json");
	const cJSON *v;
	unsigned n = 0;
	cJSON_ArrayForEach(v, cJSON_GetObjectItem(json, "namehash"))
	{
		uint8_t hash[32], wanted[32];
		CHECK(hex_decode(bytes_text(test_text(v, "namehash")), wanted, 32) == OK);
		CHECK(namehash_of(bytes_text(test_text(v, "name")), hash) == OK);
		CHECK(memcmp(hash, wanted, 32) == 0);
		n++;
	}
	CHECK(n == 5);
	cJSON_Delete(json);
}

TEST(upper_case_is_the_same_name)
{
	uint8_t a[32], b[32];
	CHECK(namehash_of(BYTES_LITERAL("a-b_9.eth"), a) == OK);
	CHECK(namehash_of(BYTES_LITERAL("A-B_9.ETH"), b) == OK && memcmp(a, b, 32) == 0);
	CHECK(namehash_of(BYTES_LITERAL("a-b_8.eth"), b) == OK && memcmp(a, b, 32) != 0);
}

TEST(what_is_no_name)
{
	static const char *const names[] = {".",         "a.",       ".eth",         "a..eth",  "a b.eth",
					    "xn--a.eth", "ab--.eth", "\xc3\xa9.eth", "a/b.eth", "a.eth\n",
					    "a@b.eth",   "a`.eth",   "a[.eth",       "a{.eth",  "eth.XN--p1ai"};
	static uint8_t name[NAMEHASH_NAME_MAX + 1];
	uint8_t hash[32] = {7};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		CHECK(namehash_of(bytes_text(names[i]), hash) == ERR_VALUE);
	memset(name, 'a', sizeof name);
	CHECK(namehash_of(bytes_of(name, sizeof name), hash) == ERR_LIMIT);
	name[3] = 0;
	CHECK(namehash_of(bytes_of(name, 8), hash) == ERR_VALUE && hash[0] == 7);
	name[3] = 'a';
	CHECK(namehash_of(bytes_of(name, sizeof name - 1), hash) == OK);
}

int main(void)
{
	RUN(known_names);
	RUN(upper_case_is_the_same_name);
	RUN(what_is_no_name);
	return test_end();
}

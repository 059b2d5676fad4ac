#include "kad/key.h"

#include "core/err.h"
#include "core/hex.h"
#include "p2p/peer_id.h"
#include "test.h"

static struct kad_key key_of_first_byte(uint8_t first)
{
	return (struct kad_key){{first}};
}

TEST(known_keys)
{
	cJSON *json = test_vectors("phase-dht.json"), *record;
	unsigned n = 0;
	cJSON_ArrayForEach(record, cJSON_GetObjectItemCaseSensitive(json, "records"))
	{
		struct kad_key key, wanted;
		const char *hex = test_text(record, "kad_id_sha256_of_key");
		CHECK(hex_decode(bytes_text(hex), wanted.bytes, sizeof wanted.bytes) == OK);
		kad_key_of(&key, bytes_text(test_text(record, "key_text")));
		CHECK(kad_key_equal(&key, &wanted));
		n++;
	}
	CHECK(n == 3);
	cJSON_Delete(json);
}

TEST(order_is_that_of_distances)
{
	const struct kad_key target = key_of_first_byte(0x0f), a = key_of_first_byte(0x0e), b = key_of_first_byte(0x1f);
	CHECK(kad_key_order(&target, &a, &b) < 0 && kad_key_order(&target, &b, &a) > 0);
	CHECK(kad_key_order(&target, &a, &a) == 0 && kad_key_order(&target, &target, &a) < 0);
	/* The number that is nearer is not the key that is. */
	const struct kad_key near = key_of_first_byte(0x00), far = key_of_first_byte(0x10);
	CHECK(kad_key_order(&target, &near, &far) < 0);
	struct kad_key last = target;
	last.bytes[31] ^= 1;
	CHECK(kad_key_order(&target, &target, &last) < 0 && kad_key_order(&target, &last, &near) < 0);
}

TEST(bits_in_common)
{
	struct kad_key zero = {{0}}, one = {{0}};
	CHECK(kad_key_common(&zero, &one) == KAD_KEY_BITS && kad_key_equal(&zero, &one));
	for (unsigned bit = 0; bit < KAD_KEY_BITS; bit++) {
		one = zero;
		one.bytes[bit / 8] = (uint8_t)(0x80 >> bit % 8);
		one.bytes[31] |= 1; /* what follows the first difference does not count */
		CHECK(kad_key_common(&zero, &one) == (bit < 255 ? bit : 255) && !kad_key_equal(&zero, &one));
	}
}

TEST(targets_lie_where_they_should)
{
	struct kad_key self, key;
	struct peer_id id;
	uint8_t random[SHA256_BYTES], target[KAD_TARGET_BYTES], again[KAD_TARGET_BYTES];
	sha256_of(BYTES_LITERAL("self"), self.bytes);
	for (unsigned common = 0; common <= KAD_TARGET_COMMON_MAX; common++) {
		sha256_of(bytes_of(&common, sizeof common), random);
		CHECK(kad_key_target(&self, common, random, target) == OK);
		kad_key_of(&key, bytes_of(target, sizeof target));
		CHECK(kad_key_common(&self, &key) == common);
		CHECK(peer_id_read(&id, bytes_of(target, sizeof target)) == OK); /* js-libp2p wants one */
	}
	random[31] ^= 1;
	CHECK(kad_key_target(&self, 3, random, again) == OK && memcmp(again, target, sizeof again) != 0);
	CHECK(kad_key_target(&self, KAD_TARGET_COMMON_MAX + 1, random, target) == ERR_LIMIT);
}

int main(void)
{
	RUN(known_keys);
	RUN(order_is_that_of_distances);
	RUN(bits_in_common);
	RUN(targets_lie_where_they_should);
	return test_end();
}

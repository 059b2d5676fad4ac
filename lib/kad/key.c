#include "kad/key.h"

#include <string.h>

#include "core/err.h"

/* On average 2^16 tries for 15 bits in common and then one that differs. */
#define TRIES_MAX (30U << (KAD_TARGET_COMMON_MAX + 1))

void kad_key_of(struct kad_key *key, struct bytes of)
{
	sha256_of(of, key->bytes);
}

bool kad_key_equal(const struct kad_key *a, const struct kad_key *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

int kad_key_order(const struct kad_key *target, const struct kad_key *a, const struct kad_key *b)
{
	for (size_t i = 0; i < sizeof a->bytes; i++)
		if (a->bytes[i] != b->bytes[i])
			return (a->bytes[i] ^ target->bytes[i]) < (b->bytes[i] ^ target->bytes[i]) ? -1 : 1;
	return 0;
}

unsigned kad_key_common(const struct kad_key *a, const struct kad_key *b)
{
	for (unsigned i = 0; i < sizeof a->bytes; i++) {
		unsigned differ = a->bytes[i] ^ b->bytes[i], same = 0;
		if (differ == 0)
			continue;
		for (; (differ & 0x80) == 0; differ <<= 1)
			same++;
		return 8 * i + same;
	}
	return KAD_KEY_BITS;
}

int kad_key_target(const struct kad_key *self, unsigned common, const uint8_t random[static SHA256_BYTES],
		   uint8_t target[static KAD_TARGET_BYTES])
{
	struct kad_key key;
	uint64_t at = load_be64(random);
	if (common > KAD_TARGET_COMMON_MAX)
		return ERR_LIMIT;
	target[0] = 0x12; /* SHA-256 */
	target[1] = SHA256_BYTES;
	memcpy(target + 2, random, SHA256_BYTES);
	for (unsigned i = 0; i < TRIES_MAX; i++) {
		store_be64(target + 2, at++);
		kad_key_of(&key, bytes_of(target, KAD_TARGET_BYTES));
		if (kad_key_common(self, &key) == common)
			return OK;
	}
	return ERR_LIMIT;
}

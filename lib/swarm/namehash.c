#include "swarm/namehash.h"

#include <string.h>

static bool is_plain(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static bool is_label(const uint8_t *label, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!is_plain(label[i]))
			return false;
	return n > 0 && !(n >= 4 && label[2] == '-' && label[3] == '-');
}

int namehash_of(struct bytes name, uint8_t out[static KECCAK256_BYTES])
{
	uint8_t lower[NAMEHASH_NAME_MAX], hashes[2 * KECCAK256_BYTES] = {0};
	if (name.n > NAMEHASH_NAME_MAX)
		return ERR_LIMIT;
	for (size_t i = 0; i < name.n; i++)
		lower[i] = name.p[i] >= 'A' && name.p[i] <= 'Z' ? (uint8_t)(name.p[i] - 'A' + 'a') : name.p[i];
	for (size_t end = name.n, more = name.n > 0; more;) {
		size_t begin = end;
		while (begin > 0 && lower[begin - 1] != '.')
			begin--;
		if (!is_label(lower + begin, end - begin))
			return ERR_VALUE;
		keccak256_of(bytes_of(lower + begin, end - begin), hashes + KECCAK256_BYTES);
		keccak256_of(bytes_of(hashes, sizeof hashes), hashes);
		more = begin > 0;
		end = begin > 0 ? begin - 1 : 0;
	}
	memcpy(out, hashes, KECCAK256_BYTES);
	return OK;
}

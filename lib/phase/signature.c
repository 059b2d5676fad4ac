#include "phase/signature.h"

#include <assert.h>

#include "core/err.h"

int signature_check(const struct signature *s, struct bytes message)
{
	if (!s->known || !s->well_formed)
		return ERR_SIGNATURE;
	return ed25519_verify(s->key, message, s->signature);
}

void signatures_count(struct signature_tally *t, const uint8_t *keys, size_t stride, size_t keys_n,
		      const struct signature *signatures, size_t signatures_n, struct bytes message)
{
	assert(keys_n <= SIGNATURE_KEYS_MAX);
	*t = (struct signature_tally){0};
	for (size_t k = 0; k < keys_n; k++) {
		struct bytes key = bytes_of(keys + k * stride, ED25519_KEY_BYTES);
		for (size_t i = 0; i < signatures_n && !t->good[k]; i++) {
			const struct signature *s = &signatures[i];
			if (!s->known || !bytes_equal(bytes_of(s->key, sizeof s->key), key))
				continue;
			t->good[k] = signature_check(s, message) == OK;
			t->wrong[k] = !t->good[k];
		}
		t->good_n += t->good[k];
	}
}

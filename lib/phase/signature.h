/* Signatures under a document, and how many of them count. */
#ifndef PHASE_SIGNATURE_H
#define PHASE_SIGNATURE_H

#include "core/bytes.h"
#include "crypto/ed25519.h"

#define SIGNATURES_MAX 64 /* entries under one document; more are refused, so that work is bounded */
#define SIGNATURE_KEYS_MAX 64

struct signature {
	uint8_t key[ED25519_KEY_BYTES];
	uint8_t signature[ED25519_SIGNATURE_BYTES];
	bool known;       /* algorithm is ed25519 and key_id is 64 lower-case hex digits */
	bool well_formed; /* signature is 128 lower-case hex digits */
};

/* What the entries amount to, by index into the keys. */
struct signature_tally {
	uint64_t good_n;                /* distinct keys with a right signature */
	bool good[SIGNATURE_KEYS_MAX];  /* has signed */
	bool wrong[SIGNATURE_KEYS_MAX]; /* has entries, all of them wrong */
};

/* Checks one signature against message: OK, ERR_KEY or ERR_SIGNATURE. */
MUST_CHECK int signature_check(const struct signature *s, struct bytes message);

/* Counts keys, not entries: keys_n distinct keys (at most SIGNATURE_KEYS_MAX), which start every
 * stride bytes from keys. A key with a right and a wrong entry has signed, because anybody who
 * passes a document on can add wrong entries to it. */
void signatures_count(struct signature_tally *t, const uint8_t *keys, size_t stride, size_t keys_n,
		      const struct signature *signatures, size_t signatures_n, struct bytes message);

#endif

/* Keys of an encrypted file's chunks: fresh ones, or such as follow from a secret and the content.
 *
 * Of a secret the n-th chunk of a file has the key keccak256(secret || LE64(n) || address), with the
 * address that it would have in the clear: the same file has the same reference again, and no two
 * chunks have the same key but where they are the same chunk. What pads it to a full chunk are blocks
 * keccak256(key || LE64(32 * n) || "padding"). Whoever knows the secret can tell
 * whether a reference is that of a file he has; nobody else learns anything. */
#ifndef HOST_CHUNK_KEYS_H
#define HOST_CHUNK_KEYS_H

#include "swarm/split.h"

#define CHUNK_KEYS_SECRET_BYTES 32

struct chunk_keys {
	bool fresh;
	uint8_t secret[CHUNK_KEYS_SECRET_BYTES];
	uint64_t made; /* chunks of this file that have keys */
	int err;       /* of the kernel's randomness: no reference may be given out then */
	enum keccak_kind kind;
	struct bmt_scratch scratch;
};

/* secret: NULL for fresh keys. To be called for each file; whoever owns keys wipes it. */
void chunk_keys_begin(struct chunk_keys *keys, const uint8_t *secret);
/* For split_init; keys must outlive the splitting. */
struct split_keys chunk_keys_split(struct chunk_keys *keys);

#endif

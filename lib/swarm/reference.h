/* A Swarm reference: the address of a root chunk, and for encrypted content the key behind it. */
#ifndef SWARM_REFERENCE_H
#define SWARM_REFERENCE_H

#include "core/err.h"
#include "swarm/bmt.h"

#define REFERENCE_KEY_BYTES 32
#define REFERENCE_ENCRYPTED_BYTES (REFERENCE_BYTES + REFERENCE_KEY_BYTES)
#define REFERENCE_TEXT_BYTES (2 * REFERENCE_ENCRYPTED_BYTES + 1)

struct reference {
	uint8_t address[REFERENCE_BYTES];
	uint8_t key[REFERENCE_KEY_BYTES]; /* secret to whoever shall not read the content; 0 when plain */
	bool encrypted;
};

/* From 32 or 64 bytes. ERR_VALUE: another length. */
MUST_CHECK int reference_read(struct bytes in, struct reference *r);
/* From 64 or 128 hex digits of either case, as bee takes them. ERR_VALUE. */
MUST_CHECK int reference_parse(struct bytes text, struct reference *r);
/* As bytes; gives how many, 32 or 64. */
size_t reference_write(const struct reference *r, uint8_t out[static REFERENCE_ENCRYPTED_BYTES]);
/* As lower-case digits, with a NUL. */
void reference_text(const struct reference *r, char text[static REFERENCE_TEXT_BYTES]);
bool reference_is_zero(const struct reference *r); /* mantaray's "none" */

#endif

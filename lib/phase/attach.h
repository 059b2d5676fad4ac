/* Adding a signature to a manifest or policy without touching the rest of its bytes. */
#ifndef PHASE_ATTACH_H
#define PHASE_ATTACH_H

#include "phase/manifest.h"
#include "phase/policy.h"

#define SIGNABLE_ARENA_BYTES DOCUMENT_ARENA_BYTES
#define SIGNATURE_ENTRY_BYTES_MAX 512 /* of one entry as it is written here */

/* A document of either kind, told apart by manifest_version and policy_version. */
struct signable {
	bool is_policy;
	union {
		struct manifest manifest;
		struct policy policy;
	};
};

/* What manifest_read or policy_read refuses is not signed. */
MUST_CHECK int signable_read(struct signable *s, struct bytes text, struct arena *a, struct why *why);
/* The bytes that its signatures cover. */
struct bytes signable_message(const struct signable *s);

/* Reads one entry that was made elsewhere, of an algorithm that is known here. signed_at is empty
 * when absent. */
MUST_CHECK int signature_entry_read(struct signature *s, struct bytes *signed_at, struct bytes text, struct arena *a,
				    struct why *why);
/* {"algorithm":"ed25519","key_id":…,"signature":…,"signed_at":…} */
void signature_entry_write(const struct signature *s, struct bytes signed_at, struct writer *w);

/* Writes doc with s among its signatures: in place of an entry by the same key, else at the end.
 * All bytes outside of "signatures" stay; a line feed follows when there was none. ERR_LIMIT when
 * there would be too many signatures or bytes. w has room for SIGNATURE_ENTRY_BYTES_MAX more than
 * the text has. Nothing here checks that s is right. */
MUST_CHECK int signature_attach(const struct signable *doc, const struct signature *s, struct bytes signed_at,
				struct writer *w);

#endif

/* The policy: whom a machine trusts, and for what. The caller's own file, so its form is checked
 * but its signatures only when it replaces another one (policy_replaces). Contract:
 * phase-policy(5). */
#ifndef PHASE_POLICY_H
#define PHASE_POLICY_H

#include "phase/document.h"

#define POLICY_BYTES_MAX DOCUMENT_BYTES_MAX
#define POLICY_ARENA_BYTES DOCUMENT_ARENA_BYTES
#define POLICY_KEYS_MAX SIGNATURE_KEYS_MAX
#define POLICY_URL_MAX 2048 /* bytes of a source or bootstrap address */
#define POLICY_SIGNED_PREFIX "phase-policy-v1\n"

struct policy_key {
	uint8_t key[ED25519_KEY_BYTES];
	struct bytes name; /* may be empty */
};

/* All views lead into the text or into the arena it was read with. */
struct policy {
	struct json json;
	struct policy_key keys[POLICY_KEYS_MAX]; /* distinct and acceptable (ed25519_key_check) */
	size_t keys_n;
	uint64_t threshold;   /* 1 .. keys_n */
	uint64_t version;     /* 0 when absent */
	uint64_t min_release; /* 0 when absent */
	struct bytes channel; /* empty: any */
	struct bytes arch;    /* canonical; empty: any */
	bool has_expires_at;
	struct wall expires_at;
	const struct json_node *sources;   /* array of http(s) URLs; NULL when absent */
	const struct json_node *bootstrap; /* array of multiaddr texts; NULL when absent */
	struct signature signatures[SIGNATURES_MAX];
	size_t signatures_n;
	struct bytes message; /* the bytes that signatures cover */
};

/* text must outlive p, and so must the arena (POLICY_ARENA_BYTES always suffice). On failure p is
 * untouched and why says which member, where. A "critical" array with a name that is not
 * understood is ERR_CRITICAL: a policy that cannot be followed in full is not followed at all. */
MUST_CHECK int policy_read(struct policy *p, struct bytes text, struct arena *a, struct why *why);

/* The next member, after the one given (NULL: the first), that means nothing to a reader of
 * policies; NULL when there is none. */
const struct json_node *policy_unknown(const struct policy *p, const struct json_node *after);

/* Makes a policy of keys given one by one (phase-verify --key): starts empty, threshold 1. */
void policy_init(struct policy *p);
/* ERR_KEY when not acceptable, ERR_DUPLICATE when there already, ERR_LIMIT when full. */
MUST_CHECK int policy_add_key(struct policy *p, const uint8_t key[static ED25519_KEY_BYTES]);

/* Which of p's keys have signed message. */
void policy_count(const struct policy *p, const struct signature *signatures, size_t signatures_n, struct bytes message,
		  struct signature_tally *t);

/* OK when next may replace old: greater version, signatures that meet old's threshold with old's
 * keys and next's own with its own. ERR_POLICY_OLD, ERR_THRESHOLD or ERR_SIGNATURE otherwise, and
 * why->what says whose. Dates are not judged: an expired policy must be replaceable, and a chain
 * of replacements may lead over one that has expired since. */
MUST_CHECK int policy_replaces(const struct policy *old, const struct policy *next, struct why *why);

#endif

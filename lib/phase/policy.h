/* The policy: whom a machine trusts, and for what. The caller's own file, so its form is checked
 * but its signatures only when it replaces another one (policy_replaces). Contract: policy(5). */
#ifndef PHASE_POLICY_H
#define PHASE_POLICY_H

#include "phase/manifest.h"

#define POLICY_BYTES_MAX (1U << 20)
#define POLICY_KEYS_MAX 64
#define POLICY_SIGNED_PREFIX "phase-policy-v1\n"

struct policy_key {
	uint8_t key[ED25519_KEY_BYTES];
	struct bytes name; /* may be empty */
};

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
	const struct json_node *sources, *bootstrap; /* arrays of strings; NULL when absent */
	struct signature signatures[MANIFEST_SIGNATURES_MAX];
	size_t signatures_n;
	struct bytes message; /* the bytes that signatures cover */
};

MUST_CHECK int policy_read(struct policy *p, struct bytes text, struct arena *a, struct why *why);

/* Makes a policy of keys given one by one (phase-verify --key): starts empty, threshold 1. */
void policy_init(struct policy *p);
/* ERR_KEY when not acceptable, ERR_DUPLICATE when there already, ERR_LIMIT when full. */
MUST_CHECK int policy_add_key(struct policy *p, const uint8_t key[static ED25519_KEY_BYTES]);

/* OK when next may replace old: greater version, signatures that meet old's threshold with old's
 * keys and next's own with its own. ERR_POLICY_OLD, ERR_THRESHOLD or ERR_SIGNATURE otherwise. */
MUST_CHECK int policy_replaces(const struct policy *old, const struct policy *next, struct why *why);

#endif

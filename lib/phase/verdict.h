/* The one decision: may this release be started? Every rule is judged and named, also those
 * after the first that says no, so that a person sees the whole picture at once. */
#ifndef PHASE_VERDICT_H
#define PHASE_VERDICT_H

#include "phase/manifest.h"
#include "phase/policy.h"

enum rule {
	RULE_SIGNATURES, /* no trusted key has signed wrongly, or the threshold is met all the same */
	RULE_THRESHOLD,  /* as many distinct trusted keys have signed as the policy asks */
	RULE_CHANNEL,
	RULE_ARCH,
	RULE_CREATED, /* created_at is not in the future (by more than the slack) */
	RULE_EXPIRES, /* expires_at has not come yet: no slack here */
	RULE_POLICY_EXPIRES,
	RULE_FLOOR, /* release >= max(policy's min_release, highest accepted before) */
	RULE_CRITICAL,
	RULES_N
};

#define VERDICT_CLOCK_SLACK_S 300 /* clocks of publisher and machine may differ by this much */

/* What the machine knows beside policy and manifest. */
struct circumstances {
	struct wall now;
	bool has_now;   /* false: no believable clock; dates are then not judged */
	bool at_least;  /* it is that late or later, nobody knows how much: only expiry is judged */
	uint64_t floor; /* highest release accepted before for this channel and arch; 0: none */
};

struct verdict {
	enum err rules[RULES_N];      /* OK or what is wrong */
	struct signature_tally tally; /* by index into the policy's keys */
	uint64_t floor;               /* the one that counted */
	enum err err;                 /* OK: accepted. Else the weightiest: signature before policy */
};

/* Fills *v and returns v->err. Pure: the same inputs give the same verdict everywhere. A policy
 * without keys accepts nothing. */
MUST_CHECK int verdict_reach(struct verdict *v, const struct manifest *m, const struct policy *p,
			     const struct circumstances *c);
/* The rule's name as --explain prints it: "threshold", "floor", … */
const char *rule_name(enum rule rule);

#endif

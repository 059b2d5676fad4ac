/* Whom a program trusts, and for what: what --policy, --key, --threshold, --channel, --arch and
 * --state come to. All functions print what is wrong before they return an error. */
#ifndef HOST_TRUST_H
#define HOST_TRUST_H

#include <stddef.h>

#include "host/cli.h"
#include "phase/verdict.h"

#define TRUST_NO_THRESHOLD UINT64_MAX

struct trust_options {
	const char *policy; /* a file; NULL: keys */
	struct cli_texts keys;
	uint64_t threshold;         /* TRUST_NO_THRESHOLD: 1, or the policy's */
	const char *state;          /* folder of release floors; NULL: none. The caller's to use */
	const char *channel, *arch; /* narrow what is accepted; NULL: as the policy has it */
};

/* Rows of a program's options table, for the member trust of its struct type. */
/* clang-format off */
#define TRUST_OPTIONS(type) \
	{0, "policy", CLI_TEXT, offsetof(type, trust.policy), "FILE", \
	 "the policy: whom to trust, and for what"}, \
	{'k', "key", CLI_TEXTS, offsetof(type, trust.keys), "ID_OR_FILE", \
	 "no policy: trust this public key; may be repeated"}, \
	{0, "threshold", CLI_UINT, offsetof(type, trust.threshold), "N", \
	 "how many of the keys must have signed (default 1)"}, \
	{0, "state", CLI_TEXT, offsetof(type, trust.state), "DIR", \
	 "refuse releases below the highest one accepted, kept in DIR"}
#define TRUST_NARROWING_OPTIONS(type) \
	{'c', "channel", CLI_TEXT, offsetof(type, trust.channel), "NAME", "accept this channel only"}, \
	{'a', "arch", CLI_TEXT, offsetof(type, trust.arch), "ARCH", "accept this architecture only"}
/* clang-format on */

/* Ends the program (status 2) unless exactly one of policy and keys is there, and a threshold
 * only with keys. */
void trust_check_usage(struct cli *cli, const struct trust_options *o);

struct trust {
	struct policy policy;
	struct bytes text; /* owned: the policy's bytes as read */
	void *memory;      /* owned: what the policy's views lead into */
};

MUST_CHECK int trust_read(struct cli *cli, const struct trust_options *o, struct trust *t);
/* A policy file alone; warns of members that are not known. */
MUST_CHECK int trust_read_policy(struct cli *cli, const char *path, struct trust *t);
/* Warns of each member that has no effect. */
void trust_warn_unknown(struct cli *cli, const char *path, const struct policy *p);
/* Reads the policy at path into *accepted when it may replace the one at old_path
 * (policy_replaces). Warns when it has expired by now. */
MUST_CHECK int trust_replace(struct cli *cli, const char *old_path, const char *path, struct wall now,
			     struct trust *accepted);
/* Also after a failure; t may be zeroed. */
void trust_free(struct trust *t);

/* The highest release accepted before for m's channel and arch, and raising it to m's. */
MUST_CHECK int trust_floor(struct cli *cli, const char *folder, const struct manifest *m, uint64_t *floor);
MUST_CHECK int trust_raise_floor(struct cli *cli, const char *folder, const struct manifest *m, struct wall now);

#endif

/* Whom a program trusts, and for what: what --policy, --key, --threshold, --channel, --arch and
 * --state come to. All functions print what is wrong before they return an error. */
#ifndef HOST_TRUST_H
#define HOST_TRUST_H

#include "host/cli.h"
#include "phase/verdict.h"

#define TRUST_NO_THRESHOLD UINT64_MAX

struct trust_options {
	const char *policy; /* a file; NULL: keys */
	struct cli_texts keys;
	uint64_t threshold;         /* TRUST_NO_THRESHOLD: 1, or the policy's */
	const char *channel, *arch; /* narrow what is accepted; NULL: as the policy has it */
};

/* Ends the program (status 2) unless exactly one of policy and keys is there, and a threshold
 * only with keys. */
void trust_check_usage(struct cli *cli, const struct trust_options *o);

struct trust {
	struct policy policy;
	struct bytes text; /* owned: the policy's bytes as read */
	void *memory;      /* owned: what the policy's views lead into */
};

MUST_CHECK int trust_read(struct cli *cli, const struct trust_options *o, struct trust *t);
/* A policy file alone. */
MUST_CHECK int trust_read_policy(struct cli *cli, const char *path, struct trust *t);
/* Also after a failure; t may be zeroed. */
void trust_free(struct trust *t);

/* The highest release accepted before for m's channel and arch, and raising it to m's. */
MUST_CHECK int trust_floor(struct cli *cli, const char *folder, const struct manifest *m, uint64_t *floor);
MUST_CHECK int trust_raise_floor(struct cli *cli, const char *folder, const struct manifest *m, struct wall now);

#endif

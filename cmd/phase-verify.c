#include <errno.h>
#include <stdalign.h>
#include <stdio_ext.h>

#include "host/artifacts.h"
#include "host/cli.h"
#include "host/cli_json.h"
#include "host/clock.h"
#include "host/explain.h"
#include "host/file.h"
#include "host/trust.h"

struct options {
	struct trust_options trust;
	const char *state, *at, *artifacts, *update_policy;
	bool explain;
};

#define FIELD(name) offsetof(struct options, name)
static const struct cli_option table[] = {
	{0, "policy", CLI_TEXT, FIELD(trust.policy), "FILE", "the policy: whom to trust, and for what"},
	{'k', "key", CLI_TEXTS, FIELD(trust.keys), "ID_OR_FILE", "no policy: trust this public key; may be repeated"},
	{0, "threshold", CLI_UINT, FIELD(trust.threshold), "N", "how many of the keys must have signed (default 1)"},
	{'c', "channel", CLI_TEXT, FIELD(trust.channel), "NAME", "accept this channel only"},
	{'a', "arch", CLI_TEXT, FIELD(trust.arch), "ARCH", "accept this architecture only"},
	{0, "state", CLI_TEXT, FIELD(state), "DIR", "refuse releases below the highest one accepted, kept in DIR"},
	{0, "at", CLI_TEXT, FIELD(at), "TIME", "judge dates as of this time (RFC 3339)"},
	{0, "artifacts", CLI_TEXT, FIELD(artifacts), "STORE", "check the files in STORE/CHANNEL/ARCH too"},
	{0, "explain", CLI_FLAG, FIELD(explain), NULL, "print the verdict as JSON: each rule, found and needed"},
	{0, "update-policy", CLI_TEXT, FIELD(update_policy), "NEW", "print the policy NEW if it may replace --policy"},
};
static const struct cli_program program = {
	.name = "phase-verify",
	.operands = "[MANIFEST]",
	.summary = "print a release manifest if it is to be trusted, nothing otherwise",
	.text = "Reads standard input when no MANIFEST is given. Opens no network connection.\n"
		"\n"
		"  phase-verify --policy policy.json --state /var/lib/phase manifest.json\n"
		"  phase-verify --key release-a.pub --artifacts store manifest.json\n"
		"  phase-verify --policy policy.json --explain manifest.json | jq .rules\n"
		"  phase-verify --policy policy.json --update-policy new.json > next.json\n",
	.options = table,
	.options_n = sizeof table / sizeof table[0],
	.operands_max = 1,
};

/* Large, so not on the stack. */
static alignas(16) uint8_t memory[MANIFEST_ARENA_BYTES];
static struct trust trust, next;
static struct manifest manifest;
static struct verdict verdict;
static struct circumstances circumstances = {.has_now = true};
static const char *subject = "stdin";

/* Prints now, so that the state is raised only for what has arrived. */
static int print(struct cli *cli, struct bytes out)
{
	if (fwrite(out.p, 1, out.n, stdout) == out.n && fflush(stdout) == 0)
		return OK;
	cli_error(cli, ERR_IO, "write error: %s", strerror(errno));
	__fpurge(stdout); /* said once is enough: cli_end would try again */
	clearerr(stdout);
	return ERR_IO;
}

static int read_manifest(struct cli *cli, const struct options *o, struct bytes *text)
{
	const char *path = cli->operands.n > 0 ? cli->operands.v[0] : "-";
	struct arena a = arena_of(memory, sizeof memory);
	struct why why = {.err = OK};
	if (strcmp(path, "-") != 0)
		subject = path;
	else
		cli_reads_stdin(cli, "a manifest");
	int err = file_read(path, MANIFEST_BYTES_MAX, text);
	if (err == OK && (err = manifest_read(&manifest, *text, &a, &why)) == OK)
		return OK;
	cli_fail(cli, err, subject, &why);
	if (!o->explain)
		return err;
	int printed = cli_json_print(explain_malformed_json(err, &why));
	return printed == OK ? err : printed;
}

static int verify(struct cli *cli, const struct options *o, struct bytes text)
{
	const struct judged judged = {&verdict, &manifest, &trust.policy, &circumstances};
	cJSON *artifacts = NULL, *explained;
	int err = verdict_reach(&verdict, &manifest, &trust.policy, &circumstances);
	explain_print(cli, subject, &judged);
	if (o->artifacts != NULL && (err == OK || o->explain)) {
		artifacts = cJSON_CreateArray();
		int found = artifacts_check(cli, o->artifacts, &manifest, artifacts);
		err = err != OK ? err : found;
	}
	if (o->explain) {
		explained = explain_json(&judged, err == OK);
		if (artifacts != NULL && !cJSON_AddItemReferenceToObject(explained, "artifacts", artifacts))
			err = ERR_NO_MEMORY;
		int printed = cli_json_print(explained);
		err = printed == OK ? err : printed;
	} else if (err == OK && (err = print(cli, text)) == OK && o->state != NULL) {
		err = trust_raise_floor(cli, o->state, &manifest, circumstances.now);
	}
	cJSON_Delete(artifacts);
	return err;
}

static int update_policy(struct cli *cli, const struct options *o)
{
	struct why why = {.what = ""};
	int err = trust_read_policy(cli, o->trust.policy, &trust);
	if (err == OK)
		err = trust_read_policy(cli, o->update_policy, &next);
	if (err != OK)
		return err;
	err = policy_replaces(&trust.policy, &next.policy, &why);
	if (err == ERR_POLICY_OLD)
		cli_error(cli, err, "%s: %s: version %llu, in force is %llu", o->update_policy, err_text(err),
			  (unsigned long long)next.policy.version, (unsigned long long)trust.policy.version);
	else if (err != OK)
		cli_error(cli, err, "%s: %s: %s", o->update_policy, err_text(err), why.what);
	if (err != OK)
		return err;
	if (next.policy.has_expires_at && next.policy.expires_at.s <= circumstances.now.s)
		cli_warn(cli, "%s: this policy has expired: it accepts nothing until it is replaced", o->update_policy);
	return print(cli, next.text);
}

static void check_usage(struct cli *cli, const struct options *o)
{
	bool judging = o->state != NULL || o->artifacts != NULL || o->explain || o->trust.channel != NULL ||
		       o->trust.arch != NULL;
	trust_check_usage(cli, &o->trust);
	if (o->update_policy != NULL && (o->trust.policy == NULL || judging || cli->operands.n > 0))
		cli_usage(cli, "--update-policy goes with --policy and --at only");
	if (o->at != NULL && wall_read(bytes_text(o->at), &circumstances.now) != OK)
		cli_usage(cli, "--at %s: not a time as in 2026-11-21T02:00:00Z", o->at);
}

int main(int argc, char **argv)
{
	struct options o = {.trust.threshold = TRUST_NO_THRESHOLD};
	struct bytes text = BYTES_NONE;
	struct cli cli;
	int err;
	circumstances.now.s = clock_wall_s();
	cli_start(&cli, &program, argc, argv, &o);
	check_usage(&cli, &o);
	if (o.update_policy != NULL)
		err = update_policy(&cli, &o);
	else if ((err = trust_read(&cli, &o.trust, &trust)) == OK && (err = read_manifest(&cli, &o, &text)) == OK &&
		 (o.state == NULL || (err = trust_floor(&cli, o.state, &manifest, &circumstances.floor)) == OK))
		err = verify(&cli, &o, text);
	file_free(text);
	trust_free(&trust);
	trust_free(&next);
	return cli_end(&cli, err);
}

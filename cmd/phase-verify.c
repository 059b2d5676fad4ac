#include <errno.h>
#include <stdio_ext.h>
#include <stdlib.h>

#include "host/artifacts.h"
#include "host/cli.h"
#include "host/cli_json.h"
#include "host/clock.h"
#include "host/explain.h"
#include "host/file.h"
#include "host/file_kind.h"
#include "host/trust.h"

struct options {
	struct trust_options trust;
	const char *at, *artifacts, *update_policy;
	bool explain;
};

#define FIELD(name) offsetof(struct options, name)
static const struct cli_option table[] = {
	TRUST_OPTIONS(struct options),
	TRUST_NARROWING_OPTIONS(struct options),
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
		"  phase-verify --policy policy.json --update-policy new.json > next && mv next policy.json\n",
	.options = table,
	.options_n = sizeof table / sizeof table[0],
	.operands_max = 1,
};

/* What one run reads and finds. */
struct verifying {
	struct cli *cli;
	const struct options *o;
	const char *subject;
	struct trust trust;
	struct bytes text; /* owned: of the manifest */
	void *memory;      /* owned: what the manifest's views lead into */
	struct manifest manifest;
	struct verdict verdict;
	struct circumstances circumstances;
};

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

static int read_manifest(struct verifying *v)
{
	const char *path = v->cli->operands.n > 0 ? v->cli->operands.v[0] : "-";
	struct why why = {.err = OK};
	if (strcmp(path, "-") != 0)
		v->subject = path;
	else
		cli_reads_stdin(v->cli, "a manifest");
	if ((v->memory = malloc(MANIFEST_ARENA_BYTES)) == NULL)
		return ERR_NO_MEMORY;
	struct arena a = arena_of(v->memory, MANIFEST_ARENA_BYTES);
	int err = file_read(path, MANIFEST_BYTES_MAX, &v->text);
	if (err == OK && (err = manifest_read(&v->manifest, v->text, &a, &why)) == OK)
		return OK;
	file_kind_fail(v->cli, err, v->subject, &why, v->text, "a release manifest");
	if (!v->o->explain)
		return err;
	int printed = cli_json_print(explain_malformed_json(err, &why));
	return printed == OK ? err : printed;
}

static int verify(struct verifying *v)
{
	const struct judged judged = {&v->verdict, &v->manifest, &v->trust.policy, &v->circumstances};
	cJSON *artifacts = NULL, *explained;
	int err = verdict_reach(&v->verdict, &v->manifest, &v->trust.policy, &v->circumstances);
	explain_print(v->cli, v->subject, &judged);
	if (v->o->artifacts != NULL && (err == OK || v->o->explain)) {
		artifacts = cJSON_CreateArray();
		int found = artifacts_check(v->cli, v->o->artifacts, &v->manifest, artifacts);
		err = err != OK ? err : found;
	}
	if (v->o->explain) {
		explained = explain_json(&judged, err == OK);
		if (artifacts != NULL && !cJSON_AddItemReferenceToObject(explained, "artifacts", artifacts))
			err = ERR_NO_MEMORY;
		int printed = cli_json_print(explained);
		err = printed == OK ? err : printed;
	} else if (err == OK && (err = print(v->cli, v->text)) == OK && v->o->trust.state != NULL) {
		err = trust_raise_floor(v->cli, v->o->trust.state, &v->manifest, v->circumstances.now);
	}
	cJSON_Delete(artifacts);
	return err;
}

static int run(struct verifying *v)
{
	const struct options *o = v->o;
	int err;
	if (o->update_policy != NULL) {
		err = trust_replace(v->cli, o->trust.policy, o->update_policy, v->circumstances.now, &v->trust);
		return err == OK ? print(v->cli, v->trust.text) : err;
	}
	err = trust_read(v->cli, &o->trust, &v->trust);
	if (err == OK)
		err = read_manifest(v);
	if (err == OK && o->trust.state != NULL)
		err = trust_floor(v->cli, o->trust.state, &v->manifest, &v->circumstances.floor);
	return err == OK ? verify(v) : err;
}

static void check_usage(struct cli *cli, const struct options *o, struct wall *now)
{
	bool judging = o->trust.state != NULL || o->artifacts != NULL || o->explain || o->trust.channel != NULL ||
		       o->trust.arch != NULL;
	trust_check_usage(cli, &o->trust);
	if (o->update_policy != NULL && (o->trust.policy == NULL || judging || cli->operands.n > 0))
		cli_usage(cli, "--update-policy goes with --policy and --at only");
	if (o->at != NULL && wall_read(bytes_text(o->at), now) != OK)
		cli_usage(cli, "--at %s: not a time as in 2026-11-21T02:00:00Z", o->at);
}

int main(int argc, char **argv)
{
	struct options o = {.trust.threshold = TRUST_NO_THRESHOLD};
	struct cli cli;
	struct verifying v = {.cli = &cli,
			      .o = &o,
			      .subject = "stdin",
			      .circumstances = {.now = {clock_wall_s()}, .has_now = true}};
	cli_start(&cli, &program, argc, argv, &o);
	check_usage(&cli, &o, &v.circumstances.now);
	int err = run(&v);
	file_free(v.text);
	free(v.memory);
	trust_free(&v.trust);
	return cli_end(&cli, err);
}

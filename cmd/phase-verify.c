#include <errno.h>
#include <stdalign.h>

#include "core/hex.h"
#include "host/artifacts.h"
#include "host/cli.h"
#include "host/explain.h"
#include "host/file.h"
#include "host/floor_store.h"
#include "host/keyfile.h"
#include "phase/floor.h"

struct options {
	const char *policy, *state, *at, *artifacts, *update_policy, *channel, *arch;
	struct cli_texts keys;
	uint64_t threshold;
	bool explain;
};

#define NO_THRESHOLD UINT64_MAX
#define FIELD(name) offsetof(struct options, name)
static const struct cli_option table[] = {
	{0, "policy", CLI_TEXT, FIELD(policy), "FILE", "the policy: whom to trust, and for what"},
	{'k', "key", CLI_TEXTS, FIELD(keys), "ID_OR_FILE",
	 "instead of a policy: trust this public key; may be repeated"},
	{0, "threshold", CLI_UINT, FIELD(threshold), "N", "how many of the keys must have signed (default 1)"},
	{'c', "channel", CLI_TEXT, FIELD(channel), "NAME", "accept this channel only"},
	{'a', "arch", CLI_TEXT, FIELD(arch), "ARCH", "accept this architecture only"},
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
		"Exit status: 0 accepted, 1 a signature or a file is wrong, 3 unreadable or malformed,\n"
		"4 refused by policy (threshold, expiry, release floor, channel, architecture).\n"
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
static alignas(16) uint8_t memory[2][DOCUMENT_ARENA_BYTES];
static struct policy policy, next_policy;
static struct manifest manifest;
static struct verdict verdict;
static struct circumstances circumstances = {.has_now = true};
static const char *subject = "stdin";

static int read_policy(struct cli *cli, const char *path, unsigned slot, struct policy *p)
{
	static struct bytes texts[2]; /* the policies lead into them to the end */
	struct bytes *text = &texts[slot];
	struct arena a = arena_of(memory[slot], sizeof memory[slot]);
	struct why why = {.err = OK};
	int err = file_read(path, POLICY_BYTES_MAX, text);
	if (err == OK)
		err = policy_read(p, *text, &a, &why);
	if (err != OK)
		cli_fail(cli, err, path, &why);
	return err;
}

static int read_keys(struct cli *cli, const struct options *o)
{
	policy_init(&policy);
	for (size_t i = 0; i < o->keys.n; i++) {
		uint8_t key[ED25519_KEY_BYTES];
		struct why why = {.err = OK};
		int err = keyfile_public(o->keys.v[i], key, &why);
		if (err == ERR_KEY) /* the caller's own input: nothing was verified yet */
			err = why_not(&why, ERR_VALUE, "not an acceptable public key", 0, BYTES_NONE);
		if (err == OK)
			err = policy_add_key(&policy, key);
		if (err == ERR_DUPLICATE)
			cli_usage(cli, "--key %s: given twice", o->keys.v[i]);
		if (err == ERR_LIMIT)
			cli_usage(cli, "--key: more than %d keys", POLICY_KEYS_MAX);
		if (err != OK) {
			cli_fail(cli, err, o->keys.v[i], &why);
			return err;
		}
	}
	if (o->threshold != NO_THRESHOLD)
		policy.threshold = o->threshold;
	if (policy.threshold == 0 || policy.threshold > policy.keys_n)
		cli_usage(cli, "--threshold: not between 1 and the number of keys");
	return OK;
}

/* --channel and --arch narrow what the policy says; they cannot widen it. */
static int narrow(struct cli *cli, const char *what, struct bytes *allowed, struct bytes wanted, enum err err)
{
	if (wanted.n == 0)
		return OK;
	if (allowed->n != 0 && !bytes_equal(*allowed, wanted)) {
		cli_error(cli, err, "--%s: the policy is for another one", what);
		return err;
	}
	*allowed = wanted;
	return OK;
}

static int read_trust(struct cli *cli, const struct options *o)
{
	struct bytes channel = BYTES_NONE, arch = BYTES_NONE;
	if (o->channel != NULL)
		channel = bytes_text(o->channel);
	if (o->arch != NULL) {
		const char *canonical = arch_canonical(bytes_text(o->arch));
		if (canonical == NULL)
			cli_usage(cli, "--arch %s: neither x86_64 nor arm64", o->arch);
		arch = bytes_text(canonical);
	}
	int err = o->policy != NULL ? read_policy(cli, o->policy, 0, &policy) : read_keys(cli, o);
	if (err == OK)
		err = narrow(cli, "channel", &policy.channel, channel, ERR_CHANNEL);
	if (err == OK)
		err = narrow(cli, "arch", &policy.arch, arch, ERR_ARCH);
	return err;
}

/* Prints and deletes o. */
static int print_json(struct cli *cli, cJSON *o, int err)
{
	char *text = o == NULL ? NULL : cJSON_PrintUnformatted(o);
	if (text != NULL)
		printf("%s\n", text);
	else
		cli_error(cli, ERR_NO_MEMORY, "%s", err_text(ERR_NO_MEMORY));
	cJSON_Delete(o);
	if (text == NULL)
		return ERR_NO_MEMORY;
	cJSON_free(text);
	return err;
}

static int read_manifest(struct cli *cli, const struct options *o, struct bytes *text)
{
	const char *path = cli->operands.n > 0 ? cli->operands.v[0] : "-";
	struct arena a = arena_of(memory[1], sizeof memory[1]);
	struct why why = {.err = OK};
	if (strcmp(path, "-") != 0)
		subject = path;
	int err = file_read(path, MANIFEST_BYTES_MAX, text);
	if (err != OK) {
		cli_fail(cli, err, subject, NULL);
		return err;
	}
	if ((err = manifest_read(&manifest, *text, &a, &why)) == OK)
		return OK;
	cli_fail(cli, err, subject, &why);
	return o->explain ? print_json(cli, explain_malformed_json(err, &why), err) : err;
}

static int complain_about_state(struct cli *cli, const char *folder, int err, const struct why *why)
{
	char name[FLOOR_FILENAME_MAX];
	struct writer w = writer_of(name, sizeof name);
	floor_filename(manifest.channel, manifest.arch, &w);
	if (err == ERR_IO)
		cli_error(cli, err, "%s: %s: %s", folder, why->what, strerror(errno));
	else if (err != OK)
		cli_error(cli, err, "%s/%s: %s", folder, name, why->what);
	return err;
}

static int read_state(struct cli *cli, const char *folder)
{
	struct why why = {.what = ""};
	int err = floor_store_get(folder, manifest.channel, manifest.arch, &circumstances.floor, &why);
	return complain_about_state(cli, folder, err, &why);
}

static int raise_state(struct cli *cli, const char *folder)
{
	struct why why = {.what = ""};
	int err = floor_store_raise(folder, manifest.channel, manifest.arch, manifest.release, circumstances.now, &why);
	return complain_about_state(cli, folder, err, &why);
}

/* Prints now, so that the state is raised only for what has arrived. */
static int print(struct cli *cli, struct bytes out)
{
	if (fwrite(out.p, 1, out.n, stdout) == out.n && fflush(stdout) == 0)
		return OK;
	cli_error(cli, ERR_IO, "write error: %s", strerror(errno));
	return ERR_IO;
}

static int print_explanation(struct cli *cli, const struct judged *j, cJSON *artifacts, int err)
{
	cJSON *o = explain_json(j);
	if (o != NULL && artifacts != NULL)
		(void)cJSON_AddItemReferenceToObject(o, "artifacts", artifacts);
	if (o != NULL)
		(void)cJSON_ReplaceItemInObject(o, "accepted", cJSON_CreateBool(err == OK));
	return print_json(cli, o, err);
}

static int verify(struct cli *cli, const struct options *o, struct bytes text)
{
	const struct judged judged = {&verdict, &manifest, &policy, &circumstances};
	cJSON *artifacts = NULL;
	int err = verdict_reach(&verdict, &manifest, &policy, &circumstances);
	explain_print(cli, subject, &judged);
	if (o->artifacts != NULL && (err == OK || o->explain)) {
		artifacts = cJSON_CreateArray();
		int found = artifacts_check(cli, o->artifacts, &manifest, artifacts);
		err = err != OK ? err : found;
	}
	if (o->explain)
		err = print_explanation(cli, &judged, artifacts, err);
	else if (err == OK && (err = print(cli, text)) == OK && o->state != NULL)
		err = raise_state(cli, o->state);
	cJSON_Delete(artifacts);
	return err;
}

static int update_policy(struct cli *cli, const struct options *o)
{
	struct why why = {.what = ""};
	int err = read_policy(cli, o->policy, 0, &policy);
	if (err == OK && (err = read_policy(cli, o->update_policy, 1, &next_policy)) == OK &&
	    (err = policy_replaces(&policy, &next_policy, &why)) != OK) {
		if (err == ERR_POLICY_OLD)
			cli_error(cli, err, "%s: %s: version %llu, in force is %llu", o->update_policy, err_text(err),
				  (unsigned long long)next_policy.version, (unsigned long long)policy.version);
		else
			cli_error(cli, err, "%s: %s: %s", o->update_policy, err_text(err), why.what);
	}
	if (err == OK && next_policy.has_expires_at && next_policy.expires_at.s <= circumstances.now.s)
		cli_warn(cli, "%s: this policy has expired: it accepts nothing until it is replaced", o->update_policy);
	if (err == OK)
		err = print(cli, next_policy.json.text);
	return err;
}

static void check_usage(struct cli *cli, const struct options *o)
{
	bool judging = o->state != NULL || o->artifacts != NULL || o->explain || o->channel != NULL || o->arch != NULL;
	if (o->policy != NULL && o->keys.n > 0)
		cli_usage(cli, "either --policy or --key, not both");
	if (o->policy == NULL && o->keys.n == 0)
		cli_usage(cli, "whom to trust? give --policy or --key");
	if (o->policy != NULL && o->threshold != NO_THRESHOLD)
		cli_usage(cli, "--threshold goes with --key; a policy has its own");
	if (o->update_policy != NULL && (o->policy == NULL || judging || cli->operands.n > 0))
		cli_usage(cli, "--update-policy goes with --policy and --at only");
	if (o->at != NULL && wall_read(bytes_text(o->at), &circumstances.now) != OK)
		cli_usage(cli, "--at %s: not a time as in 2026-11-21T02:00:00Z", o->at);
}

int main(int argc, char **argv)
{
	struct options o = {.threshold = NO_THRESHOLD};
	struct bytes text = BYTES_NONE;
	struct cli cli;
	int err;
	circumstances.now.s = clock_wall_s();
	cli_start(&cli, &program, argc, argv, &o);
	check_usage(&cli, &o);
	if (o.update_policy != NULL)
		return cli_end(&cli, update_policy(&cli, &o));
	if ((err = read_trust(&cli, &o)) == OK && (err = read_manifest(&cli, &o, &text)) == OK &&
	    (o.state == NULL || (err = read_state(&cli, o.state)) == OK))
		err = verify(&cli, &o, text);
	free((void *)(uintptr_t)text.p);
	return cli_end(&cli, err);
}

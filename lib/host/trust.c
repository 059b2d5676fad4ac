#include "host/trust.h"

#include <errno.h>

#include "core/arch.h"
#include "host/explain.h"
#include "host/file.h"
#include "host/file_kind.h"
#include "host/floor_store.h"
#include "host/keyfile.h"
#include "host/machine.h"
#include "phase/floor.h"

#define UNKNOWN_SHOWN_MAX 10 /* each by a line of its own; of the others how many they are */

void trust_check_usage(struct cli *cli, const struct trust_options *o)
{
	if (o->policy != NULL && o->keys.n > 0)
		cli_usage(cli, "either --policy or --key, not both");
	if (o->policy == NULL && o->keys.n == 0)
		cli_usage(cli, "whom to trust? give --policy or --key");
	if (o->policy != NULL && o->threshold != TRUST_NO_THRESHOLD)
		cli_usage(cli, "--threshold goes with --key; a policy has its own");
	if (o->arch != NULL)
		(void)machine_arch_option(cli, o->arch); /* it must be one */
}

/* A misspelt name would take a restriction away without a word. */
void trust_warn_unknown(struct cli *cli, const char *path, const struct policy *p)
{
	size_t n = 0;
	for (const struct json_node *e = policy_unknown(p, NULL); e != NULL; e = policy_unknown(p, e)) {
		char shown[DOCUMENT_NAME_MAX + 1];
		if (++n > UNKNOWN_SHOWN_MAX)
			continue;
		cli_warn(cli, "%s: warning: member '%s' is not known and has no effect", path,
			 cli_quote(bytes_of(p->json.text.p + e->key_at, e->key_end - e->key_at), shown, sizeof shown));
	}
	if (n > UNKNOWN_SHOWN_MAX)
		cli_warn(cli, "%s: warning: and %zu more", path, n - UNKNOWN_SHOWN_MAX);
}

int trust_read_policy(struct cli *cli, const char *path, struct trust *t)
{
	struct why why = {.err = OK};
	*t = (struct trust){.memory = malloc(POLICY_ARENA_BYTES)};
	int err = t->memory == NULL ? ERR_NO_MEMORY : file_read(path, POLICY_BYTES_MAX, &t->text);
	if (err == OK) {
		struct arena a = arena_of(t->memory, POLICY_ARENA_BYTES);
		err = policy_read(&t->policy, t->text, &a, &why);
	}
	if (err != OK)
		file_kind_fail(cli, err, path, &why, t->text, "a policy");
	else
		trust_warn_unknown(cli, path, &t->policy);
	return err;
}

static int add_key(struct cli *cli, const char *text, struct policy *p)
{
	uint8_t key[ED25519_KEY_BYTES];
	struct why why = {.err = OK};
	int err = keyfile_public(text, key, &why);
	if (err == ERR_KEY) /* the caller's own input: nothing was verified yet */
		err = why_not(&why, ERR_VALUE, "not an acceptable public key", WHY_NOWHERE, BYTES_NONE);
	if (err == OK)
		err = policy_add_key(p, key);
	if (err == ERR_DUPLICATE)
		cli_usage(cli, "--key %s: given twice", text);
	if (err == ERR_LIMIT && p->keys_n == POLICY_KEYS_MAX)
		cli_usage(cli, "--key: more than %d keys", POLICY_KEYS_MAX);
	if (err != OK)
		cli_fail(cli, err, text, &why);
	return err;
}

static int read_keys(struct cli *cli, const struct trust_options *o, struct trust *t)
{
	int err = OK;
	*t = (struct trust){.memory = NULL};
	policy_init(&t->policy);
	for (size_t i = 0; i < o->keys.n && err == OK; i++)
		err = add_key(cli, o->keys.v[i], &t->policy);
	if (err == OK && o->threshold != TRUST_NO_THRESHOLD)
		t->policy.threshold = o->threshold;
	if (err == OK && (t->policy.threshold == 0 || t->policy.threshold > t->policy.keys_n))
		cli_usage(cli, "--threshold: not between 1 and the number of keys");
	return err;
}

/* Options narrow what the policy says; they cannot widen it. */
static int narrow(struct cli *cli, const char *what, struct bytes *allowed, const char *wanted, enum err err)
{
	if (wanted == NULL)
		return OK;
	if (allowed->n != 0 && !bytes_is(*allowed, wanted)) {
		cli_error(cli, err, "--%s %s: the policy is for %.*s", what, wanted, (int)allowed->n,
			  (const char *)allowed->p);
		return err;
	}
	*allowed = bytes_text(wanted);
	return OK;
}

int trust_read(struct cli *cli, const struct trust_options *o, struct trust *t)
{
	const char *arch = o->arch == NULL ? NULL : arch_canonical(bytes_text(o->arch));
	int err = o->policy != NULL ? trust_read_policy(cli, o->policy, t) : read_keys(cli, o, t);
	if (err == OK)
		err = narrow(cli, "channel", &t->policy.channel, o->channel, ERR_CHANNEL);
	if (err == OK)
		err = narrow(cli, "arch", &t->policy.arch, arch, ERR_ARCH);
	return err;
}

/* How far next is from what p, one of the two policies, asks for; nothing when it is enough. */
static void say_missing(struct cli *cli, const char *path, const struct policy *p, const struct policy *next,
			const char *whose)
{
	struct signature_tally t;
	char keys[1536];
	policy_count(p, next->signatures, next->signatures_n, next->message, &t);
	if (t.good_n >= p->threshold)
		return;
	explain_tally(p, &t, keys, sizeof keys);
	cli_error(cli, ERR_THRESHOLD, "%s: %s for %s: %llu of %llu (%s)", path, err_text(ERR_THRESHOLD), whose,
		  (unsigned long long)t.good_n, (unsigned long long)p->threshold, keys);
}

int trust_replace(struct cli *cli, const char *old_path, const char *path, struct wall now, struct trust *accepted)
{
	struct trust old = {.memory = NULL};
	struct why why = {.what = ""};
	const struct policy *next = &accepted->policy;
	int err = trust_read_policy(cli, old_path, &old);
	if (err == OK)
		err = trust_read_policy(cli, path, accepted);
	if (err != OK)
		goto out; /* it is said */
	err = policy_replaces(&old.policy, next, &why);
	if (err == ERR_POLICY_OLD)
		cli_error(cli, err, "%s: %s: version %llu, in force is %llu", path, err_text(err),
			  (unsigned long long)next->version, (unsigned long long)old.policy.version);
	else if (err == ERR_SIGNATURE)
		cli_error(cli, err, "%s: %s: %s", path, err_text(err), why.what);
	if (err == ERR_SIGNATURE || err == ERR_THRESHOLD) {
		say_missing(cli, path, &old.policy, next, "the keys of the policy in force");
		say_missing(cli, path, next, next, "the new policy's own keys");
	}
	if (err == OK && next->has_expires_at && next->expires_at.s <= now.s)
		cli_warn(cli, "%s: this policy has expired: it accepts nothing until it is replaced", path);
out:
	trust_free(&old);
	return err;
}

void trust_free(struct trust *t)
{
	file_free(t->text);
	free(t->memory);
	*t = (struct trust){.memory = NULL};
}

static int complain(struct cli *cli, const char *folder, const struct manifest *m, int err, const struct why *why)
{
	char name[FLOOR_FILENAME_MAX];
	struct writer w = writer_of(name, sizeof name);
	floor_filename(m->channel, m->arch, &w);
	if (err == ERR_IO)
		cli_error(cli, err, "%s: %s: %s", folder, why->what, strerror(errno));
	else if (err != OK)
		cli_error(cli, err, "%s/%s: %s", folder, name, why->what);
	return err;
}

int trust_floor(struct cli *cli, const char *folder, const struct manifest *m, uint64_t *floor)
{
	struct why why = {.what = ""};
	int err = floor_store_get(folder, m->channel, m->arch, floor, &why);
	return complain(cli, folder, m, err, &why);
}

int trust_raise_floor(struct cli *cli, const char *folder, const struct manifest *m, struct wall now)
{
	struct why why = {.what = ""};
	int err = floor_store_raise(folder, m->channel, m->arch, m->release, now, &why);
	return complain(cli, folder, m, err, &why);
}

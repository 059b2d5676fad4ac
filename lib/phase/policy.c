#include "phase/policy.h"

#include "core/utf8.h"
#include "phase/manifest.h"

static const char *const understood[] = {
	"algorithm",  "arch",      "bootstrap",   "channel",   "critical",       "expires_at",
	"key_id",     "keys",      "min_release", "name",      "policy_version", "signature",
	"signatures", "signed_at", "sources",     "threshold", "version",
};

/* Of the document itself; boot is for SWFETCH.EFI. */
static const char *const members[] = {
	"arch",        "boot",           "bootstrap",  "channel", "critical",  "expires_at", "keys",
	"min_release", "policy_version", "signatures", "sources", "threshold", "version",
};

_Static_assert(sizeof(struct policy) + DOCUMENT_SIGNED_PREFIX_MAX + 64 <= 65536, "POLICY_ARENA_BYTES is too small");

static bool is_key_name(struct bytes text)
{
	return text.n <= DOCUMENT_NAME_MAX && utf8_printable(text);
}

static bool is_source(struct bytes text)
{
	return bytes_http_scheme(text) > 0 && download_url_ok(text);
}

static bool is_multiaddr(struct bytes text)
{
	return text.n > 1 && text.n <= POLICY_URL_MAX && text.p[0] == '/' && utf8_printable(text);
}

void policy_init(struct policy *p)
{
	*p = (struct policy){.threshold = 1};
}

int policy_add_key(struct policy *p, const uint8_t key[static ED25519_KEY_BYTES])
{
	if (p->keys_n == POLICY_KEYS_MAX)
		return ERR_LIMIT;
	for (size_t i = 0; i < p->keys_n; i++)
		if (bytes_equal(bytes_of(p->keys[i].key, ED25519_KEY_BYTES), bytes_of(key, ED25519_KEY_BYTES)))
			return ERR_DUPLICATE;
	if (ed25519_key_check(key) != OK)
		return ERR_KEY;
	struct writer w = writer_of(p->keys[p->keys_n].key, ED25519_KEY_BYTES);
	write_bytes(&w, bytes_of(key, ED25519_KEY_BYTES));
	p->keys[p->keys_n++].name = BYTES_NONE;
	return OK;
}

static int read_key(struct document *d, const struct json_node *entry, struct policy *p)
{
	uint8_t key[ED25519_KEY_BYTES];
	struct bytes name = BYTES_NONE;
	if (entry->type != JSON_OBJECT)
		return document_misfit(d, ERR_TYPE, "keys", entry);
	int err;
	if ((err = document_hex(d, entry, "key_id", true, "", key, sizeof key, NULL)) != OK ||
	    (err = document_text(d, entry, "name", false, is_key_name, &name)) != OK)
		return err;
	err = policy_add_key(p, key);
	if (err == ERR_DUPLICATE)
		return why_not(d->why, ERR_DUPLICATE, "keys: the same key twice", WHY_NOWHERE, BYTES_NONE);
	if (err == ERR_KEY) /* the caller's own file is broken; that is no failed verification */
		return document_misfit(d, ERR_VALUE, "key_id: not an acceptable public key", entry);
	if (err != OK)
		return document_misfit(d, (enum err)err, "key_id", entry);
	p->keys[p->keys_n - 1].name = name;
	return OK;
}

static int read_keys(struct document *d, struct policy *p)
{
	const struct json_node *root = json_root(&d->json), *array;
	int err = document_member(d, root, "keys", true, JSON_ARRAY, &array);
	if (err != OK)
		return err;
	for (const struct json_node *e = json_child(&d->json, array); e != NULL; e = json_next(&d->json, e))
		if ((err = read_key(d, e, p)) != OK)
			return err;
	if (p->keys_n == 0)
		return why_not(d->why, ERR_VALUE, "keys: at least one is needed", WHY_NOWHERE, BYTES_NONE);
	if ((err = document_uint(d, root, "threshold", true, &p->threshold)) != OK)
		return err;
	if (p->threshold == 0 || p->threshold > p->keys_n)
		return document_misfit(d, ERR_VALUE, "threshold", json_member(&d->json, root, "threshold"));
	return OK;
}

static int read_members(struct document *d, struct policy *p)
{
	const struct json_node *root = json_root(&d->json);
	struct bytes unknown = BYTES_NONE;
	int err;
	if ((err = document_version(d, "policy_version", false)) != OK || (err = read_keys(d, p)) != OK ||
	    (err = document_uint(d, root, "version", false, &p->version)) != OK ||
	    (err = document_uint(d, root, "min_release", false, &p->min_release)) != OK ||
	    (err = document_text(d, root, "channel", false, name_is_safe, &p->channel)) != OK ||
	    (err = document_arch(d, false, &p->arch)) != OK ||
	    (err = document_wall(d, "expires_at", false, &p->expires_at, &p->has_expires_at)) != OK ||
	    (err = document_texts(d, root, "sources", is_source, &p->sources)) != OK ||
	    (err = document_texts(d, root, "bootstrap", is_multiaddr, &p->bootstrap)) != OK ||
	    (err = document_critical(d, understood, sizeof understood / sizeof understood[0], &unknown)) != OK)
		return err;
	if (unknown.n != 0)
		return why_not(d->why, ERR_CRITICAL, "critical", json_member(&d->json, root, "critical")->at, unknown);
	return document_signatures(d, p->signatures, &p->signatures_n);
}

int policy_read(struct policy *p, struct bytes text, struct arena *a, struct why *why)
{
	struct document d;
	int err = document_open(&d, text, a, why);
	if (err != OK)
		return err;
	struct policy *read = arena_take(a, sizeof *read); /* too large for a firmware stack */
	if (read == NULL)
		return why_not(why, ERR_NO_SPACE, "arena", 0, BYTES_NONE);
	policy_init(read);
	read->json = d.json;
	if ((err = read_members(&d, read)) != OK ||
	    (err = document_message(&d, POLICY_SIGNED_PREFIX, a, &read->message)) != OK)
		return err;
	*p = *read;
	return OK;
}

static bool is_known(const struct json *j, const struct json_node *member)
{
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
		if (json_key_is(j, member, members[i]))
			return true;
	return false;
}

const struct json_node *policy_unknown(const struct policy *p, const struct json_node *after)
{
	const struct json *j = &p->json;
	const struct json_node *e = after == NULL ? json_child(j, json_root(j)) : json_next(j, after);
	while (e != NULL && is_known(j, e))
		e = json_next(j, e);
	return e;
}

void policy_count(const struct policy *p, const struct signature *signatures, size_t signatures_n, struct bytes message,
		  struct signature_tally *t)
{
	signatures_count(t, p->keys[0].key, sizeof p->keys[0], p->keys_n, signatures, signatures_n, message);
}

/* Whether next carries signatures that meet p's threshold with p's keys. */
static int agrees(const struct policy *p, const struct policy *next, const char *whose, struct why *why)
{
	struct signature_tally t;
	policy_count(p, next->signatures, next->signatures_n, next->message, &t);
	if (t.good_n >= p->threshold)
		return OK;
	for (size_t i = 0; i < p->keys_n; i++)
		if (t.wrong[i])
			return why_not(why, ERR_SIGNATURE, whose, 0, bytes_of(p->keys[i].key, ED25519_KEY_BYTES));
	return why_not(why, ERR_THRESHOLD, whose, 0, BYTES_NONE);
}

int policy_replaces(const struct policy *old, const struct policy *next, struct why *why)
{
	if (next->version <= old->version)
		return why_not(why, ERR_POLICY_OLD, "version", 0, BYTES_NONE);
	int err = agrees(old, next, "keys of the policy in force", why);
	return err != OK ? err : agrees(next, next, "the new policy's own keys", why);
}

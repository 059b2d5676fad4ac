#include "fetch/boot_config.h"

#include "core/decimal.h"
#include "core/utf8.h"
#include "http/url.h"

#define TEXT_MAX 2048

static bool is_word(struct bytes text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == ' ')
			return false;
	return text.n > 0 && text.n <= TEXT_MAX && utf8_printable(text);
}

static bool is_multiaddr(struct bytes text)
{
	return is_word(text) && text.p[0] == '/';
}

static int read_texts(struct document *d, const struct json_node *object, const char *name, bool (*valid)(struct bytes),
		      struct boot_texts *out)
{
	const struct json_node *array = NULL;
	int err = document_member(d, object, name, false, JSON_ARRAY, &array);
	if (err == OK && array != NULL && array->n > BOOT_TEXTS_MAX)
		err = document_misfit(d, ERR_LIMIT, name, array);
	for (const struct json_node *e = json_child(&d->json, array); err == OK && e != NULL;
	     e = json_next(&d->json, e)) {
		size_t start = d->strings.n;
		if (json_string(&d->json, e, &d->strings) != OK)
			return document_misfit(d, ERR_TYPE, name, e);
		out->v[out->n] = bytes_of(d->strings.p + start, d->strings.n - start);
		if (!valid(out->v[out->n++]))
			return document_misfit(d, ERR_VALUE, name, e);
	}
	return err;
}

static int read_bool(struct document *d, const struct json_node *object, const char *name, bool *out)
{
	const struct json_node *node = json_member(&d->json, object, name);
	if (node != NULL && node->type != JSON_TRUE && node->type != JSON_FALSE)
		return document_misfit(d, ERR_TYPE, name, node);
	if (node != NULL)
		*out = node->type == JSON_TRUE;
	return OK;
}

static bool set_mode(struct boot_config *c, struct bytes mode)
{
	if (bytes_is(mode, "native")) {
		c->native_first = !c->http;
		return c->native = true;
	}
	if (bytes_is(mode, "http"))
		return c->http = true;
	return bytes_is(mode, "bridge") && (c->bridge = true);
}

static int read_modes(struct document *d, const struct json_node *object, struct boot_config *c)
{
	struct boot_texts modes = {.n = 0};
	int err = read_texts(d, object, "modes", is_word, &modes);
	if (err != OK || json_member(&d->json, object, "modes") == NULL)
		return err;
	c->native = c->http = c->bridge = false;
	for (size_t i = 0; i < modes.n; i++)
		if (!set_mode(c, modes.v[i]))
			return document_misfit(d, ERR_VALUE, "modes", json_member(&d->json, object, "modes"));
	return OK;
}

static bool set_stack(struct boot_config *c, struct bytes name)
{
	static const char *const names[] = {
		[BOOT_STACK_ANY] = "any", [BOOT_STACK_LWIP] = "lwip", [BOOT_STACK_TCP4] = "tcp4"};
	for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (bytes_is(name, names[i])) {
			c->stack = (enum boot_stack)i;
			return true;
		}
	}
	return false;
}

/* A misspelt member must not be passed over in silence. */
static void find_unknown(struct document *d, const struct json_node *object, const char *const *names,
			 struct boot_config *c)
{
	for (const struct json_node *e = json_child(&d->json, object); e != NULL; e = json_next(&d->json, e)) {
		size_t start = d->strings.n;
		bool known = false;
		for (const char *const *name = names; *name != NULL; name++)
			known |= json_key_is(&d->json, e, *name);
		if (known || c->unknown.n > 0)
			continue;
		json_key(&d->json, e, &d->strings);
		c->unknown = bytes_of(d->strings.p + start, d->strings.n - start);
	}
}

static int read_network(struct document *d, const struct json_node *boot, struct boot_config *c)
{
	const struct json_node *o = NULL;
	static const char *const names[] = {"stack", "address", "gateway", "mac", "dns", NULL};
	struct bytes stack = BYTES_LITERAL("any");
	int err;
	if ((err = document_member(d, boot, "network", false, JSON_OBJECT, &o)) != OK || o == NULL)
		return err;
	if ((err = document_text(d, o, "stack", false, is_word, &stack)) != OK ||
	    (err = document_text(d, o, "address", false, is_word, &c->address)) != OK ||
	    (err = document_text(d, o, "gateway", false, is_word, &c->gateway)) != OK ||
	    (err = document_text(d, o, "mac", false, is_word, &c->mac)) != OK)
		return err;
	if (!set_stack(c, stack))
		return document_misfit(d, ERR_VALUE, "stack", json_member(&d->json, o, "stack"));
	find_unknown(d, o, names, c);
	return read_texts(d, o, "dns", is_word, &c->resolvers);
}

static int read_boot(struct document *d, const struct json_node *o, struct boot_config *c)
{
	static const char *const names[] = {"manifest",  "providers",       "gateways", "bridge", "peers",
					    "bootnodes", "network_id",      "modes",    "mdns",   "verbose",
					    "attempts",  "backoff_seconds", "network",  NULL};
	int err;
	find_unknown(d, o, names, c);
	if ((err = document_text(d, o, "manifest", false, is_word, &c->manifest)) != OK ||
	    (err = read_texts(d, o, "providers", url_ok, &c->providers)) != OK ||
	    (err = read_texts(d, o, "gateways", url_ok, &c->gateways)) != OK ||
	    (err = read_texts(d, o, "bridge", is_multiaddr, &c->bridges)) != OK ||
	    (err = read_texts(d, o, "peers", is_multiaddr, &c->peers)) != OK ||
	    (err = read_texts(d, o, "bootnodes", is_multiaddr, &c->bootnodes)) != OK ||
	    (err = document_uint(d, o, "network_id", false, &c->network_id)) != OK ||
	    (err = read_modes(d, o, c)) != OK || (err = read_bool(d, o, "mdns", &c->mdns)) != OK ||
	    (err = read_bool(d, o, "verbose", &c->verbose)) != OK ||
	    (err = document_uint(d, o, "attempts", false, &c->attempts)) != OK ||
	    (err = document_uint(d, o, "backoff_seconds", false, &c->backoff_s)) != OK)
		return err;
	if (c->backoff_s > BOOT_BACKOFF_S_MAX)
		return document_misfit(d, ERR_VALUE, "backoff_seconds", json_member(&d->json, o, "backoff_seconds"));
	return read_network(d, o, c);
}

int boot_config_read(struct boot_config *c, struct bytes text, struct arena *a, struct why *why)
{
	struct boot_config *read = arena_take(a, sizeof *read); /* too large for a firmware stack */
	uint8_t *strings = arena_take(a, text.n);
	if (read == NULL || strings == NULL)
		return why_not(why, text.n > BOOT_CONFIG_BYTES_MAX ? ERR_LIMIT : ERR_NO_SPACE, "document",
			       BOOT_CONFIG_BYTES_MAX, BYTES_NONE);
	*read = (struct boot_config){.network_id = 1,
				     .native = true,
				     .http = true,
				     .bridge = true,
				     .attempts = BOOT_ATTEMPTS,
				     .backoff_s = BOOT_BACKOFF_S};
	int err = policy_read(&read->policy, text, a, why);
	if (err != OK)
		return err;
	struct document d = {.json = read->policy.json, .strings = writer_of(strings, text.n), .why = why};
	const struct json_node *boot = NULL;
	err = document_member(&d, json_root(&d.json), "boot", false, JSON_OBJECT, &boot);
	if (err == OK && boot != NULL)
		err = read_boot(&d, boot, read);
	if (err == OK)
		*c = *read;
	return err;
}

uint64_t boot_backoff_next_s(uint64_t pause_s)
{
	return pause_s > BOOT_BACKOFF_S_MAX / 2 ? BOOT_BACKOFF_S_MAX : 2 * pause_s;
}

/* The next word, and its value behind '='. */
static bool next_word(struct bytes *left, struct bytes *word, struct bytes *name, struct bytes *value)
{
	while (left->n > 0 && left->p[0] <= ' ')
		*left = bytes_skip(*left, 1);
	size_t n = 0;
	while (n < left->n && left->p[n] > ' ')
		n++;
	*word = bytes_of(left->p, n);
	*left = bytes_skip(*left, n);
	for (n = 0; n < word->n && word->p[n] != '=';)
		n++;
	*name = bytes_of(word->p, n);
	*value = bytes_skip(*word, n + 1);
	return word->n > 0;
}

int boot_options_read(struct boot_options *o, struct bytes text, struct why *why)
{
	struct bytes left = text, word, name, value;
	struct boot_options read = {.text = text};
	if (text.n > BOOT_OPTIONS_BYTES_MAX)
		return why_not(why, ERR_LIMIT, "load options", BOOT_OPTIONS_BYTES_MAX, BYTES_NONE);
	while (next_word(&left, &word, &name, &value)) {
		if (bytes_is(word, "selftest"))
			read.selftest = true;
		else if (bytes_is(name, "config") && value.n > 0)
			read.config = value;
	}
	*o = read;
	return OK;
}

static bool set_switch(struct bytes value, bool *out)
{
	bool on = bytes_is(value, "on"), off = bytes_is(value, "off");
	if (on || off)
		*out = on;
	return on || off;
}

/* The first of its name replaces the list that the configuration has. */
static bool add_text(struct boot_texts *list, bool *replaced, struct bytes value, bool (*valid)(struct bytes))
{
	if (!*replaced)
		list->n = 0;
	*replaced = true;
	if (!valid(value) || list->n == BOOT_TEXTS_MAX)
		return false;
	list->v[list->n++] = value;
	return true;
}

struct replaced {
	bool providers, gateways, bridges, peers, bootnodes, resolvers;
};

static bool set_text(struct bytes value, struct bytes *out)
{
	*out = value;
	return is_word(value);
}

static bool set_option(struct boot_config *c, struct replaced *r, struct bytes name, struct bytes value)
{
	if (bytes_is(name, "config") || (bytes_is(name, "selftest") && value.n == 0))
		return true; /* boot_options_read has seen it */
	if (bytes_is(name, "provider"))
		return add_text(&c->providers, &r->providers, value, url_ok);
	if (bytes_is(name, "gateways"))
		return add_text(&c->gateways, &r->gateways, value, url_ok);
	if (bytes_is(name, "bridge"))
		return add_text(&c->bridges, &r->bridges, value, is_multiaddr);
	if (bytes_is(name, "peer"))
		return add_text(&c->peers, &r->peers, value, is_multiaddr);
	if (bytes_is(name, "bootnode"))
		return add_text(&c->bootnodes, &r->bootnodes, value, is_multiaddr);
	if (bytes_is(name, "dns"))
		return add_text(&c->resolvers, &r->resolvers, value, is_word);
	if (bytes_is(name, "manifest"))
		return set_text(value, &c->manifest);
	if (bytes_is(name, "address"))
		return set_text(value, &c->address);
	if (bytes_is(name, "gateway"))
		return set_text(value, &c->gateway);
	if (bytes_is(name, "mac"))
		return set_text(value, &c->mac);
	if (bytes_is(name, "stack"))
		return set_stack(c, value);
	if (bytes_is(name, "mdns"))
		return set_switch(value, &c->mdns);
	if (bytes_is(name, "verbose"))
		return set_switch(value, &c->verbose);
	if (bytes_is(name, "attempts"))
		return decimal_read(value, &c->attempts) == OK;
	return false;
}

int boot_config_override(struct boot_config *c, const struct boot_options *o, struct why *why)
{
	struct bytes left = o->text, word, name, value;
	struct replaced replaced = {.providers = false};
	while (next_word(&left, &word, &name, &value))
		if (!set_option(c, &replaced, name, value))
			return why_not(why, ERR_VALUE, "load option", WHY_NOWHERE, word);
	return OK;
}

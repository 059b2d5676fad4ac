#include "efi/swfetch.h"

#include <string.h>

#include "crypto/secret.h"
#include "efi/find_bridge.h"
#include "efi/find_swarm.h"
#include "efi/images.h"
#include "efi/keccak_race.h"
#include "efi/load.h"
#include "efi/neighbours.h"
#include "efi/network.h"
#include "efi/options.h"
#include "efi/selftest.h"
#include "swarm/bzz_address.h"

#define ARCH "x86_64"
#define OPTIONS_SHOWN 200 /* bytes */
#define PATH_BYTES_MAX 255

/* Everything of a run: large, so in pages and not on the firmware's stack. */
struct swfetch {
	struct report report;
	uint8_t options_text[BOOT_OPTIONS_BYTES_MAX];
	struct boot_options options;
	char path[PATH_BYTES_MAX + 1]; /* of the configuration */
	struct bytes text;             /* owned: the configuration, which views lead into */
	struct boot_config config;
	struct net_options net_options;
	struct net *net;
	struct web web;
	struct native *native;              /* owned: nodes of Swarm; NULL: none are configured */
	char manifest_shown[OPTIONS_SHOWN]; /* without a key in it */
	struct find find;
	struct find_bridge_urls bridge_urls;
	struct neighbours neighbours;
	struct load load;
	struct images images;
	uint64_t chosen; /* release of the last attempt that found one; 0: none did */
	enum keccak_kind kind;
};

/* Where an offset into a text is, as editors count. */
static void line_of(struct bytes text, uint64_t at, unsigned *line, unsigned *column)
{
	*line = *column = 1;
	for (uint64_t i = 0; i < at && i < text.n; i++) {
		*column = text.p[i] == '\n' ? 1 : *column + 1;
		*line += text.p[i] == '\n';
	}
}

static int read_config(struct swfetch *s, uint8_t *memory)
{
	struct why why = {.what = ""};
	struct bytes path = s->options.config.n > 0 ? s->options.config : bytes_text(SWFETCH_CONFIG);
	if (path.n > PATH_BYTES_MAX) {
		report(&s->report, "load option config=: a path of %llu bytes, and %u are the most",
		       (unsigned long long)path.n, PATH_BYTES_MAX);
		return ERR_LIMIT;
	}
	memcpy(s->path, path.p, path.n);
	s->path[path.n] = 0;
	int err = platform_file(s->report.platform, s->path, BOOT_CONFIG_BYTES_MAX, &s->text);
	if (err != OK) {
		report(&s->report, "%.*s: %s %s", REPORT_BYTES(path), err_text(err),
		       platform_error(s->report.platform));
		report(&s->report,
		       "  put the policy of this machine there, on the volume that swfetch was started from");
		return err;
	}
	struct arena a = arena_of(memory, BOOT_CONFIG_ARENA_BYTES);
	err = boot_config_read(&s->config, s->text, &a, &why);
	if (err != OK) {
		unsigned line, column;
		line_of(s->text, why.at, &line, &column);
		report(&s->report, "%.*s:%u:%u: %s: %s", REPORT_BYTES(path), line, column, why.what, err_text(err));
	}
	return err;
}

/* What a configuration may say and this build does nothing about must not be passed over in silence. */
static void tell_ignored(const struct swfetch *s)
{
	const struct boot_config *c = &s->config;
	struct bzz_address address;
	const char *what;
	if (c->manifest.n > 0 && !url_ok(c->manifest) && bzz_address_parse(c->manifest, &address, &what) != OK)
		report(&s->report, "manifest '%.*s' is no URL and no address in Swarm (%s); ignored",
		       REPORT_BYTES(c->manifest), what);
	if (c->unknown.n > 0)
		report(&s->report, "%s: '%.*s' means nothing to this program", s->path, REPORT_BYTES(c->unknown));
}

/* A misspelt name would take a restriction away without a word. */
static void tell_unknown(struct swfetch *s)
{
	const struct policy *p = &s->config.policy;
	for (const struct json_node *e = policy_unknown(p, NULL); e != NULL; e = policy_unknown(p, e))
		report(&s->report, "%s: '%.*s' means nothing in a policy, and restricts nothing", s->path,
		       (int)(e->key_end - e->key_at), (const char *)p->json.text.p + e->key_at);
}

static int configure(struct swfetch *s, uint8_t *memory)
{
	struct bytes channel;
	struct why why = {.what = ""};
	int err = read_config(s, memory);
	if (err == OK && (err = boot_config_override(&s->config, &s->options, &why)) != OK)
		report(&s->report, "load option '%.*s': %s", REPORT_BYTES(why.id),
		       err == ERR_VALUE ? "no option of this program, or no value for it" : err_text(err));
	if (err != OK)
		return err;
	s->report.verbose = s->config.verbose;
	(void)bzz_address_shown(s->config.manifest, s->manifest_shown, sizeof s->manifest_shown);
	tell_ignored(s);
	tell_unknown(s);
	if (s->config.policy.arch.n > 0 && !bytes_is(s->config.policy.arch, ARCH)) {
		report(&s->report, "the policy is for %.*s, and this machine is " ARCH,
		       REPORT_BYTES(s->config.policy.arch));
		return ERR_ARCH;
	}
	s->config.policy.arch = BYTES_LITERAL(ARCH);
	if ((err = network_options(&s->report, &s->config, &s->net_options)) != OK)
		return err;
	channel = s->config.policy.channel;
	report(&s->report, "policy: %u of %u keys, %s%.*s, " ARCH, (unsigned)s->config.policy.threshold,
	       (unsigned)s->config.policy.keys_n, channel.n > 0 ? "channel " : "any channel", REPORT_BYTES(channel));
	return OK;
}

static void add_providers(struct swfetch *s)
{
	const struct json *json = &s->config.policy.json;
	if (!s->config.http)
		return;
	if (s->config.manifest.n > 0 && url_ok(s->config.manifest))
		find_add(&s->find, s->config.manifest);
	for (size_t i = 0; i < s->config.providers.n; i++)
		find_add(&s->find, s->config.providers.v[i]);
	/* a URL has no character that JSON would have to escape, so its span is its text */
	for (const struct json_node *e = json_child(json, s->config.policy.sources); e != NULL;
	     e = json_next(json, e)) {
		struct bytes span = json_span(json, e), url = bytes_of(span.p + 1, span.n - 2);
		if (url_ok(url))
			find_add(&s->find, url);
	}
	if (s->config.mdns)
		neighbours_find(&s->neighbours, &s->report, s->net, &s->config.policy, &s->find);
}

static int load_all(struct swfetch *s)
{
	const struct manifest *m = &s->find.manifest;
	const size_t gateways_n = s->config.http ? s->config.gateways.n : 0;
	const size_t bridges_n = s->web.bridges != NULL ? s->config.bridges.n : 0;
	const struct load_with with = {.report = &s->report,
				       .net = s->net,
				       .web = &s->web,
				       .kind = s->kind,
				       .native = s->native,
				       .native_first = s->config.native_first};
	load_open(&s->load, &with, m, gateways_n + bridges_n);
	for (size_t i = 0; i < s->find.providers_n; i++) {
		struct bytes url = find_url(&s->find.providers[i]);
		if (find_has_release(&s->find, i))
			load_add_root(&s->load, url_root(url, m->channel, m->arch));
	}
	load_add_gateways(&s->load, s->config.gateways.v, gateways_n);
	load_add_gateways(&s->load, s->config.bridges.v, bridges_n);
	for (size_t i = 0; i < s->images.n; i++) {
		const struct image *image = &s->images.v[i];
		int err = load_artifact(&s->load, image->artifact, image->pages);
		if (err != OK) {
			report(&s->report, "%.*s: %s", REPORT_BYTES(image->artifact->filename), err_text(err));
			return err;
		}
	}
	return OK;
}

/* The release is on the machine and right, unless it has expired meanwhile: a provider may take days
 * to give it. What it says is kept before it is started. */
static int accept(struct swfetch *s)
{
	const struct manifest *m = &s->find.manifest;
	struct platform *p = s->report.platform;
	struct why why = {.what = ""};
	int err = find_judge_again(&s->find);
	if (err != OK)
		return err;
	err = remember_floor(p, m->channel, m->arch, m->release, s->find.time.now, &why);
	if (err != OK)
		report(&s->report, "%s: %s %s", why.what, err_text(err), platform_error(p));
	else
		remember_date(p, m->created_at);
	return err;
}

static void open_native(struct swfetch *s)
{
	const struct native_with with = {
		.report = &s->report, .net = s->net, .web = &s->web, .config = &s->config, .kind = s->kind};
	const int err = s->config.native ? native_open(&s->native, &with) : OK;
	if (err != OK)
		report(&s->report, "Swarm: its nodes are not asked: %s", err_text(err));
}

static void open_bridges(struct swfetch *s)
{
	const bool wanted = s->config.bridge && s->config.bridges.n > 0;
	const int err = wanted ? bridges_open(&s->web.bridges, &s->report, s->net, &s->web) : OK;
	if (err != OK)
		report(&s->report, "bridge: not asked: %s", err_text(err));
}

static void close_native(struct swfetch *s)
{
	if (s->native != NULL)
		native_tell(s->native);
	native_close(s->native);
	s->native = NULL;
}

/* One attempt: from the network up to a machine that runs something else. */
static int attempt(struct swfetch *s, bool *started)
{
	int err = network_open(&s->report, &s->net_options, &s->net);
	if (err != OK)
		return err;
	web_init(&s->web, s->report.platform, s->net);
	open_native(s);
	open_bridges(s);
	s->load = (struct load){.places_n = 0};
	err = find_open(&s->find, &s->report, s->net, &s->web, &s->config.policy);
	if (err != OK)
		report(&s->report, "no memory for manifests: %u MiB are needed %s",
		       (unsigned)(2ULL * MANIFEST_ARENA_BYTES >> 20), platform_error(s->report.platform));
	if (err == OK) {
		find_failed_before(&s->find, s->chosen);
		const struct find_swarm_with with = {&s->report, s->net, &s->web, s->native, &s->config, s->kind};
		err = find_swarm(&s->find, &with, s->manifest_shown);
	}
	if (err == OK) {
		add_providers(s);
		if (s->web.bridges != NULL)
			find_bridges(&s->find, &s->config, &s->bridge_urls);
		if (s->find.providers_n == 0 && s->find.refused == OK)
			report(&s->report, "no provider is known: the configuration names none, and the LAN has none");
		err = find_release(&s->find);
	}
	if (err == OK) {
		s->chosen = s->find.manifest.release;
		err = images_take(&s->images, &s->report, &s->find.manifest);
	}
	if (err == OK)
		err = load_all(s);
	if (err == OK)
		err = accept(s);
	bool quiet = load_close(&s->load);
	close_native(s);
	bridges_close(s->web.bridges);
	web_close(&s->web);
	net_close(s->net);
	if (err == OK)
		err = images_start(&s->images, &s->report, &s->find.manifest, started);
	images_give(&s->images, &s->report, quiet);
	find_close(&s->find);
	return err;
}

/* Whether another attempt may end otherwise. Whatever was wrong with what providers have may change,
 * and there may be others; a lack of memory stays, and who has pressed Escape wants no other. */
static bool worth_retrying(int err)
{
	return err != ERR_INTERRUPTED && err != ERR_NO_MEMORY;
}

static int attempts(struct swfetch *s)
{
	struct platform *p = s->report.platform;
	uint64_t pause_s = s->config.backoff_s;
	bool started = false;
	for (uint64_t n = 1;; n++) {
		int err = attempt(s, &started);
		if (started || err == OK)
			return err;
		if (!worth_retrying(err) || n == s->config.attempts) {
			report(&s->report, "nothing was started: %s", err_text(err));
			return err;
		}
		report(&s->report, "attempt %llu failed; the next in %llu s (Escape: give up)", (unsigned long long)n,
		       (unsigned long long)pause_s);
		platform_wait(p, pause_s * 1000);
		if (platform_interrupted(p)) {
			report(&s->report, "nothing was started: %s", err_text(ERR_INTERRUPTED));
			return ERR_INTERRUPTED;
		}
		pause_s = boot_backoff_next_s(pause_s);
	}
}

static int read_options(struct swfetch *s)
{
	struct bytes text = BYTES_NONE;
	struct why why = {.what = ""};
	int err = options_read(platform_options(s->report.platform), s->options_text, sizeof s->options_text, &text);
	if (err == ERR_TYPE) { /* as much as none for us, and no reason not to boot */
		report(&s->report, "load options: left out, they are not text but the firmware's own data");
		err = OK;
	}
	if (text.n > 0)
		report(&s->report, "load options: %.*s", (int)(text.n < OPTIONS_SHOWN ? text.n : OPTIONS_SHOWN),
		       (const char *)text.p);
	if (err == OK)
		err = boot_options_read(&s->options, text, &why);
	if (err != OK)
		report(&s->report, "load options: %s: %u bytes", err_text(err), BOOT_OPTIONS_BYTES_MAX);
	return err;
}

static int run(struct swfetch *s, uint8_t *memory)
{
	struct platform *p = s->report.platform;
	char built[WALL_TEXT_BYTES];
	uint8_t random;
	if (wall_write(platform_built(p), built) == OK)
		report(&s->report, "swfetch " VERSION ", built %.*s", 10, built);
	int err = read_options(s);
	if (err != OK)
		return err;
	if (s->options.selftest)
		return selftest_run(&s->report, keccak_race(&s->report));
	if ((err = configure(s, memory)) != OK)
		return err;
	s->kind = keccak_race(&s->report);
	if (!platform_random(p, &random, sizeof random))
		report(&s->report, "no random number generator: identifiers of questions are mixed from clocks");
	return attempts(s);
}

int swfetch_run(struct platform *p)
{
	struct report r;
	uint8_t *memory = NULL, *state = NULL;
	report_init(&r, p);
	int err = platform_pages(p, BOOT_CONFIG_ARENA_BYTES, &memory);
	if (err == OK)
		err = platform_pages(p, sizeof(struct swfetch), &state);
	if (err == OK) {
		struct swfetch *s = (struct swfetch *)(void *)state; /* pages are aligned for anything */
		memset(s, 0, sizeof *s);
		s->report = r;
		err = run(s, memory);
		platform_give_file(p, s->text);
	} else {
		report(&r, "not even %u MiB of memory are free",
		       (unsigned)((BOOT_CONFIG_ARENA_BYTES + sizeof(struct swfetch)) >> 20));
	}
	if (state != NULL)
		platform_give_pages(p, state, sizeof(struct swfetch));
	if (memory != NULL)
		platform_give_pages(p, memory, BOOT_CONFIG_ARENA_BYTES);
	return err;
}

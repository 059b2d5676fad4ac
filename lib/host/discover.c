#include "host/discover.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include "host/discover_candidate.h"
#include "host/discover_mdns.h"
#include "host/discover_probe.h"
#include "host/file.h"

/* What was found, and what is known of it. */
struct found {
	struct discover_candidate candidate;
	bool printed;
};

struct discover {
	struct cli *cli;
	const struct discover_options *o;
	struct discover_mdns *mdns;
	struct discover_probes probes;
	struct found *found[DISCOVER_CANDIDATES_MAX]; /* owned; each manifest URL once */
	size_t found_n, printed_n;
	uint64_t end_ms;
	bool crowded_said;
	int err;
	void *arena;
};

static uint64_t left_ms(const struct discover *d)
{
	uint64_t now = clock_now_ms();
	return now < d->end_ms ? d->end_ms - now : 0;
}

static bool is_wanted(const struct discover *d, const struct discover_candidate *c)
{
	return (d->o->channel == NULL || strcmp(d->o->channel, c->channel) == 0) &&
	       (d->o->arch == NULL || strcmp(d->o->arch, c->arch) == 0);
}

static void print(struct discover *d, struct found *f)
{
	char line[CANDIDATE_JSON_MAX];
	int err = discover_candidate_json(&f->candidate, (struct wall){clock_wall_s()}, line);
	if (err == OK && (fputs(line, stdout) < 0 || fflush(stdout) != 0))
		err = ERR_IO;
	if (err == ERR_IO)
		cli_error(d->cli, err, "write error: %s", strerror(errno));
	else if (err != OK)
		cli_fail(d->cli, err, f->candidate.manifest_url, NULL);
	d->err = err;
	f->printed = true;
	d->printed_n++;
}

/* NULL when it was found before, or nothing more is taken. */
static struct found *keep(struct discover *d, const struct discover_candidate *c)
{
	for (size_t i = 0; i < d->found_n; i++)
		if (strcmp(d->found[i]->candidate.manifest_url, c->manifest_url) == 0)
			return NULL;
	if (d->found_n == DISCOVER_CANDIDATES_MAX) {
		if (!d->crowded_said)
			cli_warn(d->cli, "more than %d providers are announced; the rest is left out",
				 DISCOVER_CANDIDATES_MAX);
		d->crowded_said = true;
		return NULL;
	}
	struct found *f = malloc(sizeof *f);
	if (f == NULL) {
		cli_error(d->cli, ERR_NO_MEMORY, "%s", err_text(ERR_NO_MEMORY));
		d->err = ERR_NO_MEMORY;
		return NULL;
	}
	*f = (struct found){.candidate = *c};
	d->found[d->found_n++] = f;
	return f;
}

static bool is_done(const struct discover *d)
{
	return d->err != OK || (d->o->first && d->printed_n > 0);
}

/* Reads a manifest into one that stays until the next call. */
static int read_manifest(struct discover *d, struct bytes body, const struct manifest **out, struct why *why)
{
	static struct manifest m; /* large */
	struct arena a = arena_of(d->arena, MANIFEST_ARENA_BYTES);
	int err = manifest_read(&m, body, &a, why);
	*out = &m;
	return err;
}

/* A --url has answered, or not. */
static void on_url(struct discover *d, const char *url, int err, const char *detail, struct bytes body)
{
	struct discover_candidate c;
	const struct manifest *m;
	struct why why = {.err = OK};
	if (err != OK) {
		cli_warn(d->cli, "%s: %s", url, detail);
		return;
	}
	if ((err = read_manifest(d, body, &m, &why)) == OK)
		err = discover_candidate_fetched(&c, url, m, &why);
	if (err != OK) {
		cli_warn(d->cli, "%s: no manifest: %s%s%s", url, err_text(err), why.what == NULL ? "" : ": ",
			 why.what == NULL ? "" : why.what);
	} else if (!is_wanted(d, &c)) {
		cli_warn(d->cli, "%s: not what is looked for: channel %s, architecture %s", url, c.channel, c.arch);
	} else {
		struct found *f = keep(d, &c);
		if (f != NULL)
			print(d, f);
	}
}

/* With --first: an announced provider has answered, or not. */
static void on_announced(struct discover *d, struct found *f, int err, const char *detail, struct bytes body)
{
	const struct manifest *m;
	struct why why = {.err = OK};
	if (err == OK && (err = read_manifest(d, body, &m, &why)) != OK)
		detail = err_text(err);
	if (err != OK)
		cli_info(d->cli, "%s: announced as '%s', but: %s", f->candidate.manifest_url, f->candidate.peer,
			 detail);
	else
		print(d, f);
}

static void on_probed(void *context, const void *subject, int err, const char *detail, struct bytes body)
{
	struct discover *d = context;
	if (is_done(d))
		return;
	for (size_t i = 0; i < d->found_n; i++)
		if (d->found[i] == subject) {
			on_announced(d, d->found[i], err, detail, body);
			return;
		}
	on_url(d, subject, err, detail, body);
}

static int probe(struct discover *d, const char *url, bool direct, const void *subject)
{
	const struct discover_probe_request r = {url, direct, left_ms(d) + 1, subject};
	int err = discover_probe_start(&d->probes, &r);
	if (err != OK)
		cli_error(d->cli, err, "%s: %s", url, err_text(err));
	return err;
}

static void on_mdns(void *context, const struct discover_announcement *a)
{
	struct discover *d = context;
	struct discover_candidate c;
	struct why why = {.err = OK};
	char name[CANDIDATE_TEXT_MAX + 1];
	int err = discover_candidate_announced(&c, a, &why);
	if (err != OK) {
		cli_debug(d->cli, "mdns: '%s' is of no use: %s: %s", cli_quote(a->instance, name, sizeof name),
			  why.what, err_text(err));
		return;
	}
	if (is_done(d) || !is_wanted(d, &c))
		return;
	struct found *f = keep(d, &c);
	if (f == NULL)
		return;
	if (discover_announcement_port_differs(a))
		cli_warn(d->cli, "mdns: '%s': TXT http_port is not the service's port; taking the service's, %u",
			 c.peer, (unsigned)a->port);
	if (d->o->first)
		d->err = probe(d, f->candidate.manifest_url, true, f);
	else
		print(d, f);
}

static int on_poll(struct pollfd *fds, unsigned fds_n, int timeout_ms, void *context)
{
	struct discover *d = context;
	return discover_probes_poll(&d->probes, fds, fds_n, timeout_ms);
}

void discover_check_usage(struct cli *cli, const struct discover_options *o)
{
	char url[CANDIDATE_URL_MAX + 1];
	for (size_t i = 0; i < o->urls.n; i++)
		if (discover_manifest_url(o->urls.v[i], "x", "x86_64", url) != OK)
			cli_usage(cli, "--url %s: not an http or https URL of a provider or a manifest", o->urls.v[i]);
}

/* What this machine would boot. */
static const char *own_arch(void)
{
	static struct utsname u;
	const char *arch = uname(&u) == 0 ? arch_canonical(bytes_text(u.machine)) : NULL;
	return arch == NULL ? "x86_64" : arch;
}

/* A provider's root has a manifest of its own choice; one that is asked for has a name. */
static int start_urls(struct discover *d, char (*urls)[CANDIDATE_URL_MAX + 1])
{
	const char *channel = d->o->channel, *arch = d->o->arch;
	int err = OK;
	if (channel == NULL && arch != NULL)
		channel = "stable";
	if (arch == NULL && channel != NULL)
		arch = own_arch();
	for (size_t i = 0; i < d->o->urls.n && err == OK; i++) {
		err = discover_manifest_url(d->o->urls.v[i], channel, arch, urls[i]);
		if (err != OK)
			cli_error(d->cli, err, "--url %s: %s", d->o->urls.v[i], err_text(err));
		else
			err = probe(d, urls[i], false, urls[i]);
	}
	return err;
}

static int wait_for_all(struct discover *d)
{
	int err = OK;
	while (err == OK && !is_done(d) && left_ms(d) > 0 && (d->mdns != NULL || d->probes.first != NULL)) {
		uint64_t left = left_ms(d);
		int step_ms = left > 1000 ? 1000 : (int)left;
		if (d->mdns != NULL)
			err = discover_mdns_step(d->mdns, (unsigned)step_ms);
		else
			(void)discover_probes_poll(&d->probes, NULL, 0, step_ms);
		discover_probes_run(&d->probes);
	}
	if (err != OK)
		cli_error(d->cli, err, "mdns: %s", err_text(err));
	return err != OK ? err : d->err;
}

/* With --first nobody has answered: a provider that is slow or hides from us is better than none. */
static void print_silent(struct discover *d)
{
	if (!d->o->first || d->found_n == 0)
		return;
	cli_warn(d->cli, "none of %zu announced providers has answered; taking the first", d->found_n);
	print(d, d->found[0]);
}

static int say_nothing_found(struct discover *d)
{
	const char *trouble = d->mdns == NULL ? NULL : discover_mdns_trouble(d->mdns);
	if (d->mdns == NULL) {
		cli_error(d->cli, ERR_SOURCE, "no provider found: none of the URLs led to a manifest that fits");
		return ERR_SOURCE;
	}
	if (trouble != NULL)
		cli_error(d->cli, ERR_TIMEOUT,
			  "no provider found: mdns: %s: is avahi-daemon running on this machine, and D-Bus?", trouble);
	else
		cli_error(d->cli, ERR_TIMEOUT,
			  "no provider found%s%s%s%s within the timeout: is phase-serve running in this network "
			  "segment, with its avahi-daemon, and does UDP port 5353 pass?",
			  d->o->channel == NULL ? "" : " for channel ", d->o->channel == NULL ? "" : d->o->channel,
			  d->o->arch == NULL ? "" : " for ", d->o->arch == NULL ? "" : d->o->arch);
	return ERR_TIMEOUT;
}

int discover_run(struct cli *cli, const struct discover_options *o)
{
	static struct discover d; /* large */
	const struct discover_mdns_calls calls = {on_mdns, on_poll, &d};
	char(*urls)[CANDIDATE_URL_MAX + 1] = calloc(o->urls.n + 1, sizeof *urls);
	d = (struct discover){.cli = cli, .o = o, .arena = malloc(MANIFEST_ARENA_BYTES)};
	d.end_ms = clock_now_ms() + o->timeout_ms;
	int err = urls == NULL || d.arena == NULL ? ERR_NO_MEMORY : OK;
	if (err == OK)
		err = discover_probes_open(&d.probes, MANIFEST_BYTES_MAX, on_probed, &d);
	if (err == OK && o->mdns)
		err = discover_mdns_open(&d.mdns, DISCOVER_SERVICE, &calls);
	if (err != OK)
		cli_error(cli, err, "%s", err_text(err));
	if (err == OK && (err = start_urls(&d, urls)) == OK && (err = wait_for_all(&d)) == OK) {
		if (d.printed_n == 0)
			print_silent(&d);
		err = d.printed_n > 0 ? d.err : say_nothing_found(&d);
		if (d.mdns != NULL && discover_mdns_crowded(d.mdns))
			cli_warn(cli, "more than %d services are announced; the rest was left out",
				 DISCOVER_INSTANCES_MAX);
	}
	discover_mdns_close(d.mdns);
	discover_probes_close(&d.probes);
	for (size_t i = 0; i < d.found_n; i++)
		free(d.found[i]);
	free(d.arena);
	free(urls);
	return err;
}

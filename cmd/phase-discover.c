/* phase-discover: where a release may be had. */
#include <errno.h>
#include <sys/utsname.h>

#include "host/discover_url.h"
#include "host/file.h"
#include "host/mdns_browse.h"

#define CANDIDATES_MAX 4096 /* remembered, so that each is printed once; further ones are not printed */
#define TURN_MS 20          /* while two kinds of sources are waited for in turn */

struct options {
	const char *channel, *arch;
	bool mdns, all, first;
	struct cli_texts urls;
	uint64_t timeout_ms;
};

#define FIELD(name) offsetof(struct options, name)
static const struct cli_option table[] = {
	{'c', "channel", CLI_TEXT, FIELD(channel), "CHANNEL", "releases of this channel (stable)"},
	{'a', "arch", CLI_TEXT, FIELD(arch), "ARCH", "releases for this architecture (this machine's)"},
	{0, "all", CLI_FLAG, FIELD(all), NULL, "releases of every channel and architecture"},
	{0, "mdns", CLI_FLAG, FIELD(mdns), NULL, "look on the local network (the default without --url)"},
	{0, "url", CLI_TEXTS, FIELD(urls), "URL", "ask this provider or manifest; may be repeated"},
	{0, "timeout", CLI_DURATION, FIELD(timeout_ms), "TIME", "look this long (10s)"},
	{0, "first", CLI_FLAG, FIELD(first), NULL, "end with the first one that is found"},
};
static const struct cli_program program = {
	.name = "phase-discover",
	.operands = "",
	.summary = "find providers of releases and print each as one line of JSON",
	.text = "What is found is not trusted: phase-fetch verifies it.\n"
		"\n"
		"  phase-discover --mdns --first | phase-fetch --policy policy.json -o /boot/next\n"
		"  phase-discover --all --timeout 3s | jq -r .manifest_url\n"
		"  phase-discover --url http://boot.example:8080 --url http://192.0.2.7:8080\n",
	.options = table,
	.options_n = sizeof table / sizeof table[0],
};

struct search {
	struct cli *cli;
	const struct options *o;
	char *seen[CANDIDATES_MAX]; /* manifest URLs */
	size_t seen_n;
	int err; /* of printing; said */
};

static bool is_new(struct search *s, const char *url)
{
	for (size_t k = 0; k < s->seen_n; k++)
		if (strcmp(s->seen[k], url) == 0)
			return false;
	if (s->seen_n == CANDIDATES_MAX) {
		cli_warn(s->cli, "more than %d candidates: the rest is not printed", CANDIDATES_MAX);
		return false;
	}
	s->seen[s->seen_n] = strdup(url);
	if (s->seen[s->seen_n] == NULL) {
		cli_error(s->cli, ERR_NO_MEMORY, "%s", err_text(ERR_NO_MEMORY));
		s->err = ERR_NO_MEMORY;
		return false;
	}
	s->seen_n++;
	return true;
}

static void found(void *context, const struct discover_candidate *c)
{
	struct search *s = context;
	const struct options *o = s->o;
	char line[CANDIDATE_JSON_MAX];
	if ((o->channel != NULL && strcmp(o->channel, c->channel) != 0) ||
	    (o->arch != NULL && strcmp(o->arch, c->arch) != 0)) {
		cli_info(s->cli, "%s: is of channel %s for %s", c->manifest_url, c->channel, c->arch);
		return;
	}
	if (s->err != OK || (o->first && s->seen_n > 0) || !is_new(s, c->manifest_url))
		return;
	int err = discover_candidate_json(c, (struct wall){clock_wall_s()}, line);
	if (err != OK) {
		cli_error(s->cli, err, "%s: %s", c->manifest_url, err_text(err));
		s->err = err;
	} else if (fputs(line, stdout) == EOF || fflush(stdout) != 0) {
		cli_error(s->cli, ERR_IO, "write error: %s", strerror(errno));
		s->err = ERR_IO;
	}
}

/* Until the time is over, the first one is there, or nobody is left who could answer. */
static int look(struct search *s, struct discover_urls *urls, struct mdns_browser *mdns)
{
	uint64_t now = clock_now_ms(), end = now + s->o->timeout_ms;
	int err = OK;
	while (err == OK && s->err == OK && now < end && !(s->o->first && s->seen_n > 0) &&
	       (mdns != NULL || discover_urls_left(urls) > 0)) {
		bool both = mdns != NULL && discover_urls_left(urls) > 0;
		uint64_t wait = both ? TURN_MS : end - now;
		if (discover_urls_left(urls) > 0)
			err = discover_urls_step(urls, wait);
		if (err == OK && mdns != NULL)
			err = mdns_browse_step(mdns, wait);
		now = clock_now_ms();
	}
	return err != OK ? err : s->err;
}

/* At 3 a.m. the next thing to look at is worth more than "not found". */
static int nothing_found(struct search *s, const struct mdns_browser *mdns)
{
	const struct options *o = s->o;
	const char *check = "see the warnings above";
	if (mdns != NULL && !mdns_browse_connected(mdns))
		check = "start avahi-daemon and D-Bus here, or name a provider with --url";
	else if (mdns != NULL)
		check = "is phase-serve running in this network segment, with this channel and architecture, and is "
			"UDP port 5353 open? --all shows all that there are";
	cli_error(s->cli, ERR_NOT_FOUND, "no provider found for channel %s and architecture %s: %s",
		  o->channel == NULL ? "(any)" : o->channel, o->arch == NULL ? "(any)" : o->arch, check);
	return ERR_NOT_FOUND;
}

static int search(struct cli *cli, const struct options *o, const char *const *manifest_urls, bool mdns_wanted)
{
	static struct search s; /* large */
	struct discover_urls *urls = NULL;
	struct mdns_browser *mdns = NULL;
	int err = OK;
	s = (struct search){.cli = cli, .o = o};
	if (o->urls.n > 0 && (urls = discover_urls_start(cli, manifest_urls, o->urls.n, found, &s)) == NULL)
		err = ERR_NO_MEMORY;
	if (err == OK && mdns_wanted && (mdns = mdns_browse(cli, found, &s)) == NULL)
		err = ERR_NO_MEMORY;
	if (err != OK)
		cli_error(cli, err, "%s", err_text(err));
	else
		err = look(&s, urls, mdns);
	discover_urls_end(urls);
	if (err == OK && s.seen_n == 0)
		err = nothing_found(&s, mdns);
	mdns_browse_end(mdns);
	while (s.seen_n > 0)
		free(s.seen[--s.seen_n]);
	return err;
}

int main(int argc, char **argv)
{
	struct options o = {.timeout_ms = 10000};
	static char manifest_urls[DISCOVER_URLS_MAX][CANDIDATE_URL_MAX + 1];
	const char *views[DISCOVER_URLS_MAX];
	struct utsname machine;
	struct cli cli;
	cli_start(&cli, &program, argc, argv, &o);
	bool mdns = o.mdns || o.urls.n == 0;
	if (o.all && (o.channel != NULL || o.arch != NULL))
		cli_usage(&cli, "--all goes without --channel and --arch");
	if (o.channel == NULL && !o.all)
		o.channel = "stable";
	if (o.arch == NULL && !o.all)
		o.arch = uname(&machine) == 0 ? machine.machine : "x86_64";
	if (o.channel != NULL && !name_is_safe(bytes_text(o.channel)))
		cli_usage(&cli, "--channel: '%s' is no name of a channel", o.channel);
	if (o.arch != NULL && arch_canonical(bytes_text(o.arch)) == NULL)
		cli_usage(&cli, "--arch: '%s' is none of x86_64, amd64, arm64, aarch64", o.arch);
	if (o.arch != NULL)
		o.arch = arch_canonical(bytes_text(o.arch));
	if (o.urls.n > DISCOVER_URLS_MAX)
		cli_usage(&cli, "--url: more than %d", DISCOVER_URLS_MAX);
	for (size_t k = 0; k < o.urls.n; k++) {
		if (discover_manifest_url(o.urls.v[k], o.channel, o.arch, manifest_urls[k]) != OK)
			cli_usage(&cli, "--url: '%s' is no http or https URL of a provider or manifest", o.urls.v[k]);
		views[k] = manifest_urls[k];
	}
	return cli_end(&cli, search(&cli, &o, views, mdns));
}

#include "host/discover.h"

#include "host/clock.h"
#include "host/discover_dht.h"
#include "host/discover_url.h"
#include "host/mdns_browse.h"

#define HEARD_MAX 4096 /* manifest URLs remembered: anybody on the network may announce any number */
#define TURN_MS 20     /* while two kinds of sources are waited for in turn */

struct search {
	struct cli *cli;
	const struct discover_options *o;
	struct discover_urls *urls;
	struct manifest_places places; /* below a root, where manifests are looked for */
	struct mdns_browser *mdns;
	struct discover_dht_options of_dht;
	struct discover_dht *dht; /* NULL: it is not asked */
	char *heard[HEARD_MAX];   /* owned; each counts once */
	size_t heard_n, printed_n;
	struct discover_candidate silent; /* the first that was announced; for --first */
	bool has_silent, crowded;
	int err; /* said, or cli_end says it */
};

static bool is_over(const struct search *s)
{
	return s->err != OK || (s->o->first && s->printed_n > 0);
}

static void print(struct search *s, const struct discover_candidate *c)
{
	char line[CANDIDATE_JSON_MAX];
	int err = discover_candidate_json(c, (struct wall){clock_wall_s()}, line);
	s->printed_n++;
	if (err != OK) {
		cli_error(s->cli, err, "%s: %s", c->manifest_url, err_text(err));
	} else {
		cli_print(bytes_text(line));
		err = cli_flush(s->cli);
	}
	s->err = err;
}

/* Whether this URL is heard of for the first time. */
static bool is_new(struct search *s, const char *url)
{
	for (size_t k = 0; k < s->heard_n; k++)
		if (strcmp(s->heard[k], url) == 0)
			return false;
	if (s->heard_n == HEARD_MAX) {
		if (!s->crowded)
			cli_warn(s->cli, "more than %d candidates: the rest is left out", HEARD_MAX);
		s->crowded = true;
		return false;
	}
	s->heard[s->heard_n] = strdup(url);
	if (s->heard[s->heard_n] == NULL) {
		cli_error(s->cli, ERR_NO_MEMORY, "%s", err_text(ERR_NO_MEMORY));
		s->err = ERR_NO_MEMORY;
		return false;
	}
	s->heard_n++;
	return true;
}

static bool is_wanted(const struct search *s, const struct discover_candidate *c)
{
	return (s->o->channel == NULL || strcmp(s->o->channel, c->channel) == 0) &&
	       (s->o->arch == NULL || strcmp(s->o->arch, c->arch) == 0);
}

/* Announcements of hosts that are gone live on in caches: where only one candidate is printed, it
 * must be one that answers. */
static void on_announced(void *context, const struct discover_candidate *c)
{
	struct search *s = context;
	if (!is_wanted(s, c)) {
		cli_debug(s->cli, "%s: of no interest: channel %s, architecture %s", c->manifest_url, c->channel,
			  c->arch);
		return;
	}
	if (is_over(s) || !is_new(s, c->manifest_url))
		return;
	if (!s->o->first) {
		print(s, c);
		return;
	}
	if (!s->has_silent)
		s->silent = *c;
	s->has_silent = true;
	if (discover_urls_probe(s->urls, c) != OK)
		cli_info(s->cli, "%s: too many to ask at once: left out", c->manifest_url);
}

static void on_answer(void *context, const struct discover_candidate *c)
{
	struct search *s = context;
	if (is_over(s))
		return;
	if (!is_wanted(s, c)) /* a URL was given that leads to something else */
		cli_warn(s->cli, "%s: not what is looked for: channel %s, architecture %s", c->manifest_url, c->channel,
			 c->arch);
	else if (strcmp(c->via, "url") != 0 || is_new(s, c->manifest_url))
		print(s, c);
}

/* Until the time is over, the first one is there, or nobody is left who could answer. */
static int look(struct search *s)
{
	uint64_t now = clock_now_ms(), end = now + s->o->timeout_ms;
	int err = OK;
	while (err == OK && !is_over(s) && now < end) {
		const bool asking = discover_urls_left(s->urls) > 0;
		const bool searching = s->dht != NULL && !discover_dht_over(s->dht);
		const int waiting = asking + searching + (s->mdns != NULL);
		const uint64_t wait = waiting > 1 ? TURN_MS : end - now;
		if (waiting == 0)
			break;
		if (asking)
			err = discover_urls_step(s->urls, wait);
		if (err == OK && searching && !is_over(s))
			discover_dht_step(s->dht, wait);
		if (err == OK && s->mdns != NULL && !is_over(s))
			err = mdns_browse_step(s->mdns, wait);
		now = clock_now_ms();
	}
	return err != OK ? err : s->err;
}

/* What to look at next where the DHT was asked; hint has room for it. */
static void hint_of_dht(const struct search *s, char *hint, size_t room)
{
	const char *why, *peer;
	if (s->dht == NULL) {
		(void)snprintf(hint, room, "no peer is known to enter the DHT by");
		return;
	}
	const struct discover_dht_left_out left = discover_dht_left_out(s->dht);
	if (left.expired_n + left.not_yet_n > 0) {
		char now[WALL_TEXT_BYTES + 1];
		clock_wall_text(now);
		(void)snprintf(hint, room,
			       "the DHT has records of these, but %u expired and %u from the future by this machine's "
			       "clock, which says %s: is it right?",
			       left.expired_n, left.not_yet_n, now);
	} else if (discover_dht_answered(s->dht) > 0) {
		(void)snprintf(hint, room,
			       "the peers of the DHT have no record of these that is still good: does phase-announce "
			       "run?");
	} else if ((peer = discover_dht_silent(s->dht, &why)) != NULL) {
		(void)snprintf(hint, room, "no peer of the DHT answered: %s: %s", peer, why);
	} else {
		(void)snprintf(hint, room,
			       "no peer of the DHT answered: are the addresses of --bootstrap right, do they speak the "
			       "same --protocol, and does their port let us pass? --verbose shows each connection");
	}
}

static const char *hint_of_mdns(const struct search *s)
{
	return mdns_browse_connected(s->mdns)
		       ? "is phase-serve running in this network segment, with a release for these and with its "
			 "avahi-daemon, and does UDP port 5353 pass? --all shows every channel and architecture"
		       : "start avahi-daemon and D-Bus on this machine, or name a provider with --url";
}

/* At 3 a.m. the next thing to look at is worth more than "not found". */
static int nothing_found(struct search *s)
{
	const struct discover_options *o = s->o;
	char dht[1024] = "";
	if (o->dht)
		hint_of_dht(s, dht, sizeof dht);
	const char *mdns = s->mdns == NULL ? "" : hint_of_mdns(s);
	if (!o->dht && s->mdns == NULL)
		mdns = "none of the URLs led to a manifest that fits";
	cli_error(s->cli, ERR_NOT_FOUND, "no provider found for channel %s, architecture %s: %s%s%s",
		  o->channel == NULL ? "(any)" : o->channel, o->arch == NULL ? "(any)" : o->arch, dht,
		  dht[0] != '\0' && mdns[0] != '\0' ? "; on the local network: " : "", mdns);
	return ERR_NOT_FOUND;
}

static int conclude(struct search *s)
{
	if (s->printed_n == 0 && s->has_silent) { /* slow, or shy of us: better than none */
		cli_warn(s->cli, "none of those announced has answered; taking the first");
		print(s, &s->silent);
	}
	return s->printed_n == 0 ? nothing_found(s) : s->err;
}

void discover_check_usage(struct cli *cli, const struct discover_options *o)
{
	char url[CANDIDATE_URL_MAX + 1];
	dht_check_usage(cli, &o->of_dht);
	if (o->urls.n > DISCOVER_URLS_MAX)
		cli_usage(cli, "--url: more than %d", DISCOVER_URLS_MAX);
	for (size_t k = 0; k < o->urls.n; k++)
		if (discover_manifest_url(o->urls.v[k], "stable", "x86_64", url) != OK)
			cli_usage(cli, "--url: '%s' is no http or https URL of a provider or a manifest", o->urls.v[k]);
}

static int open_all(struct search *s)
{
	const struct discover_options *o = s->o;
	int err = OK;
	manifest_places_init(&s->places, o->channel == NULL ? BYTES_NONE : bytes_text(o->channel),
			     o->arch == NULL ? BYTES_NONE : bytes_text(o->arch));
	s->urls = discover_urls_open(s->cli, on_answer, s);
	if (o->dht) {
		s->of_dht = (struct discover_dht_options){.dht = o->of_dht, .channel = o->channel, .arch = o->arch};
		err = discover_dht_open(s->cli, &s->of_dht, on_announced, s, &s->dht);
		const bool others = o->mdns || o->urls.n > 0;
		if (err == ERR_NO_MEMORY || (err != OK && err != ERR_NOT_FOUND && !others))
			return err;
		s->cli->status = 0; /* the other ways are gone, or it is said that there is none */
		err = OK;
	}
	if (s->urls == NULL || (o->mdns && (s->mdns = mdns_browse(s->cli, o->timeout_ms, on_announced, s)) == NULL))
		err = ERR_NO_MEMORY;
	for (size_t k = 0; k < o->urls.n && err == OK; k++)
		err = discover_urls_ask(s->urls, o->urls.v[k], &s->places);
	if (err != OK)
		cli_error(s->cli, err, "%s", err_text(err));
	return err;
}

int discover_run(struct cli *cli, const struct discover_options *o)
{
	static struct search s; /* large */
	s = (struct search){.cli = cli, .o = o};
	int err = open_all(&s);
	if (err == OK)
		err = look(&s);
	discover_urls_close(s.urls, err == OK && !is_over(&s));
	if (err == OK)
		err = conclude(&s);
	mdns_browse_end(s.mdns);
	discover_dht_close(s.dht);
	while (s.heard_n > 0)
		free(s.heard[--s.heard_n]);
	return err;
}

#include "host/discover_dht.h"

#include <stdlib.h>
#include <string.h>

#include "core/arch.h"
#include "crypto/sha256.h"
#include "host/clock.h"
#include "host/record_exchange.h"

#define ARCHS_N 2
#define SEEN_MAX 64
#define ROUNDS_MAX 16              /* a server has eight values of a key, and gives one of them with each answer */
#define SEARCHES_MAX (3 * ARCHS_N) /* two spellings, and the providers of the first */

struct search {
	struct discover_dht *d;
	size_t key_n;
	uint8_t key[KAD_RECORD_KEY_BYTES_MAX]; /* of the record; also where its providers are looked for */
	enum kad_lookup_kind kind;
	unsigned values_n, providers_n; /* of the look-up under way, that were looked at */
	uint8_t seen[SEEN_MAX][SHA256_BYTES];
	unsigned seen_n, fresh_n; /* values, in all look-ups; in this one for the first time */
	unsigned rounds, dry_n;   /* look-ups; how many of the last ones have brought nothing new */
	unsigned answered_n;
	unsigned refused_n; /* of the look-up under way: what was told that is no record */
	struct discover_dht_left_out left_out;
};

struct discover_dht {
	struct dht_options of_dht;
	struct cli *cli;
	struct dht *dht;
	uv_timer_t timer;
	discover_dht_found *found;
	void *context;
	struct search searches[SEARCHES_MAX];
	size_t searches_n, left_n; /* left: searches and questions to providers that go on */
	bool closing;
};

static int look_up(struct search *s);

/* What is found is judged here, so that a clock that is wrong can be told from a DHT that has nothing. */
static int check(struct bytes key, struct bytes value, enum kad_scope least, struct wall now, uint64_t *left_s)
{
	uint8_t memory[KAD_RECORD_ARENA_BYTES];
	struct arena a = arena_of(memory, sizeof memory);
	struct kad_record r;
	(void)now;
	*left_s = KAD_RECORD_TTL_MAX_S;
	return kad_record_read(&r, key, value, least, &a, NULL);
}

static const struct kad_rules rules = {.check = check};

/* --- what is found --- */

static bool copy(char *out, size_t room, struct bytes text)
{
	struct writer w = writer_of(out, room - 1);
	write_bytes(&w, text);
	out[w.full ? 0 : w.n] = '\0';
	return !w.full;
}

static bool candidate_of(struct discover_candidate *c, const struct kad_record *r)
{
	*c = (struct discover_candidate){.via = "dht", .arch = r->arch};
	(void)cli_quote(r->manifest_version, c->version, sizeof c->version);
	if (!copy(c->manifest_url, sizeof c->manifest_url, r->manifest_url) ||
	    !copy(c->channel, sizeof c->channel, r->channel))
		return false;
	return discover_candidate_address(c->manifest_url, c->http_addr) == OK;
}

static void say_left_out(const struct discover_dht *d, struct bytes url, const struct peer_id *peer, int err,
			 const struct why *why)
{
	char quoted[CANDIDATE_URL_MAX + 1], id[PEER_ID_TEXT_MAX + 1] = "the DHT";
	if (peer != NULL)
		dht_peer_text(peer, id);
	cli_debug(d->cli, "a record from %s is left out: %s%s%s%s%s", id,
		  url.n == 0 ? "" : cli_quote(url, quoted, sizeof quoted), url.n == 0 ? "" : ": ", err_text(err),
		  why->what[0] == '\0' ? "" : ": ", why->what);
}

/* peer: whose record it is; NULL: that is not known. least: the scope of who told it. */
static void take(struct search *s, struct bytes value, enum kad_scope least, const struct peer_id *peer)
{
	static uint8_t memory[KAD_RECORD_ARENA_BYTES];
	struct discover_dht *d = s->d;
	struct arena a = arena_of(memory, sizeof memory);
	struct discover_candidate c;
	struct kad_record r;
	struct why why = {.what = ""};
	int err = kad_record_read(&r, bytes_of(s->key, s->key_n), value, least, &a, &why);
	if (err == OK) {
		err = kad_record_judge(&r, (struct wall){clock_wall_s()});
		why.what = "";
		s->left_out.expired_n += err == ERR_EXPIRED;
		s->left_out.not_yet_n += err == ERR_NOT_YET;
		if (err == OK && !candidate_of(&c, &r))
			err = ERR_VALUE;
	} else {
		r.manifest_url = BYTES_NONE;
	}
	if (err != OK) {
		say_left_out(d, r.manifest_url, peer, err, &why);
		return;
	}
	if (peer != NULL)
		dht_peer_text(peer, c.peer);
	d->found(d->context, &c);
}

static void on_record(struct p2p_node *node, const struct peer_id *peer, int err, struct bytes answer, void *context)
{
	struct search *s = context;
	struct p2p_address at;
	enum connection_role role;
	char id[PEER_ID_TEXT_MAX + 1];
	s->d->left_n--;
	if (s->d->closing)
		return;
	if (err == OK && p2p_node_remote(node, peer, &at, &role)) {
		take(s, answer, kad_scope_of(bytes_of(at.bytes, at.n)), peer);
		return;
	}
	dht_peer_text(peer, id);
	cli_debug(s->d->cli, "%s says that it provides this, but gives no record: %s", id, err_text(err));
}

/* A provider has its record from nobody but itself. */
static void ask_provider(struct search *s, const struct kad_contact *provider)
{
	const struct bytes key = bytes_of(s->key, s->key_n);
	const int err = record_exchange_ask(dht_node(s->d->dht), provider, key, on_record, s);
	s->d->left_n += err == OK;
	if (err != OK)
		cli_debug(s->d->cli, "a provider cannot be asked: %s", err_text(err));
}

static bool is_fresh(struct search *s, struct bytes value)
{
	uint8_t hash[SHA256_BYTES];
	sha256_of(value, hash);
	for (unsigned i = 0; i < s->seen_n; i++)
		if (memcmp(s->seen[i], hash, sizeof hash) == 0)
			return false;
	if (s->seen_n == SEEN_MAX)
		return false;
	memcpy(s->seen[s->seen_n++], hash, sizeof hash);
	s->fresh_n++;
	return true;
}

static void on_told(struct p2p_dht *dht, int err, const struct kad_lookup *l, const struct kad_contact *providers,
		    void *context)
{
	struct search *s = context;
	struct bytes value;
	unsigned told_n;
	(void)dht;
	if (err != OK || s->d->closing)
		return;
	s->answered_n = l->answered_n;
	if (l->refused_n > s->refused_n)
		cli_debug(s->d->cli, "%.*s: a peer has told what is no record of it: left out", (int)s->key_n,
			  (const char *)s->key);
	s->refused_n = l->refused_n;
	for (; kad_lookup_value(l, s->values_n, &value, &told_n); s->values_n++)
		if (is_fresh(s, value))
			take(s, value, KAD_SCOPE_LOOPBACK, NULL); /* the look-up has looked at scopes */
	for (; s->providers_n < l->providers_n; s->providers_n++)
		ask_provider(s, &providers[s->providers_n]);
}

static void on_done(struct p2p_dht *dht, int err, const struct kad_lookup *l, const struct kad_contact *providers,
		    void *context)
{
	struct search *s = context;
	on_told(dht, err, l, providers, context);
	s->d->left_n--;
	s->dry_n = s->fresh_n > 0 ? 0 : s->dry_n + 1;
	/* A server that keeps several gives another one with the next answer; others may ask it in between. */
	const bool enough = s->kind != KAD_LOOKUP_VALUES || s->dry_n >= (s->seen_n > 1 ? 2 : 1);
	if (err == OK && !s->d->closing && !enough && s->rounds < ROUNDS_MAX)
		(void)!look_up(s);
}

/* --- beginning --- */

static int look_up(struct search *s)
{
	uint8_t provided[KAD_RECORD_PROVIDED_BYTES];
	const struct bytes key = bytes_of(s->key, s->key_n);
	kad_record_provided(key, provided);
	const struct p2p_dht_question q = {.kind = s->kind,
					   .key = s->kind == KAD_LOOKUP_PROVIDERS ? bytes_of(provided, sizeof provided)
										  : key,
					   .answered = on_told,
					   .done = on_done,
					   .context = s};
	const int err = p2p_dht_search(dht_table(s->d->dht), &q);
	s->values_n = s->providers_n = s->fresh_n = s->refused_n = 0;
	s->rounds++;
	s->d->left_n += err == OK;
	return err;
}

static int search(struct discover_dht *d, enum kad_lookup_kind kind, const char *channel, const char *arch)
{
	struct search *s = &d->searches[d->searches_n];
	struct writer w = writer_of(s->key, sizeof s->key);
	*s = (struct search){.d = d, .kind = kind};
	kad_record_write_key(&w, bytes_text(channel), bytes_text(arch));
	if (w.full)
		return ERR_LIMIT;
	s->key_n = w.n;
	d->searches_n++;
	return look_up(s);
}

static int search_all(struct discover_dht *d, const struct discover_dht_options *o)
{
	static const char *const archs[ARCHS_N] = {"x86_64", "arm64"};
	const char *channel = o->channel == NULL ? "stable" : o->channel;
	int err = OK;
	for (size_t i = 0; i < ARCHS_N && err == OK; i++) {
		if (o->arch != NULL && strcmp(o->arch, archs[i]) != 0)
			continue;
		err = search(d, KAD_LOOKUP_VALUES, channel, archs[i]);
		if (err == OK)
			err = search(d, KAD_LOOKUP_VALUES, channel, arch_other(bytes_text(archs[i])));
		if (err == OK)
			err = search(d, KAD_LOOKUP_PROVIDERS, channel, archs[i]);
	}
	if (err != OK)
		cli_error(d->cli, err, "the DHT cannot be asked: %s", err_text(err));
	return err;
}

static int begin(struct discover_dht *d, const struct discover_dht_options *o)
{
	size_t peers_n;
	int err = dht_begin(d->dht, &peers_n);
	if (err == OK && peers_n == 0) {
		cli_warn(d->cli,
			 "the DHT is not asked: no peer is known to enter it by: name one with --bootstrap, or in %s",
			 dht_bootstrap_file());
		err = ERR_NOT_FOUND;
	}
	return err == OK ? search_all(d, o) : err;
}

int discover_dht_open(struct cli *cli, const struct discover_dht_options *o, discover_dht_found *found, void *context,
		      struct discover_dht **discover)
{
	struct discover_dht *d = calloc(1, sizeof *d);
	if (d == NULL) {
		cli_error(cli, ERR_NO_MEMORY, "%s", err_text(ERR_NO_MEMORY));
		return ERR_NO_MEMORY;
	}
	*d = (struct discover_dht){.cli = cli, .found = found, .context = context};
	d->of_dht = o->dht;
	d->of_dht.rules = &rules;
	int err = dht_open(cli, &d->of_dht, &d->dht);
	if (err != OK) {
		free(d);
		return err;
	}
	(void)uv_timer_init(dht_loop(d->dht), &d->timer); /* cannot fail */
	err = begin(d, o);
	if (err == OK)
		*discover = d;
	else
		discover_dht_close(d);
	return err;
}

/* --- going on --- */

static void on_timer(uv_timer_t *timer)
{
	(void)timer; /* the loop came back, that is all */
}

void discover_dht_step(struct discover_dht *d, uint64_t wait_ms)
{
	uv_update_time(dht_loop(d->dht));
	(void)uv_timer_start(&d->timer, on_timer, wait_ms, 0);
	(void)uv_run(dht_loop(d->dht), UV_RUN_ONCE);
}

bool discover_dht_over(const struct discover_dht *d)
{
	return d->left_n == 0;
}

unsigned discover_dht_answered(const struct discover_dht *d)
{
	unsigned most = 0;
	for (size_t i = 0; i < d->searches_n; i++)
		if (d->searches[i].answered_n > most)
			most = d->searches[i].answered_n;
	return most;
}

struct discover_dht_left_out discover_dht_left_out(const struct discover_dht *d)
{
	struct discover_dht_left_out most = {0};
	for (size_t i = 0; i < d->searches_n; i++) {
		const struct discover_dht_left_out *n = &d->searches[i].left_out;
		most.expired_n = n->expired_n > most.expired_n ? n->expired_n : most.expired_n;
		most.not_yet_n = n->not_yet_n > most.not_yet_n ? n->not_yet_n : most.not_yet_n;
	}
	return most;
}

const char *discover_dht_silent(const struct discover_dht *d, const char **why)
{
	return dht_silent(d->dht, why);
}

void discover_dht_close(struct discover_dht *d)
{
	if (d == NULL)
		return;
	d->closing = true;
	uv_close((uv_handle_t *)&d->timer, NULL);
	dht_close(d->dht);
	free(d);
}

#include "host/announce.h"

#include <stdlib.h>

#include "host/announce_tell.h"
#include "host/announced.h"
#include "host/cli_json.h"
#include "host/clock.h"
#include "host/record_exchange.h"
#include "host/served.h"
#include "kad/record_url.h"

#define RETRY_MS 5000 /* after what went wrong; twice as long each time */
#define RETRY_DOUBLED_MAX 10

/* One key of a round. */
struct told {
	struct announce *a;
	unsigned kept_n, asked_n, provided_n;
};

struct announce {
	struct cli *cli;
	const struct announce_options *o;
	struct dht_options of_dht;
	struct dht *dht;
	struct announced_place place;
	struct served served;
	struct announced records[ANNOUNCED_N];
	struct wall good_until; /* of records */
	struct record_exchange exchange;
	uv_timer_t timer; /* of the next round */
	uv_work_t work;   /* step, in a thread of its own */
	int (*step)(struct served *s);
	int step_err;
	struct told told[ANNOUNCED_N];
	unsigned searches_n; /* under way */
	uint64_t begun_ms;
	unsigned failures_n; /* one after the other */
	bool closing, over;
	int err; /* once over */
};

static const char *any_ports[] = {"/ip4/0.0.0.0/tcp/0", "/ip4/0.0.0.0/udp/0/quic-v1", "/ip6/::/tcp/0",
				  "/ip6/::/udp/0/quic-v1"};

/* --- the course of a round --- */

static void on_timer(uv_timer_t *timer);

static void end(struct announce *a, int err)
{
	a->over = true;
	a->err = err;
	dht_stop(a->dht);
}

/* What is wrong of a round is no reason to end, where others follow. */
static void end_round(struct announce *a, int err)
{
	const uint64_t every = a->o->every_ms, now = clock_now_ms();
	if (a->closing)
		return;
	if (every == 0) {
		end(a, err);
		return;
	}
	uint64_t at = a->begun_ms + every;
	a->failures_n = err == OK ? 0 : a->failures_n + 1;
	if (err != OK) {
		const unsigned doubled = a->failures_n > RETRY_DOUBLED_MAX ? RETRY_DOUBLED_MAX : a->failures_n - 1;
		const uint64_t wait = (uint64_t)RETRY_MS << doubled;
		at = now + (wait < every ? wait : every);
		cli_warn(a->cli, "%s: not announced; again in %llu s", a->o->url,
			 (unsigned long long)(at - now + 999) / 1000);
	}
	a->cli->status = 0; /* errors of a round */
	(void)uv_timer_start(&a->timer, on_timer, at > now ? at - now : 0, 0);
}

static int print(const struct announce *a, size_t i)
{
	const struct told *t = &a->told[i];
	const struct announced *r = &a->records[i];
	char record[KAD_RECORD_BYTES_MAX + 1];
	struct writer w = writer_of(record, sizeof record - 1);
	cJSON *o = cJSON_CreateObject();
	write_bytes(&w, bytes_of(r->value, r->value_n));
	record[w.n] = '\0';
	bool made = cli_json_text(o, "key", bytes_of(r->key, r->key_n)) &&
		    cJSON_AddNumberToObject(o, "peers", t->kept_n) != NULL &&
		    cJSON_AddNumberToObject(o, "asked", t->asked_n) != NULL;
	if (a->o->every_ms > 0)
		made = made && cJSON_AddNumberToObject(o, "provided", t->provided_n) != NULL;
	made = made && cJSON_AddRawToObject(o, "record", record) != NULL;
	if (!made) {
		cJSON_Delete(o);
		return ERR_NO_MEMORY;
	}
	return cli_json_print(o);
}

/* All peers have been asked. */
static void conclude(struct announce *a)
{
	unsigned asked_n = 0, kept_n = 0, provided_n = 0;
	int err = OK;
	for (size_t i = 0; i < ANNOUNCED_N && err == OK; i++) {
		const struct told *t = &a->told[i];
		asked_n = t->asked_n > asked_n ? t->asked_n : asked_n;
		kept_n += t->kept_n;
		provided_n += t->provided_n;
		err = print(a, i);
	}
	if (err == OK)
		err = cli_flush(a->cli);
	if (err != OK) { /* nobody is there any more to tell */
		end(a, err);
		return;
	}
	if (kept_n + provided_n > 0) {
		if (kept_n == 0)
			cli_info(a->cli, "no peer keeps the record; it is found by asking this program, as provider");
		end_round(a, OK);
		return;
	}
	if (asked_n == 0)
		announce_tell_nobody(a->cli, a->o->url, a->dht);
	else
		announce_tell_refused(a->cli, a->o->url, asked_n, a->o->every_ms > 0);
	end_round(a, ERR_NOT_FOUND);
}

static void search_ended(struct announce *a)
{
	if (--a->searches_n == 0 && !a->closing)
		conclude(a);
}

static unsigned asked_of(const struct kad_lookup *l)
{
	return l->answered_n < KAD_K ? l->answered_n : KAD_K;
}

static void on_put(struct p2p_dht *dht, int err, const struct kad_lookup *l, const struct kad_contact *providers,
		   void *context)
{
	struct told *t = context;
	(void)dht, (void)providers;
	if (err == OK) {
		t->kept_n = l->stored_n;
		t->asked_n = asked_of(l);
	}
	search_ended(t->a);
}

static void on_provided(struct p2p_dht *dht, int err, const struct kad_lookup *l, const struct kad_contact *providers,
			void *context)
{
	struct told *t = context;
	(void)dht, (void)providers;
	if (err == OK)
		t->provided_n = l->stored_n;
	search_ended(t->a);
}

static int put(struct announce *a, size_t i)
{
	uint8_t provided[KAD_RECORD_PROVIDED_BYTES];
	const struct bytes key = bytes_of(a->records[i].key, a->records[i].key_n), nothing = BYTES_NONE,
			   value = bytes_of(a->records[i].value, a->records[i].value_n);
	a->told[i] = (struct told){.a = a};
	struct p2p_dht_question q = {
		.kind = KAD_LOOKUP_NODES, .key = key, .value = &value, .done = on_put, .context = &a->told[i]};
	int err = p2p_dht_search(dht_table(a->dht), &q);
	a->searches_n += err == OK;
	if (err != OK || a->o->every_ms == 0)
		return err;
	kad_record_provided(key, provided);
	q.key = bytes_of(provided, sizeof provided);
	q.value = &nothing;
	q.done = on_provided;
	err = p2p_dht_search(dht_table(a->dht), &q);
	a->searches_n += err == OK;
	return err;
}

static void put_all(struct announce *a)
{
	const struct wall now = {clock_wall_s()};
	int err = announced_write(a->records, &a->served.manifest, &a->place, now, a->o->ttl_s);
	if (err != OK) {
		cli_error(a->cli, err, "%s: not announced: the DHT can have no record of its channel or version",
			  a->o->url);
		end_round(a, err);
		return;
	}
	a->good_until.s = now.s + (int64_t)a->o->ttl_s;
	a->searches_n = 1; /* until all have begun */
	for (size_t i = 0; i < ANNOUNCED_N; i++) {
		err = put(a, i);
		if (err != OK && !a->closing)
			cli_warn(a->cli, "%.*s: %s", (int)a->records[i].key_n, (const char *)a->records[i].key,
				 err_text(err));
	}
	search_ended(a);
}

/* --- what is announced is looked at, in a thread of its own: all else goes on --- */

static void work(uv_work_t *w)
{
	struct announce *a = w->data;
	a->step_err = a->step(&a->served);
}

static void worked(uv_work_t *w, int status);

static void begin_work(struct announce *a, int (*step)(struct served *s))
{
	a->step = step;
	if (uv_queue_work(dht_loop(a->dht), &a->work, work, worked) != 0)
		end_round(a, ERR_NO_MEMORY);
}

static void worked(uv_work_t *w, int status)
{
	struct announce *a = w->data;
	int err = status == 0 ? a->step_err : ERR_INTERRUPTED;
	if (a->closing)
		return;
	if (err == OK && a->step == served_fetch) {
		err = served_judge(&a->served, a->o->policy);
		if (err == OK) {
			begin_work(a, served_artifacts);
			return;
		}
	}
	if (err == OK) {
		put_all(a);
		return;
	}
	a->good_until.s = 0; /* nothing is told of what machines could not have */
	if (a->o->every_ms == 0)
		cli_error(a->cli, err, "%s: not announced", a->o->url);
	end_round(a, err);
}

static void on_timer(uv_timer_t *timer)
{
	struct announce *a = timer->data;
	a->begun_ms = clock_now_ms();
	begin_work(a, served_fetch);
}

/* --- what others ask for --- */

static struct bytes find(void *context, struct bytes key)
{
	const struct announce *a = context;
	for (size_t i = 0; i < ANNOUNCED_N && clock_wall_s() < a->good_until.s; i++)
		if (bytes_equal(key, bytes_of(a->records[i].key, a->records[i].key_n)))
			return bytes_of(a->records[i].value, a->records[i].value_n);
	return BYTES_NONE;
}

/* --- beginning and end --- */

void announce_check_usage(struct cli *cli, const struct announce_options *o)
{
	struct announced_place place;
	if (announced_place_of(&place, o->url, NULL) != OK)
		cli_usage(
			cli,
			"'%s' is no URL that others can be told, such as http://HOST:PORT/stable/x86_64/manifest.json",
			o->url);
	if (o->http_addr != NULL && announced_place_of(&place, o->url, o->http_addr) != OK)
		cli_usage(cli, "--http-addr: '%s' is no HOST:PORT", o->http_addr);
	if (o->ttl_s == 0 || o->ttl_s > KAD_RECORD_TTL_MAX_S)
		cli_usage(cli, "--ttl: not between 1 and %d seconds: the DHT keeps nothing longer than 48 hours",
			  KAD_RECORD_TTL_MAX_S);
	if (o->every_ms > o->ttl_s * 1000 / 2)
		cli_usage(
			cli,
			"--every: longer than half of --ttl (%llu s): one attempt that fails and nobody would find the "
			"release",
			(unsigned long long)o->ttl_s);
	if (o->every_ms == 0 && o->dht.listen.n + o->dht.advertise.n > 0)
		cli_usage(cli, "--listen and --advertise are for --every: whoever announces once is gone then");
	dht_check_usage(cli, &o->dht);
}

/* Where it leads must be a place for those who will read it. */
static int check_scope(const struct announce *a)
{
	struct bytes authority;
	const enum kad_scope least = dht_scope(a->dht);
	if (kad_record_url_ok(bytes_text(a->place.url), least, &authority))
		return OK;
	const bool loopback = !kad_record_url_ok(bytes_text(a->place.url), KAD_SCOPE_PRIVATE, &authority);
	cli_error(a->cli, ERR_USAGE,
		  "%s: not announced: it %s: nobody in the DHT would believe it: announce another address with "
		  "--http-addr HOST:PORT",
		  a->place.url,
		  loopback ? "leads each machine to itself"
			   : "is a private address or name, and the DHT is entered at a public one");
	return ERR_USAGE;
}

static int begin(struct announce *a)
{
	char text[MULTIADDR_TEXT_MAX + 1];
	size_t peers_n;
	int err = a->o->every_ms == 0 ? OK : record_exchange_serve(&a->exchange, dht_node(a->dht));
	if (err == OK)
		err = dht_begin(a->dht, &peers_n);
	if (err == OK && peers_n == 0) {
		err = ERR_NOT_FOUND;
		cli_error(
			a->cli, err,
			"%s: not announced: no peer is known to enter the DHT by: name one with --bootstrap, or in %s",
			a->o->url, dht_bootstrap_file());
	}
	if (err == OK)
		err = check_scope(a);
	for (size_t i = 0; err == OK && a->o->every_ms > 0 && dht_address(a->dht, i, text); i++)
		cli_info(a->cli, "listening on %s", text);
	return err;
}

/* Signals end who announces once, as ever; the others are told. */
static int run(struct announce *a)
{
	if (a->o->every_ms > 0) {
		const int err = dht_run(a->dht);
		return err == OK ? a->err : err;
	}
	while (!a->over)
		(void)uv_run(dht_loop(a->dht), UV_RUN_ONCE);
	return a->err;
}

static int open_and_run(struct announce *a)
{
	int err = served_open(&a->served, a->cli, a->o->url);
	if (err == OK)
		err = dht_open(a->cli, &a->of_dht, &a->dht);
	if (err != OK)
		return err;
	(void)uv_timer_init(dht_loop(a->dht), &a->timer); /* cannot fail */
	a->timer.data = a->work.data = a;
	err = begin(a);
	if (err == OK) {
		(void)uv_timer_start(&a->timer, on_timer, 0, 0);
		err = run(a);
	}
	a->closing = true;
	atomic_store(&a->served.stop, true);
	uv_close((uv_handle_t *)&a->timer, NULL);
	dht_close(a->dht);
	return err;
}

int announce_run(struct cli *cli, const struct announce_options *o)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		cli_error(cli, ERR_NO_MEMORY, "libcurl does not start");
		return ERR_NO_MEMORY;
	}
	struct announce *a = calloc(1, sizeof *a);
	int err = a == NULL ? ERR_NO_MEMORY : OK;
	if (a != NULL) {
		a->cli = cli;
		a->o = o;
		a->of_dht = o->dht;
		a->exchange = (struct record_exchange){.find = find, .context = a};
		if (o->every_ms > 0 && o->dht.listen.n == 0) {
			a->of_dht.listen = (struct cli_texts){any_ports, sizeof any_ports / sizeof *any_ports};
			a->of_dht.listen_if_present = true;
		}
		err = announced_place_of(&a->place, o->url, o->http_addr);
		if (err == OK)
			err = open_and_run(a);
		served_close(&a->served);
	}
	free(a);
	curl_global_cleanup();
	return err;
}

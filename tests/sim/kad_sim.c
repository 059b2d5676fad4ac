/* kad_sim [--long]: what the DHT does in networks that are too large for tests with sockets. A line of JSON for each
 * network, and TAP about what must hold. --long has 10,000 nodes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kad_network.h"

#define SETTLE_MS 60000
#define ROUNDS_MAX 10
#define KEYS_MAX 200
#define SYBIL_KEY "/phase/sybil/x86_64/manifest"

struct figures {
	unsigned publisher[KEYS_MAX];
	bool put[KEYS_MAX]; /* whether the newest was */
	unsigned put_n, stored_n, got_n, aborted_n, found_n, newest_n, hops_n;
	uint64_t hops, asked, failed;
	uint64_t ms[KEYS_MAX * ROUNDS_MAX];
	unsigned ms_n;
	double table_mean;
	unsigned table_max;
};

static unsigned test_n, failed_n;

static void test(bool good, const char *name, const char *network)
{
	test_n++;
	failed_n += !good;
	printf("%sok %u - %s: %s\n", good ? "" : "not ", test_n, network, name);
}

static size_t key_of(unsigned i, bool sybil, char out[static 128])
{
	if (sybil)
		return (size_t)snprintf(out, 128, "%s", SYBIL_KEY);
	return (size_t)snprintf(out, 128, "/phase/c%u/x86_64/manifest", i);
}

static size_t record_of(const struct network *net, unsigned i, bool sybil, unsigned version, char out[static 512])
{
	struct kad_record r = {.arch = "x86_64",
			       .manifest_version = version == 0 ? BYTES_LITERAL("0") : BYTES_LITERAL("1"),
			       .created_at = network_now(net).wall,
			       .ttl_s = KAD_RECORD_TTL_S};
	char channel[16], url[96], addr[32];
	r.channel = bytes_of(channel, (size_t)snprintf(channel, sizeof channel, sybil ? "sybil" : "c%u", i));
	r.http_addr = bytes_of(addr, (size_t)snprintf(addr, sizeof addr, "9.8.%u.%u:80", i / 200, i % 200 + 1));
	r.manifest_url = bytes_of(url, (size_t)snprintf(url, sizeof url, "http://%s/manifest.json", addr));
	struct writer w = writer_of(out, 512);
	if (kad_record_write(&w, &r) != OK)
		abort();
	return w.n;
}

/* Puts a version of every record, each from a node of its own, which puts the next one, too. */
static void put_all(struct network *net, unsigned keys, bool sybil, unsigned version, struct figures *f)
{
	struct run *runs[KEYS_MAX];
	char key[128], value[512];
	for (unsigned i = 0; i < keys; i++) {
		const size_t key_n = key_of(i, sybil, key), value_n = record_of(net, i, sybil, version, value);
		if (version == 0)
			f->publisher[i] = network_somebody(net);
		net->nodes[f->publisher[i]].stays = true;
		runs[i] = network_look_up(net, f->publisher[i], bytes_of(key, key_n), bytes_of(value, value_n));
		network_pass(net, 100);
	}
	network_pass(net, KAD_LOOKUP_ALL_MS);
	for (unsigned i = 0; i < keys; i++) {
		f->put[i] = runs[i]->done && !runs[i]->aborted;
		if (f->put[i]) {
			f->put_n++;
			f->stored_n += runs[i]->l.stored_n;
		}
		network_run_free(runs[i]);
	}
}

/* Whether a look-up found the record, and as its newest the second version. */
static void judge(const struct run *run, struct figures *f)
{
	static uint8_t memory[2][KAD_RECORD_ARENA_BYTES];
	struct kad_record best = {.ttl_s = 0}, one;
	struct bytes value;
	unsigned told_n;
	bool found = false;
	for (unsigned i = 0; kad_lookup_value(&run->l, i, &value, &told_n); i++) {
		struct arena a = arena_of(memory[found ? 1 : 0], sizeof memory[0]);
		if (kad_record_read(&one, run->l.key, value, KAD_SCOPE_PUBLIC, &a, NULL) != OK)
			continue;
		if (!found || kad_record_order(&one, &best) > 0)
			best = one;
		found = true;
	}
	f->got_n++;
	f->found_n += found;
	f->newest_n += found && bytes_is(best.manifest_version, "1");
	f->asked += run->l.asked_n;
	f->failed += run->l.failed_n;
	f->hops += kad_lookup_hops(&run->l);
	f->hops_n++;
}

static void get_all(struct network *net, unsigned keys, bool sybil, struct figures *f)
{
	struct run *runs[KEYS_MAX];
	uint64_t ended_ms[KEYS_MAX] = {0};
	char key[128];
	for (unsigned i = 0; i < keys; i++) {
		const size_t key_n = key_of(i, sybil, key);
		runs[i] = network_look_up(net, network_somebody(net), bytes_of(key, key_n), BYTES_NONE);
	}
	for (uint64_t ms = 0; ms < KAD_LOOKUP_ALL_MS; ms += 100) {
		network_pass(net, 100);
		for (unsigned i = 0; i < keys; i++)
			if (runs[i]->done && ended_ms[i] == 0)
				ended_ms[i] = net->now_ms;
	}
	network_pass(net, KAD_LOOKUP_SILENT_MAX_MS);
	for (unsigned i = 0; i < keys; i++) {
		if (runs[i]->aborted || !runs[i]->done || !f->put[sybil ? 0 : i]) {
			f->aborted_n++;
		} else {
			judge(runs[i], f);
			f->ms[f->ms_n++] = ended_ms[i] - runs[i]->began_ms;
		}
		network_run_free(runs[i]);
	}
}

static int order_ms(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static double ratio(uint64_t a, uint64_t b)
{
	return b == 0 ? 0 : (double)a / (double)b;
}

static void report(const struct network *net, const char *keys, struct figures *f)
{
	const struct network_rules *r = &net->rules;
	const size_t state = sizeof(struct node) + NETWORK_TABLE_ROOM * sizeof(struct kad_table_entry);
	uint64_t entries = 0;
	for (unsigned i = 0; i < net->n; i++) {
		entries += net->nodes[i].table.n;
		f->table_max = net->nodes[i].table.n > f->table_max ? net->nodes[i].table.n : f->table_max;
	}
	f->table_mean = ratio(entries, net->n);
	qsort(f->ms, f->ms_n, sizeof f->ms[0], order_ms);
	printf("{\"network\":\"%s\",\"keys\":\"%s\",\"servers\":%u,\"clients\":%u,\"sybils\":%u,\"sybil_networks\":%u,"
	       "\"online\":%u,"
	       "\"loss\":%.3f,\"liars\":%.3f,\"churn\":%s,\"puts\":%u,\"stored_mean\":%.1f,\"gets\":%u,\"aborted\":%u,"
	       "\"found\":%.4f,"
	       "\"newest\":%.4f,\"hops_mean\":%.2f,\"asked_mean\":%.1f,\"failed_mean\":%.1f,\"ms_median\":%u,\"ms_"
	       "p90\":%u,"
	       "\"table_mean\":%.1f,\"table_max\":%u,\"state_bytes_per_node\":%zu,\"virtual_s\":%.0f,\"messages\":%.0f,"
	       "\"bytes_per_node_per_s\":%.0f}\n",
	       r->name, keys, r->servers, r->clients, r->sybils, r->sybil_networks, net->online_n,
	       r->loss_permille / 1000.0, r->liars_permille / 1000.0, r->churn ? "true" : "false", f->put_n,
	       ratio(f->stored_n, f->put_n), f->got_n, f->aborted_n, ratio(f->found_n, f->got_n),
	       ratio(f->newest_n, f->got_n), ratio(f->hops, f->hops_n), ratio(f->asked, f->got_n),
	       ratio(f->failed, f->got_n), f->ms_n == 0 ? 0 : (unsigned)f->ms[f->ms_n / 2],
	       f->ms_n == 0 ? 0 : (unsigned)f->ms[f->ms_n * 9 / 10], f->table_mean, f->table_max, state,
	       (double)net->now_ms / 1000, (double)net->messages_n,
	       ratio(net->bytes_n, (uint64_t)net->n * net->now_ms / 1000));
	fflush(stdout);
}

static void check_found(const struct figures *f, const char *what, const char *network)
{
	char name[96];
	(void)snprintf(name, sizeof name, "more than 99 %% of look-ups find %s", what);
	test(f->got_n > 0 && f->found_n * 100 > f->got_n * 99, name, network);
	test(f->newest_n * 100 > f->got_n * 99, "and the newest version of it", network);
}

static double run(const struct network_rules *rules, unsigned keys, unsigned rounds)
{
	static struct network net;
	static struct figures f, eclipsed;
	memset(&f, 0, sizeof f);
	memset(&eclipsed, 0, sizeof eclipsed);
	network_open(&net, rules);
	network_pass(&net, rules->join_ms + SETTLE_MS);
	for (unsigned version = 0; version < 2; version++) {
		if (rules->sybils > 0)
			put_all(&net, 1, true, version, &eclipsed);
		put_all(&net, keys, false, version, &f);
	}
	for (unsigned i = 0; i < rounds; i++) {
		if (rules->sybils > 0)
			get_all(&net, keys, true, &eclipsed);
		get_all(&net, keys, false, &f);
	}
	report(&net, "all", &f);
	check_found(&f, "the record", rules->name);
	if (rules->sybils > 0) {
		report(&net, "eclipsed", &eclipsed);
		check_found(&eclipsed, "the one that Sybils surround", rules->name);
	}
	test(f.table_max <= NETWORK_TABLE_ROOM && f.table_mean > 0, "tables are bounded", rules->name);
	network_close(&net);
	return ratio(f.hops, f.hops_n);
}

/* Figures of the public network: 1 % of loss, of IPFS's peers half cannot be reached (Henningsen et al., Mapping the
 * Interplanetary Filesystem, 2020: 52 %). */
static struct network_rules plain(const char *name, unsigned servers)
{
	return (struct network_rules){
		.name = name, .servers = servers, .loss_permille = 10, .join_ms = 60000, .seed = 20260102};
}

/* And 5 % of liars; the 64 nearest to one key are an attacker's, in four networks. */
static struct network_rules rough(const char *name, unsigned servers)
{
	struct network_rules r = plain(name, servers);
	r.clients = servers / 10;
	r.liars_permille = 50;
	r.churn = true;
	r.sybils = 64;
	r.sybil_networks = 4;
	r.sybil_key = BYTES_LITERAL(SYBIL_KEY);
	return r;
}

int main(int argc, char **argv)
{
	const bool all = argc == 2 && strcmp(argv[1], "--long") == 0;
	const struct network_rules sizes[] = {plain("plain-100", 100), plain("plain-1000", 1000),
					      plain("plain-10000", 10000)};
	const struct network_rules rough_1000 = rough("rough-1000", 1000), rough_10000 = rough("rough-10000", 10000);
	if (argc > 1 && !all) {
		(void)fprintf(stderr, "usage: kad_sim [--long]\n");
		return 2;
	}
	double hops = run(&sizes[0], 50, 2);
	for (unsigned i = 1; all && i < 3; i++) {
		const double more = run(&sizes[i], 100, 2);
		test(more > hops && more < hops + 3, "ten times the nodes are a few hops more", sizes[i].name);
		hops = more;
	}
	(void)run(&rough_1000, 50, all ? 10 : 2);
	if (all)
		(void)run(&rough_10000, 100, 10);
	printf("1..%u\n", test_n);
	return failed_n != 0;
}

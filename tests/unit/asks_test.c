/* The machine for chunks in a simulated network: sources that lack chunks, lie, are silent, drip, know no
 * ranges, end early, on virtual time and with seeds that are printed. */
#include "fetch/asks.h"

#include "swarm/chunk.h"
#include "test.h"

#define STEP_MS 10
#define WANTED_MAX 3000
#define LIMIT_MS 10800000
#define LEAF_BYTES 4096
#define LOOK_BEHIND 100 /* more than the machine looks at before it gives up */

struct server {
	uint64_t delay_ms, rate; /* bytes a step, of every request */
	unsigned lacks, lies;    /* per mille of the chunks */
	unsigned lies_by_range;
	bool silent, refuses, no_ranges;
	bool unable;       /* says so instead of that it lacks one */
	uint64_t wakes_ms; /* before that it refuses */
	size_t ends_after; /* leaves of every range; 0: never */
	bool endless;      /* sends more than there is to a chunk */
};

struct flight {
	bool active, by_range;
	unsigned source;
	uint64_t id; /* of the chunk, or of the first leaf */
	uint64_t at, length, ready_ms;
	size_t kept;
};

struct world {
	struct asks a;
	struct server servers[ASKS_SOURCES_MAX];
	struct flight flights[ASKS_SLOTS_MAX];
	uint64_t now_ms, added_n, wanted_n, ended_n;
	size_t room; /* asks that are added at a time */
	bool leaves;
	uint8_t right[WANTED_MAX]; /* times */
	int failed[WANTED_MAX];    /* why */
	uint32_t seed;
	unsigned range_requests, paused_n;
	unsigned most[ASKS_SOURCES_MAX]; /* requests that were under way to each */
};

static struct world w;

/* The same for each pair of them, so that a source has or lacks a chunk for good. */
static unsigned per_mille(unsigned source, uint64_t id, unsigned what)
{
	uint64_t x =
		(id + 1) * 0x9e3779b97f4a7c15U + source * 0xbf58476d1ce4e5b9U + what * 0x94d049bb133111ebU + w.seed;
	x ^= x >> 31;
	x *= 0xd6e8feb86659fd93U;
	return (unsigned)((x >> 33) % 1000);
}

static bool lacks(unsigned source, uint64_t id)
{
	return per_mille(source, id, 0) < w.servers[source].lacks;
}

/* The caller's check of an answer. */
static void answered(const struct asks_part *part)
{
	const uint64_t id = asks_id(&w.a, part->ask);
	const struct server *s = &w.servers[part->source];
	const bool lie = per_mille(part->source, id, 1) < (part->by_range ? s->lies_by_range : s->lies);
	CHECK(id < w.added_n && part->wanted);
	if (lie) {
		asks_wrong(&w.a, part, LEAF_BYTES);
		return;
	}
	asks_right(&w.a, part->ask);
	w.right[id]++;
	w.ended_n++;
}

static void end(unsigned request, int err)
{
	w.flights[request].active = false;
	asks_ended(&w.a, request, err, w.now_ms);
}

/* What the source says to begin with; OK: a body follows. */
static int judge(const struct flight *x)
{
	const struct server *s = &w.servers[x->source];
	if (s->refuses || w.now_ms < s->wakes_ms)
		return ERR_CLOSED;
	if (x->by_range && s->no_ranges)
		return ERR_PROTOCOL;
	if (lacks(x->source, x->id))
		return s->unable ? ERR_SOURCE : ERR_NOT_FOUND;
	return OK;
}

static void send(unsigned request, size_t n)
{
	struct flight *x = &w.flights[request];
	const struct server *s = &w.servers[x->source];
	struct asks_part part;
	while (n > 0 && x->active) {
		const size_t take = asks_arrived(&w.a, request, n, w.now_ms, &part);
		if (take == 0) {
			CHECK(s->endless);
			end(request, ERR_LIMIT);
			return;
		}
		CHECK(take <= n && part.source == x->source && part.by_range == x->by_range);
		x->kept = part.at == 0 ? 0 : x->kept;
		CHECK(!part.wanted || part.at == x->kept); /* all of it or nothing */
		x->kept += part.wanted ? take : 0;
		if (part.complete) {
			CHECK(x->by_range && x->kept == LEAF_BYTES);
			answered(&part);
		}
		n -= take;
		x->at += take;
		if (x->by_range && s->ends_after > 0 && x->at >= s->ends_after * LEAF_BYTES)
			end(request, ERR_CLOSED);
		else if (x->by_range && lacks(x->source, x->id + x->at / LEAF_BYTES) && x->at < x->length)
			end(request, ERR_CLOSED);
	}
}

static void step_flight(unsigned i)
{
	struct flight *x = &w.flights[i];
	const struct server *s = &w.servers[x->source];
	struct asks_part part;
	if (!x->active || s->silent || w.now_ms < x->ready_ms)
		return;
	const int err = x->at == 0 ? judge(x) : OK;
	if (err != OK) {
		end(i, err);
		return;
	}
	const uint64_t left = x->length - x->at, most = s->rate;
	send(i, (size_t)(s->endless || left > most ? most : left));
	if (!x->active || x->at < x->length || s->endless)
		return;
	if (!x->by_range && asks_whole(&w.a, i, w.now_ms, &part))
		answered(&part);
	CHECK(!asks_whole(&w.a, i, w.now_ms, &part)); /* once */
	end(i, OK);
}

static void carry_out(const struct asks_want *want)
{
	struct flight *x = &w.flights[want->request];
	if (want->kind == ASKS_WANT_ABANDON) {
		CHECK(x->active);
		x->active = false;
		return;
	}
	const uint64_t id = load_le64(want->address);
	CHECK(!x->active && want->source < w.a.sources_n && id < w.added_n);
	CHECK(!want->by_range || (want->offset == id * LEAF_BYTES && want->length % LEAF_BYTES == 0 && w.leaves));
	w.range_requests += want->by_range;
	*x = (struct flight){.active = true,
			     .by_range = want->by_range,
			     .source = want->source,
			     .id = id,
			     .length = want->by_range ? want->length : CHUNK_SPAN_BYTES + LEAF_BYTES,
			     .ready_ms = w.now_ms + w.servers[want->source].delay_ms};
}

static void add(void)
{
	while (w.added_n < w.wanted_n && asks_room(&w.a) > ASKS_MAX - w.room) {
		uint8_t address[REFERENCE_BYTES] = {0};
		store_le64(address, w.added_n);
		const struct asks_leaf leaf = {.offset = w.added_n * LEAF_BYTES, .size = w.leaves ? LEAF_BYTES : 0};
		asks_add(&w.a, w.added_n++, address, leaf);
	}
}

static void step(void)
{
	struct asks_want want = {.kind = ASKS_WANT_ASK};
	uint64_t id;
	int err;
	add();
	for (unsigned wants = 0; want.kind != ASKS_WANT_WAIT && CHECK(wants < 1000); wants++) {
		asks_next(&w.a, w.now_ms, &want);
		if (want.kind != ASKS_WANT_WAIT)
			carry_out(&want);
		else
			CHECK(want.at_ms > w.now_ms);
	}
	w.now_ms += STEP_MS;
	for (unsigned i = 0; i < ASKS_SLOTS_MAX; i++)
		step_flight(i);
	for (size_t i = 0; i < w.a.sources_n; i++)
		w.most[i] = w.a.sources[i].under_way > w.most[i] ? w.a.sources[i].under_way : w.most[i];
	while (asks_failed(&w.a, &id, &err)) {
		CHECK(id < w.added_n && w.right[id] == 0 && w.failed[id] == OK);
		w.failed[id] = err;
		w.ended_n++;
	}
}

static void begin(uint64_t wanted_n, bool leaves, unsigned sources, uint32_t seed)
{
	memset(&w, 0, sizeof w);
	asks_init(&w.a);
	w.wanted_n = wanted_n;
	w.leaves = leaves;
	w.seed = seed;
	w.room = 1024;
	for (unsigned i = 0; i < sources; i++) {
		CHECK(asks_source_add(&w.a, true, true) == i);
		w.servers[i] = (struct server){.delay_ms = 20, .rate = 100000};
	}
}

/* Until every chunk is there or given up; then nothing may be left of any. */
static void run(void)
{
	while (w.ended_n < w.wanted_n && w.now_ms < LIMIT_MS)
		step();
	const uint64_t ended_ms = w.now_ms;
	for (uint64_t i = 0; i < w.wanted_n; i++)
		CHECK(w.right[i] + (w.failed[i] != OK) == 1);
	while (asks_room(&w.a) < ASKS_MAX && w.now_ms < ended_ms + 2 * ASKS_CHUNK_MS)
		step();
	CHECK(asks_room(&w.a) == ASKS_MAX && w.a.queued_n == 0 && w.a.failed.head == ASKS_NONE);
	for (size_t i = 0; i < w.a.sources_n; i++)
		CHECK(w.a.sources[i].under_way == 0);
	w.now_ms = ended_ms;
}

static uint64_t right_n(void)
{
	uint64_t n = 0;
	for (uint64_t i = 0; i < w.wanted_n; i++)
		n += w.right[i];
	return n;
}

/* One more source, that is a network. */
static unsigned add_wide(unsigned most)
{
	const unsigned i = asks_source_add_wide(&w.a);
	CHECK(i < ASKS_SOURCES_MAX);
	asks_allow(&w.a, i, most);
	w.servers[i] = (struct server){.delay_ms = 1000, .rate = 100000};
	return i;
}

TEST(a_network_is_asked_for_as_many_as_it_is_allowed)
{
	begin(2000, true, 0, 21);
	CHECK(add_wide(300) == 0);
	run();
	CHECK(right_n() == 2000 && w.range_requests == 0 && w.most[0] == 300 && w.now_ms < 10000);
	begin(2000, false, 0, 21);
	(void)add_wide(ASKS_WIDE_MAX + 100);
	run();
	CHECK(right_n() == 2000 && w.most[0] == ASKS_WIDE_MAX);
	begin(50, false, 0, 21);
	(void)add_wide(7);
	w.servers[0].delay_ms = 300000; /* it has its own patience */
	run();
	CHECK(right_n() == 50 && w.most[0] == 7 && w.a.sources[0].requests_n == 50);
}

TEST(gateways_and_a_network_share_what_there_is)
{
	begin(2000, true, 2, 22);
	const unsigned wide = add_wide(200);
	run();
	CHECK(right_n() == 2000 && w.most[wide] > 100 && w.a.sources[0].bytes > 0 && w.a.sources[1].bytes > 0);
	CHECK(w.a.sources[wide].bytes > 0);
	begin(500, false, 1, 22);
	(void)add_wide(200);
	w.servers[1].silent = true; /* what it was asked for, others give, and then it is not waited for */
	run();
	CHECK(right_n() == 500 && w.now_ms < 30000);
	begin(500, false, 1, 22);
	(void)add_wide(200);
	w.servers[0].silent = true;
	run();
	CHECK(right_n() == 500 && w.a.sources[1].bytes == 500 * (CHUNK_SPAN_BYTES + LEAF_BYTES));
}

TEST(what_a_network_says_is_its_last_word)
{
	begin(100, false, 0, 23);
	(void)add_wide(20);
	w.servers[0].lacks = 1000;
	run();
	CHECK(right_n() == 0 && w.failed[0] == ERR_NOT_FOUND && w.a.sources[0].requests_n == 100);
	begin(100, false, 0, 23);
	(void)add_wide(20);
	w.servers[0].lacks = 1000;
	w.servers[0].unable = true;
	run();
	CHECK(right_n() == 0 && w.failed[99] == ERR_SOURCE && w.a.sources[0].requests_n == 100);
	begin(100, false, 1, 23);
	(void)add_wide(20);
	w.servers[0].lacks = 1000;
	w.servers[1].lacks = 1000;
	w.servers[1].unable = true; /* so that it is not known whether nobody has it */
	run();
	CHECK(right_n() == 0 && w.failed[0] == ERR_SOURCE && w.a.sources[1].requests_n <= 100);
	CHECK(w.a.sources[1].failures == 0);
	begin(100, false, 1, 23);
	(void)add_wide(20);
	w.servers[1].refuses = true; /* as ERR_CLOSED: no pause for the others' chunks */
	run();
	CHECK(right_n() == 100 && w.a.sources[1].retry_at_ms == 0);
}

TEST(leaves_that_follow_each_other_are_asked_for_by_range)
{
	begin(2048, true, 1, 1);
	run();
	CHECK(right_n() == 2048 && w.range_requests > 0 && w.a.sources[0].requests_n < 60);
	CHECK(w.a.sources[0].bytes == 2048 * (CHUNK_SPAN_BYTES + LEAF_BYTES) && w.a.sources[0].bad_bytes == 0);
	begin(300, false, 1, 1);
	run();
	CHECK(right_n() == 300 && w.range_requests == 0 && w.a.sources[0].requests_n == 300);
}

TEST(a_source_is_asked_only_in_its_ways)
{
	begin(100, true, 0, 2);
	CHECK(asks_source_add(&w.a, false, true) == 0); /* any server that has the file */
	w.servers[0] = (struct server){.delay_ms = 20, .rate = 100000};
	run();
	CHECK(right_n() == 100 && w.range_requests == w.a.sources[0].requests_n);
	begin(100, false, 0, 2);
	CHECK(asks_source_add(&w.a, false, true) == 0);
	run();
	CHECK(right_n() == 0 && w.failed[0] == ERR_SOURCE && w.a.sources[0].requests_n == 0);
}

TEST(ranges_that_are_refused_are_not_asked_for_again)
{
	begin(500, true, 1, 3);
	w.servers[0].no_ranges = true;
	run();
	CHECK(right_n() == 500 && !w.a.sources[0].by_range && w.a.sources[0].failures == 0);
	CHECK(w.range_requests <= 24);
}

/* Who is blamed for a chunk that nobody gives. */
TEST(who_has_lied_and_who_has_not)
{
	/* One that can give no ranges has not lied because another one has. */
	begin(50, true, 1, 4);
	w.servers[0].lies = w.servers[0].lies_by_range = 1000;
	CHECK(asks_source_add(&w.a, false, true) == 1);
	w.servers[1] = (struct server){.delay_ms = 20, .rate = 100000, .no_ranges = true};
	run();
	CHECK(right_n() == 0 && w.a.sources[0].dropped && w.failed[0] == ERR_SOURCE && w.failed[49] == ERR_SOURCE);
	/* One that only gives ranges lies by these. */
	begin(50, true, 0, 4);
	CHECK(asks_source_add(&w.a, false, true) == 0);
	w.servers[0] = (struct server){.delay_ms = 20, .rate = 100000, .lies_by_range = 1000};
	run();
	CHECK(right_n() == 0 && w.failed[0] == ERR_SOURCE_LIES && w.failed[49] == ERR_SOURCE_LIES);
	/* It could not be asked for what lies nowhere in the file. */
	begin(50, false, 1, 4);
	w.servers[0].lies = 1000;
	CHECK(asks_source_add(&w.a, false, true) == 1);
	run();
	CHECK(right_n() == 0 && w.failed[0] == ERR_SOURCE_LIES && w.failed[49] == ERR_SOURCE_LIES);
	begin(50, false, 0, 4);
	CHECK(asks_source_add(&w.a, false, true) == 0);
	run();
	CHECK(right_n() == 0 && w.failed[0] == ERR_SOURCE);
}

TEST(wrong_ranges_end_ranges_and_wrong_chunks_the_source)
{
	begin(500, true, 1, 4);
	w.servers[0].lies_by_range = 1000;
	run();
	CHECK(right_n() == 500 && !w.a.sources[0].by_range && !w.a.sources[0].dropped);
	begin(500, true, 2, 4);
	w.servers[0].lies = w.servers[0].lies_by_range = 1000;
	run();
	CHECK(right_n() == 500 && w.a.sources[0].dropped && !w.a.sources[1].dropped);
	CHECK(w.a.sources[0].bad_bytes > 0 && w.a.sources[1].bad_bytes == 0);
	begin(50, true, 2, 4);
	for (unsigned i = 0; i < 2; i++)
		w.servers[i].lies = w.servers[i].lies_by_range = 1000;
	run();
	CHECK(right_n() == 0 && w.failed[49] == ERR_SOURCE_LIES && w.now_ms < 60000);
}

TEST(what_one_lacks_another_gives_and_what_nobody_has_is_said)
{
	begin(1000, true, 3, 5);
	for (unsigned i = 0; i < 3; i++)
		w.servers[i].lacks = 500;
	run();
	for (uint64_t i = 0; i < 1000; i++) {
		const bool nobody = lacks(0, i) && lacks(1, i) && lacks(2, i);
		CHECK(w.right[i] == !nobody && w.failed[i] == (nobody ? ERR_NOT_FOUND : OK));
	}
	CHECK(w.now_ms < 60000);
	begin(10, false, 2, 5);
	w.servers[0].lacks = 1000;
	w.servers[1].refuses = true;
	run();
	CHECK(right_n() == 0 && w.failed[0] == ERR_SOURCE); /* one might have it */
}

TEST(a_liar_does_not_hide_that_nobody_has_it)
{
	begin(50, false, 2, 16);
	w.servers[0].lies = 1000;
	w.servers[1].lacks = 1000;
	run();
	CHECK(right_n() == 0 && w.failed[0] == ERR_NOT_FOUND && w.failed[49] == ERR_NOT_FOUND);
	begin(50, false, 2, 16);
	w.servers[0].lies = 1000;
	w.servers[1].refuses = true;
	run();
	CHECK(right_n() == 0 && w.failed[0] == ERR_SOURCE && w.failed[49] == ERR_SOURCE);
}

TEST(one_that_cannot_is_asked_twice_and_not_blamed)
{
	begin(200, false, 2, 15);
	w.servers[0].unable = true;
	w.servers[0].lacks = w.servers[1].lacks = 500;
	run();
	unsigned lacking = 0, asked = 0;
	for (uint64_t i = 0; i < 200; i++) {
		lacking += lacks(0, i) && lacks(1, i);
		CHECK(w.failed[i] == (lacks(0, i) && lacks(1, i) ? ERR_NOT_FOUND : OK));
		asked += w.failed[i] != OK;
	}
	CHECK(lacking > 0 && asked == lacking && w.a.sources[0].failures == 0 && w.now_ms < 3000);
	CHECK(w.a.sources[0].requests_n <= 200 + lacking);
}

TEST(a_silent_one_gets_company)
{
	for (int leaves = 0; leaves < 2; leaves++) {
		begin(400, leaves == 1, 2, 6);
		w.servers[0].silent = true;
		run();
		CHECK(right_n() == 400 && w.now_ms < 30000 && w.a.sources[0].last == ERR_TIMEOUT);
	}
}

TEST(one_that_drips_holds_nothing_up)
{
	for (int leaves = 0; leaves < 2; leaves++) {
		begin(400, leaves == 1, 2, 7);
		w.servers[0].rate = 1; /* 100 bytes a second */
		w.servers[1].rate = 10000;
		run();
		CHECK(right_n() == 400 && w.now_ms < 60000);
	}
}

/* Who is asked next after it fails at once: the third is not to wait until the first one's time is over. */
TEST(a_silent_one_and_a_useless_one_together_hold_nothing_up)
{
	for (int leaves = 0; leaves < 2; leaves++) {
		for (int refuses = 0; refuses < 2; refuses++) {
			begin(400, leaves == 1, 3, 16);
			w.servers[0].silent = true;
			w.servers[1].lacks = refuses ? 0 : 1000;
			w.servers[1].refuses = refuses == 1;
			run();
			CHECK(right_n() == 400 && w.now_ms < 30000);
		}
	}
}

/* What only the useless one is left for waits for it, and nothing else does. */
TEST(one_that_fails_holds_up_only_what_others_lack)
{
	for (int silent = 0; silent < 2; silent++) {
		uint64_t lacking = 0;
		begin(2000, false, 2, 21);
		w.room = ASKS_MAX;
		w.servers[0].silent = silent == 1;
		w.servers[0].refuses = silent == 0;
		w.servers[1].lacks = 100;
		for (uint64_t i = 0; i < w.wanted_n; i++)
			lacking += lacks(1, i);
		while (right_n() < w.wanted_n - lacking && w.now_ms < 60000)
			step();
		CHECK(lacking > LOOK_BEHIND && right_n() == w.wanted_n - lacking);
	}
}

/* Each leaf comes before it would be late, and a range has 256 of them. */
TEST(one_whose_ranges_crawl_is_helped_by_the_others)
{
	begin(WANTED_MAX, true, 2, 15);
	w.servers[0].rate = 10; /* a leaf in 4 s */
	run();
	CHECK(right_n() == WANTED_MAX && w.now_ms < 60000);
	/* alone it is left in peace */
	begin(40, true, 1, 15);
	w.servers[0].rate = 10;
	run();
	CHECK(right_n() == 40 && w.a.sources[0].failures == 0 && w.range_requests <= 8);
}

TEST(only_silent_and_only_dripping_ones_end)
{
	begin(20, false, 2, 8);
	w.servers[0].silent = w.servers[1].silent = true;
	run();
	CHECK(right_n() == 0 && w.failed[0] == ERR_SOURCE && w.now_ms < 6 * 60000);
	begin(20, true, 1, 8);
	w.servers[0].rate = 10; /* a chunk takes 4 s: slow, and all there is */
	run();
	CHECK(right_n() == 20);
}

TEST(one_that_comes_back_is_asked_again)
{
	begin(200, true, 1, 9);
	w.servers[0].wakes_ms = 700;
	run();
	CHECK(right_n() == 200 && w.a.sources[0].last == ERR_CLOSED && w.a.sources[0].failures == 0);
}

TEST(ranges_that_end_early_make_progress)
{
	begin(1000, true, 1, 10);
	w.servers[0].ends_after = 3;
	run();
	CHECK(right_n() == 1000);
}

TEST(more_than_a_chunk_is_too_much)
{
	begin(30, false, 2, 11);
	w.servers[0].endless = true;
	run();
	CHECK(right_n() == 30 && w.a.sources[0].last == ERR_LIMIT);
	begin(3, false, 1, 11);
	w.servers[0].endless = true;
	run();
	CHECK(right_n() == 0 && w.failed[2] == ERR_SOURCE);
}

/* The first answer is wrong, and comes while a second one to the same question is half here. */
TEST(what_was_passed_over_is_asked_for_again)
{
	uint8_t address[REFERENCE_BYTES] = {7};
	struct asks_want want;
	struct asks_part first, part;
	begin(0, false, 2, 12);
	asks_add(&w.a, 7, address, (struct asks_leaf){.size = 0});
	asks_next(&w.a, 0, &want);
	CHECK(want.kind == ASKS_WANT_ASK && want.source == 0);
	asks_next(&w.a, ASKS_HEDGE_MS, &want); /* company */
	CHECK(want.kind == ASKS_WANT_ASK && want.source == 1 && want.request == 1);
	CHECK(asks_arrived(&w.a, 0, 100, ASKS_HEDGE_MS, &part) == 100 && part.wanted);
	CHECK(asks_whole(&w.a, 0, ASKS_HEDGE_MS, &first) && first.complete && asks_id(&w.a, first.ask) == 7);
	asks_ended(&w.a, 0, OK, ASKS_HEDGE_MS);
	CHECK(asks_arrived(&w.a, 1, 50, ASKS_HEDGE_MS, &part) == 50 && !part.wanted);
	asks_wrong(&w.a, &first, 100);
	CHECK(asks_arrived(&w.a, 1, 50, ASKS_HEDGE_MS, &part) == 50 && !part.wanted); /* its beginning is lost */
	CHECK(!asks_whole(&w.a, 1, ASKS_HEDGE_MS, &part));
	asks_ended(&w.a, 1, OK, ASKS_HEDGE_MS);
	asks_next(&w.a, ASKS_HEDGE_MS, &want);
	CHECK(want.kind == ASKS_WANT_ASK && want.source == 1 && !want.by_range);
	CHECK(asks_arrived(&w.a, want.request, 100, ASKS_HEDGE_MS, &part) == 100 && part.wanted);
	CHECK(asks_whole(&w.a, want.request, ASKS_HEDGE_MS, &part) && part.complete);
	asks_right(&w.a, part.ask);
	asks_ended(&w.a, want.request, OK, ASKS_HEDGE_MS);
	CHECK(asks_room(&w.a) == ASKS_MAX);
}

TEST(a_pause_is_no_silence)
{
	uint8_t address[REFERENCE_BYTES] = {0};
	struct asks_want want;
	begin(0, true, 1, 13);
	for (uint64_t i = 0; i < 8; i++) {
		const struct asks_leaf leaf = {.offset = i * LEAF_BYTES, .size = LEAF_BYTES};
		asks_add(&w.a, i, address, leaf);
	}
	asks_next(&w.a, 0, &want);
	CHECK(want.by_range && want.length == 8ULL * LEAF_BYTES);
	asks_pause(&w.a, want.request);
	asks_next(&w.a, 100000, &want);
	CHECK(want.kind == ASKS_WANT_WAIT && want.at_ms == UINT64_MAX);
	asks_resume(&w.a, 0, 100000);
	asks_next(&w.a, 100001, &want);
	CHECK(want.kind == ASKS_WANT_WAIT && want.at_ms == 100000 + ASKS_STALL_MS);
	asks_next(&w.a, 100000 + ASKS_STALL_MS, &want);
	CHECK(want.kind == ASKS_WANT_ABANDON && want.request == 0);
}

TEST(forgetting_leaves_nothing_behind)
{
	begin(2000, true, 3, 14);
	for (unsigned i = 0; i < 5; i++)
		step();
	CHECK(asks_room(&w.a) < ASKS_MAX);
	asks_forget(&w.a);
	memset(w.flights, 0, sizeof w.flights);
	CHECK(asks_room(&w.a) == ASKS_MAX && w.a.sources[0].under_way == 0);
	w.added_n = w.ended_n = 0;
	memset(w.right, 0, sizeof w.right);
	run();
	CHECK(right_n() == 2000);
}

TEST(any_mixture_comes_to_an_end)
{
	for (uint32_t seed = 0; seed < 60; seed++) {
		const unsigned before = test_checks_failed, sources = 1 + seed % 5;
		begin(200 + seed * 20, seed % 3 != 0, sources, seed);
		for (unsigned i = 0; i < sources; i++) {
			struct server *s = &w.servers[i];
			s->delay_ms = per_mille(i, seed, 2);
			s->rate = 1 + per_mille(i, seed, 3) * 10;
			s->lacks = per_mille(i, seed, 4) < 400 ? per_mille(i, seed, 5) : 0;
			s->lies = per_mille(i, seed, 6) < 200 ? per_mille(i, seed, 7) : 0;
			s->lies_by_range = per_mille(i, seed, 8) < 200 ? per_mille(i, seed, 9) : 0;
			s->silent = per_mille(i, seed, 10) < 150;
			s->no_ranges = per_mille(i, seed, 11) < 200;
			s->wakes_ms = per_mille(i, seed, 12) < 200 ? per_mille(i, seed, 13) : 0;
			s->ends_after = per_mille(i, seed, 14) < 200 ? per_mille(i, seed, 15) % 20 : 0;
			s->endless = per_mille(i, seed, 16) < 100;
		}
		run();
		if (test_checks_failed != before)
			printf("# seed %u\n", seed);
	}
}

int main(void)
{
	RUN(a_network_is_asked_for_as_many_as_it_is_allowed);
	RUN(gateways_and_a_network_share_what_there_is);
	RUN(what_a_network_says_is_its_last_word);
	RUN(leaves_that_follow_each_other_are_asked_for_by_range);
	RUN(a_source_is_asked_only_in_its_ways);
	RUN(ranges_that_are_refused_are_not_asked_for_again);
	RUN(who_has_lied_and_who_has_not);
	RUN(wrong_ranges_end_ranges_and_wrong_chunks_the_source);
	RUN(what_one_lacks_another_gives_and_what_nobody_has_is_said);
	RUN(a_liar_does_not_hide_that_nobody_has_it);
	RUN(one_that_cannot_is_asked_twice_and_not_blamed);
	RUN(a_silent_one_gets_company);
	RUN(one_that_drips_holds_nothing_up);
	RUN(a_silent_one_and_a_useless_one_together_hold_nothing_up);
	RUN(one_that_fails_holds_up_only_what_others_lack);
	RUN(one_whose_ranges_crawl_is_helped_by_the_others);
	RUN(only_silent_and_only_dripping_ones_end);
	RUN(one_that_comes_back_is_asked_again);
	RUN(ranges_that_end_early_make_progress);
	RUN(more_than_a_chunk_is_too_much);
	RUN(what_was_passed_over_is_asked_for_again);
	RUN(a_pause_is_no_silence);
	RUN(forgetting_leaves_nothing_behind);
	RUN(any_mixture_comes_to_an_end);
	return test_end();
}

/* The fetch machine in a simulated network: sources of different speed that lie, stall, close
 * early, lack ranges or the file, on virtual time and with seeds that are printed. */
#include "fetch/fetch.h"

#include "test.h"

#define SIZE_MAX_BYTES (64U << 20)
#define STEP_MS 10

struct server {
	uint64_t rate; /* bytes per second */
	uint64_t delay_ms;
	bool absent, other_size, no_ranges;
	unsigned lies_per_mille;             /* of pieces */
	uint64_t stalls_after, closes_after; /* bytes in all; 0: never */
	uint64_t stalls_each;                /* bytes of every answer; 0: never */
	uint64_t slows_after, slow_rate;     /* bytes in all, then bytes per second; 0: never */
	uint64_t sent;
};

struct flight {
	bool active, whole;
	unsigned source;
	uint64_t at, left, ready_ms, got;
	double credit;
};

struct world {
	struct fetch f;
	struct server servers[FETCH_SOURCES_MAX];
	struct flight flights[FETCH_REQUESTS_MAX];
	uint8_t *disk; /* one byte per piece: 1 right, 2 wrong */
	uint64_t now_ms, size, skipped;
	uint32_t chance;
	uint64_t finished_ms;
	bool failed;
};

static uint32_t chance(struct world *w, uint32_t n)
{
	w->chance = w->chance * 1664525U + 1013904223U;
	return (w->chance >> 8) % n;
}

static void take_completed(struct world *w, unsigned request)
{
	uint32_t piece;
	while (fetch_completed(&w->f, request, &piece)) {
		CHECK(w->disk[piece] != 0);
		if (w->f.has_tree)
			fetch_checked(&w->f, piece, w->disk[piece] == 1);
	}
}

static void send_some(struct world *w, unsigned request, uint64_t n)
{
	struct flight *x = &w->flights[request];
	struct server *s = &w->servers[x->source];
	while (n > 0 && x->active) {
		uint64_t offset = 0;
		bool store = false;
		size_t want = n < 100000 ? (size_t)n : 100000;
		size_t take = fetch_arrived(&w->f, request, want, w->now_ms, &offset, &store);
		CHECK(take <= want && (take == 0 || offset == x->at));
		if (take == 0) {
			x->active = false;
			fetch_ended(&w->f, request, OK, w->now_ms);
			return;
		}
		uint32_t piece = (uint32_t)(offset / w->f.piece_bytes);
		if (store && w->disk[piece] != 2)
			w->disk[piece] = chance(w, 1000000) < s->lies_per_mille * 100 ? 2 : 1;
		if (store && offset % w->f.piece_bytes == 0)
			w->disk[piece] = chance(w, 1000) < s->lies_per_mille ? 2 : 1;
		w->skipped += store ? 0 : take;
		x->at += take;
		x->left -= take;
		x->got += take;
		s->sent += take;
		n -= take;
		take_completed(w, request);
		if (x->left == 0) {
			x->active = false;
			fetch_ended(&w->f, request, OK, w->now_ms);
		}
	}
}

static void answer(struct world *w, unsigned request)
{
	struct flight *x = &w->flights[request];
	struct server *s = &w->servers[x->source];
	int err = OK;
	if (s->absent)
		err = ERR_NOT_FOUND;
	else if (s->other_size)
		err = ERR_SIZE;
	else if (s->no_ranges && !x->whole)
		err = ERR_PROTOCOL;
	else if (s->closes_after > 0 && s->sent >= s->closes_after)
		err = ERR_CLOSED;
	if (err == OK)
		return;
	x->active = false;
	fetch_ended(&w->f, request, err, w->now_ms);
}

static void step_servers(struct world *w)
{
	for (unsigned i = 0; i < FETCH_REQUESTS_MAX; i++) {
		struct flight *x = &w->flights[i];
		if (!x->active || w->now_ms < x->ready_ms)
			continue;
		answer(w, i);
		struct server *s = &w->servers[x->source];
		if (!x->active || (s->stalls_after > 0 && s->sent >= s->stalls_after) ||
		    (s->stalls_each > 0 && x->got >= s->stalls_each))
			continue;
		unsigned sharing = 0;
		for (unsigned k = 0; k < FETCH_REQUESTS_MAX; k++)
			sharing += w->flights[k].active && w->flights[k].source == x->source;
		bool slow = s->slows_after > 0 && s->sent >= s->slows_after;
		x->credit += (double)(slow ? s->slow_rate : s->rate) * STEP_MS / 1000 / sharing;
		uint64_t n = (uint64_t)x->credit < x->left ? (uint64_t)x->credit : x->left;
		x->credit -= (double)n;
		send_some(w, i, n);
	}
}

/* Carries out wants until the machine waits; false when it is over. */
static bool step_machine(struct world *w)
{
	for (unsigned wants = 0;; wants++) {
		struct fetch_want want;
		if (!CHECK(wants < 1000)) { /* it must come to rest */
			w->failed = true;
			return false;
		}
		fetch_next(&w->f, w->now_ms, &want);
		struct flight *x = &w->flights[want.request];
		switch (want.kind) {
		case FETCH_WANT_ASK:
			CHECK(!x->active && want.length > 0 && want.offset + want.length <= w->size);
			CHECK(!want.whole || want.offset == 0);
			*x = (struct flight){.active = true,
					     .whole = want.whole,
					     .source = want.source,
					     .at = want.offset,
					     .left = want.length,
					     .ready_ms = w->now_ms + w->servers[want.source].delay_ms};
			break;
		case FETCH_WANT_ABANDON:
			x->active = false;
			fetch_ended(&w->f, want.request, OK, w->now_ms);
			break;
		case FETCH_WANT_WAIT:
			CHECK(want.at_ms > w->now_ms || w->f.has_tree);
			return true;
		case FETCH_WANT_HASH: {
			bool good = true;
			for (uint32_t i = 0; i < w->f.pieces_n; i++)
				good = good && w->disk[i] == 1;
			if (fetch_hashed(&w->f, good)) {
				w->finished_ms = w->now_ms;
				return false;
			}
			memset(w->disk, 0, w->f.pieces_n);
			break;
		}
		case FETCH_WANT_FAIL:
			w->failed = true;
			return false;
		}
	}
}

static struct world *world_new(uint64_t size, bool tree, size_t sources, uint32_t seed)
{
	struct world *w = calloc(1, sizeof *w);
	w->disk = calloc(1, FETCH_PIECES_MAX);
	w->size = size;
	w->chance = seed;
	fetch_init(&w->f);
	for (size_t i = 0; i < sources; i++) {
		CHECK(fetch_source_add(&w->f) == i);
		w->servers[i] = (struct server){.rate = 10000000, .delay_ms = 5};
	}
	fetch_begin(&w->f, size);
	if (tree)
		fetch_use_tree(&w->f);
	return w;
}

static void run(struct world *w, uint64_t limit_ms)
{
	while (step_machine(w) && w->now_ms < limit_ms) {
		w->now_ms += STEP_MS;
		step_servers(w);
	}
}

static void done(struct world *w)
{
	free(w->disk);
	free(w);
}

TEST(one_source)
{
	struct world *w = world_new(SIZE_MAX_BYTES + 7, false, 1, 1);
	run(w, 60000);
	CHECK(w->finished_ms > 0 && w->finished_ms < 7200); /* 6.7 s at its rate */
	CHECK(w->f.sources[0].bytes == SIZE_MAX_BYTES + 7 && w->skipped == 0);
	done(w);
}

TEST(two_equal_sources_take_half_the_time)
{
	struct world *w = world_new(SIZE_MAX_BYTES, true, 2, 2);
	run(w, 60000);
	CHECK(w->finished_ms > 0 && w->finished_ms < 3360 * 105 / 100);
	done(w);
}

TEST(a_slow_source_does_not_hold_up_the_end)
{
	struct world *w = world_new(SIZE_MAX_BYTES, true, 2, 3);
	w->servers[1].rate = 20000;
	run(w, 60000);
	CHECK(w->finished_ms > 0 && w->finished_ms < 8000);
	done(w);
}

TEST(a_liar_is_named_by_the_tree)
{
	struct world *w = world_new(SIZE_MAX_BYTES, true, 3, 4);
	w->servers[1].lies_per_mille = 1000;
	run(w, 60000);
	CHECK(w->finished_ms > 0 && w->f.sources[1].fault == FETCH_WRONG && w->f.sources[1].bad_bytes > 0);
	CHECK(w->f.sources[0].fault == FETCH_FINE && w->f.sources[2].fault == FETCH_FINE);
	done(w);
}

TEST(a_liar_is_found_without_a_tree)
{
	for (uint32_t seed = 0; seed < 20; seed++) {
		struct world *w = world_new(8U << 20, false, 3, seed);
		w->servers[seed % 3].lies_per_mille = 500;
		w->servers[(seed + 1) % 3].lies_per_mille = seed % 2 == 0 ? 500 : 0;
		run(w, 600000);
		if (!CHECK(w->finished_ms > 0))
			printf("# seed %u\n", seed);
		done(w);
	}
}

TEST(all_liars_fail)
{
	for (int tree = 0; tree < 2; tree++) {
		struct world *w = world_new(4U << 20, tree == 1, 2, 5);
		w->servers[0].lies_per_mille = w->servers[1].lies_per_mille = 1000;
		run(w, 600000);
		CHECK(w->failed && w->f.sources[0].fault == FETCH_WRONG && w->f.sources[1].fault == FETCH_WRONG);
		done(w);
	}
}

static int verdict(enum fetch_fault a, enum fetch_fault b)
{
	struct world *w = world_new(4U << 20, false, 2, 1);
	w->f.sources[0].fault = a;
	w->f.sources[1].fault = b;
	const int err = fetch_verdict(&w->f);
	done(w);
	return err;
}

TEST(why_no_source_is_left)
{
	CHECK(verdict(FETCH_ABSENT, FETCH_ABSENT) == ERR_NOT_FOUND);
	CHECK(verdict(FETCH_ABSENT, FETCH_WRONG) == ERR_HASH && verdict(FETCH_OTHER_SIZE, FETCH_ABSENT) == ERR_HASH);
	CHECK(verdict(FETCH_WRONG, FETCH_FAILING) == ERR_SOURCE && verdict(FETCH_SLOW, FETCH_ABSENT) == ERR_SOURCE);
	struct fetch_source s = {.fault = FETCH_FAILING, .last = ERR_TIMEOUT};
	CHECK(strcmp(fetch_fault_text(&s), err_text(ERR_TIMEOUT)) == 0);
	for (s.fault = FETCH_FINE; s.fault <= FETCH_SLOW; s.fault++)
		CHECK(fetch_fault_text(&s)[0] != 0);
}

TEST(absence_and_another_size_fail_over)
{
	struct world *w = world_new(4U << 20, false, 3, 6);
	w->servers[0].absent = true;
	w->servers[1].other_size = true;
	run(w, 60000);
	CHECK(w->finished_ms > 0 && w->f.sources[0].fault == FETCH_ABSENT);
	CHECK(w->f.sources[1].fault == FETCH_OTHER_SIZE);
	fetch_begin(&w->f, 100); /* the next artifact: asked again */
	CHECK(w->f.sources[0].fault == FETCH_FINE);
	done(w);
}

TEST(a_source_without_ranges_works_alone)
{
	struct world *w = world_new(SIZE_MAX_BYTES, false, 1, 7);
	w->servers[0].no_ranges = true;
	run(w, 60000);
	CHECK(w->finished_ms > 0 && w->f.sources[0].no_ranges && w->f.sources[0].bytes == SIZE_MAX_BYTES);
	done(w);
}

TEST(what_is_on_disk_is_not_fetched_again)
{
	struct world *w = world_new(16U << 20, false, 1, 8);
	for (uint32_t i = 0; i < 10; i++) {
		w->disk[i] = 1;
		fetch_found(&w->f, i);
	}
	run(w, 60000);
	CHECK(w->finished_ms > 0 && w->f.sources[0].bytes == (6U << 20));
	done(w);
}

TEST(rot_on_disk_is_fetched_anew_and_blames_nobody)
{
	for (int tree = 0; tree < 2; tree++) {
		struct world *w = world_new(16U << 20, tree == 1, 1, 9);
		for (uint32_t i = 0; i < 10; i++) {
			w->disk[i] = i == 4 ? 2 : 1;
			fetch_found(&w->f, i);
		}
		for (uint32_t i = 0; tree == 1 && i < 10; i++)
			fetch_checked(&w->f, i, i != 4);
		run(w, 60000);
		CHECK(w->finished_ms > 0 && w->f.sources[0].fault == FETCH_FINE);
		CHECK(w->f.sources[0].bytes == (tree == 1 ? 7U << 20 : 22U << 20));
		done(w);
	}
}

TEST(stalls_and_early_ends_are_survived)
{
	struct world *w = world_new(SIZE_MAX_BYTES, true, 3, 10);
	w->servers[0].stalls_after = 3000000;
	w->servers[1].closes_after = 5000000;
	run(w, 60000);
	CHECK(w->finished_ms > 0 && w->finished_ms < 20000);
	CHECK(w->f.sources[2].fault == FETCH_FINE);
	done(w);
}

TEST(a_lone_dead_source_ends_in_bounded_time)
{
	struct world *w = world_new(4U << 20, false, 1, 11);
	w->servers[0].stalls_after = 1;
	run(w, 600000);
	CHECK(w->failed && w->now_ms < 30000 && w->f.sources[0].fault == FETCH_FAILING);
	done(w);
}

TEST(a_source_that_stalls_every_time_ends_too)
{
	struct world *w = world_new(4U << 20, false, 1, 13);
	w->servers[0].stalls_each = 1000;
	run(w, 600000);
	CHECK(w->failed && w->now_ms < 30000 && w->f.sources[0].fault == FETCH_FAILING);
	done(w);
}

/* A byte now and then is no progress: whoever drips is found out as fast as whoever is silent. */
TEST(a_dripping_source_beside_a_good_one)
{
	for (unsigned kind = 0; kind < 8; kind++) {
		struct world *w = world_new(kind < 4 ? SIZE_MAX_BYTES : 1U << 20, kind % 2 == 0, 2, 14);
		struct server *s = &w->servers[kind & 4 ? 0 : 1]; /* of one piece, the first gets it */
		s->slows_after = kind & 2 ? 900000 : 1;
		s->slow_rate = 3;
		run(w, 600000);
		if (!CHECK(w->finished_ms > 0 && w->finished_ms < 15000))
			printf("# kind %u: %llu ms\n", kind, (unsigned long long)w->finished_ms);
		CHECK(w->f.sources[kind & 4 ? 1 : 0].fault == FETCH_FINE);
		done(w);
	}
}

TEST(a_dripping_source_does_not_keep_one_without_ranges_from_work)
{
	struct world *w = world_new(16U << 20, true, 2, 15);
	w->servers[0].rate = 2;
	w->servers[1].no_ranges = true;
	run(w, 600000);
	CHECK(w->finished_ms > 0 && w->finished_ms < 15000 && w->f.sources[0].fault == FETCH_SLOW);
	done(w);
}

/* It is all there is, and honest. */
TEST(a_lone_slow_source_goes_on)
{
	static const uint64_t rates[] = {600, 1000, 3000, 10000, 50000};
	for (unsigned i = 0; i < 2 * sizeof rates / sizeof rates[0]; i++) {
		uint64_t rate = rates[i / 2], size = 2500000;
		struct world *w = world_new(size, i % 2 == 0, 1, 16);
		w->servers[0].rate = rate;
		run(w, 36000000);
		if (!CHECK(w->finished_ms > 0 && w->finished_ms < size * 1000 / rate * 102 / 100 + 1000))
			printf("# %llu bytes per second: %llu ms\n", (unsigned long long)rate,
			       (unsigned long long)w->finished_ms);
		CHECK(w->f.sources[0].fault == FETCH_FINE && w->f.sources[0].bytes == size);
		done(w);
	}
}

/* What several sources share is slow for each of them. None is to blame, and none is lost. */
TEST(many_sources_behind_one_slow_link)
{
	for (unsigned n = 2; n <= 8; n++) {
		struct world *w = world_new(16U << 20, n % 2 == 0, n, 17);
		for (unsigned i = 0; i < n; i++)
			w->servers[i].rate = 10000 / n;
		run(w, 36000000);
		if (!CHECK(w->finished_ms > 0 && w->finished_ms < 2 * (16ULL << 20) / 10))
			printf("# %u sources: %llu ms\n", n, (unsigned long long)w->finished_ms);
		for (unsigned i = 0; i < n; i++)
			CHECK(w->f.sources[i].fault == FETCH_FINE || w->f.sources[i].fault == FETCH_SLOW);
		done(w);
	}
}

/* More sources than pieces: the idle ones are tried, and are no faster. */
TEST(idle_sources_behind_one_slow_link)
{
	struct world *w = world_new(3U << 20, true, 8, 18);
	for (unsigned i = 0; i < 8; i++)
		w->servers[i].rate = 2000;
	run(w, 36000000);
	CHECK(w->finished_ms > 0 && w->finished_ms < 3600000);
	done(w);
}

TEST(a_lone_dripping_source_ends_in_bounded_time)
{
	struct world *w = world_new(4U << 20, true, 1, 19);
	w->servers[0].rate = 2;
	run(w, 36000000);
	CHECK(w->failed && w->now_ms < 600000 && w->f.sources[0].fault == FETCH_FAILING);
	done(w);
}

TEST(a_lone_source_that_becomes_slow_goes_on)
{
	struct world *w = world_new(3U << 20, true, 1, 20);
	w->servers[0].slows_after = 1500000;
	w->servers[0].slow_rate = 2000;
	run(w, 36000000);
	CHECK(w->finished_ms > 0 && w->f.sources[0].bytes == 3U << 20);
	done(w);
}

/* The slow one is better than none: it is asked again when the fast one is gone. */
TEST(a_slow_source_is_taken_back_when_the_others_fail)
{
	for (int drips = 0; drips < 2; drips++) {
		struct world *w = world_new(16U << 20, true, 2, 21);
		w->servers[0].rate = 3000;
		w->servers[1].stalls_after = drips ? 0 : 12U << 20;
		w->servers[1].slows_after = drips ? 12U << 20 : 0;
		w->servers[1].slow_rate = 2;
		run(w, 36000000);
		CHECK(w->finished_ms > 0 && w->finished_ms < 2 * (4ULL << 20) / 3);
		done(w);
	}
}

/* No tree, and a liar: the wholes of one source at a time. Whoever is slow then must not keep the
 * others waiting: a drip, a little above a drip, or silence in the middle of its turn. */
TEST(a_slow_source_has_not_all_the_time_for_its_whole)
{
	static const uint64_t slow_rates[] = {2, 4000, 50000};
	for (unsigned i = 0; i < 9; i++) {
		struct world *w = world_new(SIZE_MAX_BYTES, false, 3, 22 + i);
		struct server *slow = &w->servers[i / 3], *liar = &w->servers[(i / 3 + 1) % 3];
		liar->lies_per_mille = 1000;
		slow->slows_after = 30U << 20; /* after its part of the mixed whole */
		slow->slow_rate = slow_rates[i % 3];
		run(w, 36000000);
		if (!CHECK(w->finished_ms > 0 && w->finished_ms < 60000 &&
			   w->f.sources[(i / 3 + 1) % 3].fault != FETCH_FAILING))
			printf("# case %u: %llu ms\n", i, (unsigned long long)w->finished_ms);
		CHECK(w->f.sources[(i / 3 + 2) % 3].fault == FETCH_FINE);
		done(w);
	}
}

/* A liar ends in the middle of its turn, what it gave stays: the next one's rest does not fit, and
 * still it has a turn of its own. */
TEST(an_unfinished_turn_does_not_spoil_the_next_one)
{
	for (uint32_t seed = 0; seed < 20; seed++) {
		struct world *w = world_new(16U << 20, false, 2, 31 + seed);
		w->servers[seed % 2].lies_per_mille = 1000;
		w->servers[seed % 2].closes_after = (12U << 20) + seed * 500000;
		run(w, 600000);
		if (!CHECK(w->finished_ms > 0))
			printf("# seed %u\n", seed);
		CHECK(w->f.sources[1 - seed % 2].fault == FETCH_FINE);
		done(w);
	}
}

TEST(the_only_honest_source_may_be_slow_and_without_a_tree)
{
	struct world *w = world_new(4U << 20, false, 3, 60);
	w->servers[0].lies_per_mille = w->servers[1].lies_per_mille = 1000;
	w->servers[2].rate = 3000;
	run(w, 36000000);
	CHECK(w->finished_ms > 0 && w->finished_ms < 2 * (4ULL << 20) / 3);
	CHECK(w->f.sources[0].fault == FETCH_WRONG && w->f.sources[1].fault == FETCH_WRONG);
	done(w);
}

/* All that are left fail in their turns; after the pause only one that had its turn is there again. */
TEST(who_had_a_turn_is_asked_again_after_a_pause)
{
	for (unsigned back = 1; back < 3; back++) {
		struct world *w = world_new(8U << 20, false, 3, 70 + back);
		w->servers[0].lies_per_mille = 1000;
		w->servers[1].closes_after = w->servers[2].closes_after = 5U
									  << 20; /* after its part of the mixed whole */
		run(w, 600000);
		CHECK(w->failed && w->f.sources[0].fault == FETCH_WRONG && w->f.solo != FETCH_NO_SOURCE);
		w->failed = false;
		w->servers[back].closes_after = 0;
		fetch_revive(&w->f);
		run(w, w->now_ms + 600000);
		if (!CHECK(!w->failed && w->finished_ms > 0))
			printf("# source %u\n", back);
		done(w);
	}
}

TEST(no_source_fails_at_once)
{
	struct world *w = world_new(100, false, 0, 12);
	run(w, 1000);
	CHECK(w->failed && w->now_ms == 0);
	done(w);
}

TEST(when_a_piece_counts)
{
	static struct fetch f;
	for (int tree = 0; tree < 2; tree++) {
		fetch_init(&f);
		fetch_begin(&f, 2 * FETCH_PIECE_BYTES_MIN);
		if (tree)
			fetch_use_tree(&f);
		CHECK(!fetch_piece_counts(&f, 0) && f.done_n == 0);
		fetch_found(&f, 0);
		CHECK(fetch_piece_counts(&f, 0) == !tree && f.done_n == (uint32_t)!tree);
		if (tree)
			fetch_checked(&f, 0, true);
		CHECK(fetch_piece_counts(&f, 0) && !fetch_piece_counts(&f, 1) && f.done_n == 1);
	}
}

/* It is another server's address now: neither its faults nor its speed are known. */
TEST(a_source_that_has_moved)
{
	struct world *w = world_new(4U << 20, true, 2, 8);
	w->servers[0].lies_per_mille = 1000;
	run(w, 60000);
	CHECK(w->finished_ms > 0 && w->f.sources[0].fault == FETCH_WRONG);
	uint64_t bad = w->f.sources[0].bad_bytes, bytes = w->f.sources[0].bytes;
	fetch_begin(&w->f, 100);
	CHECK(w->f.sources[0].fault == FETCH_WRONG && bad > 0 && !w->f.has_tree);
	fetch_source_moved(&w->f, 0, true);
	CHECK(w->f.sources[0].fault == FETCH_FINE && w->f.sources[0].rate == 0 && w->f.sources[0].strikes == 0);
	CHECK(w->f.sources[0].bad_bytes == bad && w->f.sources[0].bytes == bytes);
	fetch_source_moved(&w->f, 0, false);
	CHECK(w->f.sources[0].fault == FETCH_ABSENT);
	done(w);
}

TEST(huge_sizes_have_few_pieces)
{
	struct fetch *f = calloc(1, sizeof *f);
	fetch_init(f);
	fetch_begin(f, 1ULL << 48);
	CHECK(f->pieces_n <= FETCH_PIECES_MAX && f->pieces_n * f->piece_bytes >= 1ULL << 48);
	CHECK(fetch_piece_bytes(f, f->pieces_n - 1) > 0);
	free(f);
}

/* As long as one source is honest and steady, the right bytes come, whatever the others do. */
TEST(random_networks)
{
	for (uint32_t seed = 1; seed <= 2000; seed++) {
		struct world *w = world_new(1 + seed * 97003U, seed % 2 == 0, 2 + seed % 5, seed);
		for (unsigned i = 1; i < w->f.sources_n; i++) {
			struct server *s = &w->servers[i];
			s->rate = 1000 + chance(w, 20000000);
			s->delay_ms = chance(w, 500);
			s->absent = chance(w, 5) == 0;
			s->other_size = chance(w, 7) == 0;
			s->no_ranges = chance(w, 5) == 0;
			s->lies_per_mille = chance(w, 3) == 0 ? chance(w, 1000) : 0;
			s->stalls_after = chance(w, 4) == 0 ? 1 + chance(w, 5000000) : 0;
			s->closes_after = chance(w, 4) == 0 ? 1 + chance(w, 5000000) : 0;
			s->slows_after = chance(w, 4) == 0 ? 1 + chance(w, 5000000) : 0;
			s->slow_rate = chance(w, 2) == 0 ? 1 + chance(w, 5) : chance(w, 20000);
		}
		run(w, 3600000);
		if (!CHECK(w->finished_ms > 0 && w->f.sources[0].fault == FETCH_FINE))
			printf("# seed %u: %s at %llu ms, fault %d\n", seed, w->failed ? "failed" : "stuck",
			       (unsigned long long)w->now_ms, (int)w->f.sources[0].fault);
		done(w);
	}
}

int main(void)
{
	RUN(one_source);
	RUN(two_equal_sources_take_half_the_time);
	RUN(a_slow_source_does_not_hold_up_the_end);
	RUN(a_liar_is_named_by_the_tree);
	RUN(a_liar_is_found_without_a_tree);
	RUN(all_liars_fail);
	RUN(why_no_source_is_left);
	RUN(absence_and_another_size_fail_over);
	RUN(a_source_without_ranges_works_alone);
	RUN(what_is_on_disk_is_not_fetched_again);
	RUN(rot_on_disk_is_fetched_anew_and_blames_nobody);
	RUN(stalls_and_early_ends_are_survived);
	RUN(a_lone_dead_source_ends_in_bounded_time);
	RUN(a_source_that_stalls_every_time_ends_too);
	RUN(a_dripping_source_beside_a_good_one);
	RUN(a_dripping_source_does_not_keep_one_without_ranges_from_work);
	RUN(a_lone_slow_source_goes_on);
	RUN(many_sources_behind_one_slow_link);
	RUN(idle_sources_behind_one_slow_link);
	RUN(a_lone_dripping_source_ends_in_bounded_time);
	RUN(a_lone_source_that_becomes_slow_goes_on);
	RUN(a_slow_source_is_taken_back_when_the_others_fail);
	RUN(a_slow_source_has_not_all_the_time_for_its_whole);
	RUN(an_unfinished_turn_does_not_spoil_the_next_one);
	RUN(the_only_honest_source_may_be_slow_and_without_a_tree);
	RUN(who_had_a_turn_is_asked_again_after_a_pause);
	RUN(no_source_fails_at_once);
	RUN(when_a_piece_counts);
	RUN(a_source_that_has_moved);
	RUN(huge_sizes_have_few_pieces);
	RUN(random_networks);
	return test_end();
}

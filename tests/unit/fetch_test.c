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
		x->credit += (double)s->rate * STEP_MS / 1000 / sharing;
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
	fetch_begin(&w->f, size, tree);
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

TEST(absence_and_another_size_fail_over)
{
	struct world *w = world_new(4U << 20, false, 3, 6);
	w->servers[0].absent = true;
	w->servers[1].other_size = true;
	run(w, 60000);
	CHECK(w->finished_ms > 0 && w->f.sources[0].fault == FETCH_ABSENT);
	CHECK(w->f.sources[1].fault == FETCH_OTHER_SIZE);
	fetch_begin(&w->f, 100, false); /* the next artifact: asked again */
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

TEST(no_source_fails_at_once)
{
	struct world *w = world_new(100, false, 0, 12);
	run(w, 1000);
	CHECK(w->failed && w->now_ms == 0);
	done(w);
}

TEST(huge_sizes_have_few_pieces)
{
	struct fetch *f = calloc(1, sizeof *f);
	fetch_init(f);
	fetch_begin(f, 1ULL << 48, false);
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
	RUN(absence_and_another_size_fail_over);
	RUN(a_source_without_ranges_works_alone);
	RUN(what_is_on_disk_is_not_fetched_again);
	RUN(rot_on_disk_is_fetched_anew_and_blames_nobody);
	RUN(stalls_and_early_ends_are_survived);
	RUN(a_lone_dead_source_ends_in_bounded_time);
	RUN(a_source_that_stalls_every_time_ends_too);
	RUN(no_source_fails_at_once);
	RUN(huge_sizes_have_few_pieces);
	RUN(random_networks);
	return test_end();
}

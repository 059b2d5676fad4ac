/* The receive window against networks that are made up: a way there and back, a rate that the line
 * carries, and a ring that holds so much. */
#include "../unit/test.h"
#include "efi/receive_window.h"

#define SEGMENT RECEIVE_WINDOW_SEGMENT_BYTES
#define FIRST RECEIVE_WINDOW_FIRST_BYTES

struct network {
	uint64_t way_us;   /* there and back, besides what the line takes */
	uint64_t line_kbs; /* kB in a second: bytes in a millisecond */
	uint32_t ring_bytes;
	uint64_t now_us, lost_n;
	uint32_t seed; /* 0: always the same; otherwise up to twice as slow, by chance */
};

static uint64_t chance(struct network *n, uint64_t below)
{
	if (n->seed == 0)
		return 0;
	n->seed = n->seed * 1103515245 + 12345;
	return (n->seed >> 8) % below;
}

/* bytes arrive, by one window after another, as a sender with nothing else to do sends them. */
static void arrive(struct receive_window *w, struct network *n, uint64_t bytes)
{
	while (bytes > 0) {
		const uint32_t window = w->budget_bytes;
		const uint64_t line_us = window * UINT64_C(1000) / n->line_kbs;
		uint64_t us = line_us > n->way_us ? line_us : n->way_us;
		us += chance(n, us);
		n->now_us += us;
		if (window > n->ring_bytes) {
			n->lost_n++;
			n->now_us += 1500000;
			receive_window_lost(w);
			continue;
		}
		for (uint32_t at = 0; at < window; at += SEGMENT)
			receive_window_arrived(w, window - at < SEGMENT ? window - at : SEGMENT, n->now_us / 1000);
		bytes -= window < bytes ? window : bytes;
	}
}

TEST(begins_small)
{
	struct receive_window w;
	receive_window_init(&w);
	CHECK(w.budget_bytes > 12 << 10 && w.budget_bytes <= 20 << 10);
}

TEST(shares_are_equal_and_two_segments_at_least)
{
	struct receive_window w;
	receive_window_init(&w);
	CHECK(receive_window_share(&w, 1) == w.budget_bytes);
	CHECK(receive_window_share(&w, 0) == w.budget_bytes);
	CHECK(receive_window_share(&w, 4) == w.budget_bytes / 4);
	CHECK(receive_window_share(&w, 24) == 2 * SEGMENT);
}

TEST(halves_with_each_loss_down_to_a_floor)
{
	struct receive_window w;
	receive_window_init(&w);
	receive_window_lost(&w);
	CHECK(w.budget_bytes == FIRST / 2);
	for (int i = 0; i < 10; i++)
		receive_window_lost(&w);
	CHECK(w.budget_bytes == RECEIVE_WINDOW_LEAST_BYTES);
}

TEST(grows_to_its_most_where_the_way_is_long)
{
	struct receive_window w;
	struct network n = {.way_us = 50000, .line_kbs = 100000, .ring_bytes = UINT32_MAX};
	receive_window_init(&w);
	arrive(&w, &n, 8 << 20);
	CHECK(w.budget_bytes == RECEIVE_WINDOW_MOST_BYTES);
	CHECK(n.now_us < 5000000); /* 26 s with the first window */
}

TEST(grows_where_the_way_is_a_millisecond)
{
	struct receive_window w;
	struct network n = {.way_us = 1000, .line_kbs = 110000, .ring_bytes = UINT32_MAX};
	receive_window_init(&w);
	arrive(&w, &n, 256 << 20);
	CHECK(w.budget_bytes >= 64 << 10);
}

TEST(stays_where_the_line_is_what_limits)
{
	struct receive_window w;
	struct network n = {.way_us = 100, .line_kbs = 100000, .ring_bytes = 20 << 10};
	receive_window_init(&w);
	arrive(&w, &n, 1 << 30);
	CHECK(w.budget_bytes <= FIRST + FIRST / 2);
	CHECK(n.lost_n <= 3); /* the ring holds less than half as much again */
}

TEST(chance_does_not_make_it_grow)
{
	uint64_t lost_n = 0;
	for (uint32_t seed = 1; seed <= 50; seed++) {
		struct receive_window w;
		struct network n = {.way_us = 100, .line_kbs = 50000, .ring_bytes = 30 << 10, .seed = seed};
		receive_window_init(&w);
		arrive(&w, &n, 64 << 20);
		lost_n += n.lost_n;
	}
	CHECK(lost_n <= 5);
}

TEST(a_ring_of_eight_frames_is_found_and_remembered)
{
	struct receive_window w;
	struct network n = {.way_us = 100, .line_kbs = 100000, .ring_bytes = 8 * SEGMENT};
	receive_window_init(&w);
	arrive(&w, &n, 75 << 20);
	CHECK(n.lost_n >= 1 && n.lost_n <= 3);
	CHECK(w.budget_bytes <= 8 * SEGMENT && w.budget_bytes >= 5 * SEGMENT);
}

/* One loss by chance: the window is back where it was when it has been quiet for long. */
TEST(recovers_from_a_loss_by_chance)
{
	struct receive_window w;
	struct network n = {.way_us = 50000, .line_kbs = 100000, .ring_bytes = UINT32_MAX};
	receive_window_init(&w);
	receive_window_lost(&w);
	arrive(&w, &n, 1 << 20);
	CHECK(w.budget_bytes >= FIRST / 2 + FIRST / 5);
	arrive(&w, &n, 256 << 20);
	CHECK(w.budget_bytes >= RECEIVE_WINDOW_MOST_BYTES / 2);
}

/* A pause is no slow network. */
TEST(pauses_are_not_measured)
{
	struct receive_window w;
	struct network n = {.way_us = 50000, .line_kbs = 100000, .ring_bytes = UINT32_MAX};
	receive_window_init(&w);
	for (int i = 0; i < 64; i++) {
		arrive(&w, &n, 512 << 10);
		n.now_us += 30000000;
		receive_window_idle(&w);
	}
	CHECK(w.budget_bytes >= RECEIVE_WINDOW_MOST_BYTES / 2);
}

int main(void)
{
	RUN(begins_small);
	RUN(shares_are_equal_and_two_segments_at_least);
	RUN(halves_with_each_loss_down_to_a_floor);
	RUN(grows_to_its_most_where_the_way_is_long);
	RUN(grows_where_the_way_is_a_millisecond);
	RUN(stays_where_the_line_is_what_limits);
	RUN(chance_does_not_make_it_grow);
	RUN(a_ring_of_eight_frames_is_found_and_remembered);
	RUN(recovers_from_a_loss_by_chance);
	RUN(pauses_are_not_measured);
	return test_end();
}

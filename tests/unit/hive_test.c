#include "swarm/hive.h"

#include "swarm_fixture.h"

static struct hive h;
static uint8_t wire[160000];

/* Takes in in pieces of step bytes; how many records there were, all of them good ones. */
static unsigned take(struct bytes in, size_t step, int *err)
{
	unsigned n = 0;
	hive_init(&h);
	*err = OK;
	while (*err == OK && in.n > 0) {
		struct bzz_record record;
		struct bytes piece = bytes_of(in.p, in.n < step ? in.n : step);
		bool found = true;
		while (*err == OK && found) {
			size_t used;
			*err = hive_take(&h, piece, &used, &record, &found);
			if (*err != OK)
				break;
			CHECK(used == piece.n || found);
			piece = bytes_skip(piece, used);
			in = bytes_skip(in, used);
			if (found)
				n += bzz_record_check(&record, BZZ_15, 10, FIXTURE_NOW) == OK;
		}
	}
	return n;
}

TEST(bees_message)
{
	cJSON *json = test_vectors("swarm-wire.json");
	const struct bytes in = fixture_bytes(json, "hive_peers_one_framed_v2", wire, sizeof wire);
	struct identity id;
	uint8_t made[256];
	int err;
	for (size_t step = 1; step <= in.n; step++)
		CHECK(take(in, step, &err) == 1 && err == OK && hive_done(&h));
	fixture_identity(&id, 0);
	struct writer w = writer_of(made, sizeof made);
	const struct bzz_record record = identity_record(&id, BZZ_15);
	const size_t begun = frame_begin(&w);
	hive_write(&w, &record, BZZ_15);
	frame_end(&w, begun);
	CHECK(bytes_equal(writer_view(&w), in));
	CHECK(take(BYTES_LITERAL("\0"), 1, &err) == 0 && err == OK && hive_done(&h)); /* nobody */
	cJSON_Delete(json);
}

/* A flood: as much as a message may hold, good ones among junk and among those that are too long. */
TEST(junk_is_passed_over)
{
	struct identity id;
	struct writer w = writer_of(wire, sizeof wire);
	int err;
	unsigned good = 0;
	fixture_identity(&id, 0);
	const struct bzz_record record = identity_record(&id, BZZ_15);
	const size_t begun = frame_begin(&w);
	while (w.n < FRAME_BYTES_MAX - 6000) {
		hive_write(&w, &record, BZZ_15);
		write_bytes(&w, BYTES_LITERAL("\x0a\x04junk\x0a\0")); /* no message; an empty one */
		write_bytes(&w, BYTES_LITERAL("\x0a\x80\x20"));       /* 4096 bytes */
		for (unsigned i = 0; i < 4096; i++)
			write_u8(&w, 0xff);
		good++;
	}
	frame_end(&w, begun);
	CHECK(!w.full);
	for (size_t step = 1; step < 100000; step = step * 5 + 3)
		CHECK(take(writer_view(&w), step, &err) == good && err == OK && hive_done(&h));
}

TEST(no_such_message)
{
	int err;
	CHECK(take(BYTES_LITERAL("\x81\x80\x08"), 9, &err) == 0 && err == ERR_LIMIT);
	CHECK(take(BYTES_LITERAL("\x02\x08\x01"), 9, &err) == 0 && err == ERR_PROTOCOL);
	CHECK(take(BYTES_LITERAL("\x03\x0a\x05x"), 9, &err) == 0 && err == ERR_PROTOCOL); /* longer than the whole */
	CHECK(take(BYTES_LITERAL("\x01\x0a"), 9, &err) == 0 && err == ERR_PROTOCOL);
	CHECK(take(BYTES_LITERAL("\0x"), 9, &err) == 0 && err == ERR_PROTOCOL); /* more than the whole */
	CHECK(!hive_done(&h));
	size_t used;
	bool found;
	struct bzz_record record;
	CHECK(hive_take(&h, BYTES_LITERAL("\0"), &used, &record, &found) == ERR_PROTOCOL && !found);
	CHECK(take(BYTES_LITERAL("\x05\x0a"), 9, &err) == 0 && err == OK && !hive_done(&h)); /* cut */
}

TEST(flipped)
{
	cJSON *json = test_vectors("swarm-wire.json");
	const struct bytes in = fixture_bytes(json, "hive_peers_one_framed_v2", wire, sizeof wire);
	int err;
	unsigned good = 0;
	for (size_t bit = 0; bit < 8 * in.n; bit++) {
		wire[bit / 8] ^= (uint8_t)(1U << bit % 8);
		good += take(in, in.n, &err);
		CHECK(err == OK || err == ERR_PROTOCOL || err == ERR_LIMIT);
		wire[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	/* a message that is longer than what arrived, eleven ways; the chequebook's field as an unknown one */
	CHECK(good == 13);
	cJSON_Delete(json);
}

TEST(budget)
{
	struct hive_budget b;
	hive_budget_init(&b, 5000);
	for (unsigned i = 0; i < HIVE_BURST; i++)
		CHECK(hive_budget_take(&b, 5000));
	CHECK(!hive_budget_take(&b, 5000) && !hive_budget_take(&b, 64999));
	CHECK(hive_budget_take(&b, 65000) && !hive_budget_take(&b, 124999) && hive_budget_take(&b, 125000));
	for (unsigned i = 0; i < HIVE_BURST; i++)
		CHECK(hive_budget_take(&b, UINT64_MAX));
	CHECK(!hive_budget_take(&b, UINT64_MAX));
}

int main(void)
{
	RUN(bees_message);
	RUN(junk_is_passed_over);
	RUN(no_such_message);
	RUN(flipped);
	RUN(budget);
	return fixture_end();
}

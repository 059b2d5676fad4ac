/* The messages of accounting, pricing and pseudosettle, against bee's. */
#include "swarm/pricing.h"

#include "core/decimal.h"
#include "swarm/amount.h"
#include "swarm/pseudosettle.h"
#include "swarm_fixture.h"

static uint8_t wire[64], made[64];

static struct bytes body_of(struct bytes framed)
{
	CHECK(framed.n > 0 && framed.p[0] == framed.n - 1);
	return bytes_skip(framed, 1);
}

TEST(announcements_and_payments)
{
	cJSON *json = test_vectors("swarm-wire.json");
	static const char *const kinds[] = {"pricing_announce", "pseudosettle_payment"};
	unsigned n = 0;
	for (size_t kind = 0; kind < 2; kind++) {
		const cJSON *row, *rows = cJSON_GetObjectItem(json, kinds[kind]);
		cJSON_ArrayForEach(row, rows)
		{
			const struct bytes framed = fixture_bytes(rows, row->string, wire, sizeof wire);
			uint64_t amount = 0;
			uint64_t v = 0;
			CHECK(decimal_read(bytes_text(row->string), &amount) == OK && amount > 0);
			struct writer w = writer_of(made, sizeof made);
			CHECK((kind == 0 ? pricing_read(body_of(framed), &v)
					 : pseudosettle_read_payment(body_of(framed), &v)) == OK &&
			      v == amount);
			if (kind == 0)
				pricing_write(&w, amount);
			else
				pseudosettle_write_payment(&w, amount);
			CHECK(bytes_equal(writer_view(&w), framed));
			n++;
		}
	}
	CHECK(n == 5);
	cJSON_Delete(json);
}

TEST(acknowledgements)
{
	cJSON *json = test_vectors("swarm-wire.json");
	static const char *const rows[] = {"pseudosettle_ack", "pseudosettle_ack_zero"};
	for (size_t i = 0; i < 2; i++) {
		const struct bytes framed =
			fixture_bytes(cJSON_GetObjectItem(json, rows[i]), "framed", wire, sizeof wire);
		struct pseudosettle_ack ack;
		struct writer w = writer_of(made, sizeof made);
		CHECK(pseudosettle_read_ack(body_of(framed), &ack) == OK);
		CHECK(ack.amount == (i == 0 ? 450000 : 0) && ack.at_s == 1700000000);
		pseudosettle_write_ack(&w, &ack);
		CHECK(bytes_equal(writer_view(&w), framed));
	}
	cJSON_Delete(json);
}

/* Nothing, zeros before, far too much; fields of another kind. */
TEST(amounts_of_strangers)
{
	static const uint8_t large[] = {0x0a, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0},
			     exact[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	uint64_t v = 7;
	struct pseudosettle_ack ack = {.amount = 9, .at_s = 9};
	CHECK(pricing_read(BYTES_NONE, &v) == OK && v == 0);
	CHECK(pricing_read(BYTES_LITERAL("\x0a\x03\0\0\x05"), &v) == OK && v == 5);
	CHECK(pricing_read(bytes_of(large, sizeof large), &v) == OK && v == UINT64_MAX);
	CHECK(amount_read(bytes_of(exact, sizeof exact)) == UINT64_MAX &&
	      amount_read(bytes_of(exact, 7)) == UINT64_MAX >> 8);
	/* known fields twice: the last counts; unknown ones: passed over */
	CHECK(pricing_read(BYTES_LITERAL("\x0a\x01\x05\x2a\x01x\x0a\x01\x06"), &v) == OK && v == 6);
	CHECK(pricing_read(BYTES_LITERAL("\x08\x05"), &v) == ERR_PROTOCOL && v == 6);
	CHECK(pricing_read(BYTES_LITERAL("\x0a\x05\x01"), &v) == ERR_PROTOCOL && v == 6);
	CHECK(pseudosettle_read_ack(BYTES_LITERAL("\x12\x01x"), &ack) == ERR_PROTOCOL && ack.amount == 9);
	CHECK(pseudosettle_read_ack(BYTES_LITERAL("\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), &ack) ==
		      ERR_PROTOCOL &&
	      ack.at_s == 9); /* before 1970 */
	struct writer w = writer_of(made, sizeof made);
	amount_write(&w, 1, 0);
	CHECK(w.n == 0);
	amount_write(&w, 1, UINT64_MAX);
	CHECK(w.n == 10);
}

int main(void)
{
	RUN(announcements_and_payments);
	RUN(acknowledgements);
	RUN(amounts_of_strangers);
	return fixture_end();
}

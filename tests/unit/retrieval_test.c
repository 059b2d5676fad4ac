#include "swarm/retrieval.h"

#include "swarm_fixture.h"

static uint8_t wire[RETRIEVAL_FRAME_BYTES_MAX], made[RETRIEVAL_FRAME_BYTES_MAX], data[CHUNK_STORED_BYTES_MAX];

TEST(bees_messages)
{
	cJSON *json = test_vectors("swarm-wire.json");
	uint8_t address[REFERENCE_BYTES];
	struct retrieval_delivery d;
	struct bytes in = fixture_bytes(json, "retrieval_request_framed", wire, sizeof wire);
	struct writer w = writer_of(made, sizeof made);
	CHECK(retrieval_read_request(bytes_skip(in, 1), address) == OK && address[0] == 0x23 && address[31] == 0x48);
	retrieval_write_request(&w, address);
	CHECK(bytes_equal(writer_view(&w), in));
	in = fixture_bytes(json, "retrieval_delivery_foo_framed", wire, sizeof wire);
	CHECK(retrieval_read_delivery(bytes_skip(in, 1), &d) == OK && d.data.n == 11 && d.error.n == 0);
	CHECK(bytes_is(bytes_skip(d.data, 8), "foo"));
	w = writer_of(made, sizeof made);
	retrieval_write_delivery(&w, &d);
	CHECK(bytes_equal(writer_view(&w), in));
	in = fixture_bytes(json, "retrieval_delivery_err_framed", wire, sizeof wire);
	CHECK(retrieval_read_delivery(bytes_skip(in, 1), &d) == OK && d.data.n == 0 && bytes_is(d.error, "not found"));
	w = writer_of(made, sizeof made);
	retrieval_write_delivery(&w, &d);
	CHECK(bytes_equal(writer_view(&w), in));
	cJSON_Delete(json);
}

TEST(the_largest_fits)
{
	struct retrieval_delivery d = {.data = bytes_of(data, CHUNK_BYTES_MAX)}, again;
	struct writer w = writer_of(made, sizeof made);
	retrieval_write_delivery(&w, &d);
	CHECK(w.n == 4109);
	d.data = bytes_of(data, CHUNK_STORED_BYTES_MAX);
	w = writer_of(made, sizeof made);
	retrieval_write_delivery(&w, &d);
	CHECK(w.n == 4206);
	/* with a stamp behind it, which nobody sends any more */
	const size_t begun = w.n;
	write_bytes(&w, BYTES_LITERAL("\x12\x71"));
	write_bytes(&w, bytes_of(data, RETRIEVAL_STAMP_BYTES));
	CHECK(w.n - 2 == RETRIEVAL_DELIVERY_BYTES_MAX && begun == 4206);
	CHECK(retrieval_read_delivery(bytes_of(made + 2, w.n - 2), &again) == OK && again.data.n == d.data.n);
}

/* Every request cut and with every bit flipped is none, or one for another address. */
TEST(requests_of_strangers)
{
	uint8_t address[REFERENCE_BYTES], got[REFERENCE_BYTES];
	struct writer w = writer_of(made, sizeof made);
	memset(address, 0x55, sizeof address);
	retrieval_write_request(&w, address);
	for (size_t n = 0; n < w.n - 1; n++) {
		const int err = retrieval_read_request(bytes_of(made + 1, n), got);
		CHECK(err == (n == 0 ? ERR_VALUE : ERR_PROTOCOL));
	}
	for (size_t bit = 0; bit < 8 * (w.n - 1); bit++) {
		made[1 + bit / 8] ^= (uint8_t)(1U << bit % 8);
		const int err = retrieval_read_request(bytes_of(made + 1, w.n - 1), got);
		CHECK(bit < 16 ? err == ERR_PROTOCOL || err == ERR_VALUE : err == OK && memcmp(got, address, 32) != 0);
		made[1 + bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	memset(made + 3, 0, 32); /* no address at all */
	CHECK(retrieval_read_request(bytes_of(made + 1, w.n - 1), got) == ERR_VALUE);
	CHECK(retrieval_read_request(BYTES_LITERAL("\x0a\x03xyz"), got) == ERR_VALUE);
	CHECK(retrieval_read_request(BYTES_LITERAL("\x08\x01"), got) == ERR_PROTOCOL);
}

TEST(deliveries_of_strangers)
{
	struct retrieval_delivery d = {.error = BYTES_LITERAL("untouched")};
	CHECK(retrieval_read_delivery(BYTES_NONE, &d) == OK && d.data.n == 0 && d.error.n == 0);
	CHECK(retrieval_read_delivery(BYTES_LITERAL("\x0a\x01x\x1a\x02no"), &d) == OK);
	CHECK(bytes_is(d.error, "no")); /* both: it counts as an error */
	CHECK(retrieval_read_delivery(BYTES_LITERAL("\x0a\x05x"), &d) == ERR_PROTOCOL && bytes_is(d.error, "no"));
	CHECK(retrieval_read_delivery(BYTES_LITERAL("\x18\x01"), &d) == ERR_PROTOCOL);
}

int main(void)
{
	RUN(bees_messages);
	RUN(the_largest_fits);
	RUN(requests_of_strangers);
	RUN(deliveries_of_strangers);
	return fixture_end();
}

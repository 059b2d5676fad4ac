#include "swarm/headers.h"

#include "swarm_fixture.h"

/* Who asks says so at once; who answers not before it was asked, and nothing is done before both. */
TEST(both_ways)
{
	struct headers asks, answers;
	size_t used;
	headers_init(&asks, HEADERS_ASKS);
	headers_init(&answers, HEADERS_ANSWERS);
	CHECK(headers_out(&answers).n == 0 && !headers_done(&answers));
	const struct bytes asked = headers_out(&asks);
	CHECK(asked.n == 1 && asked.p[0] == 0);
	headers_sent(&asks);
	CHECK(headers_out(&asks).n == 0 && !headers_done(&asks));
	/* what is behind the headers is of the protocol */
	CHECK(headers_take(&answers, BYTES_LITERAL("\0x"), &used) == OK && used == 1);
	CHECK(headers_out(&answers).n == 1 && !headers_done(&answers));
	headers_sent(&answers);
	CHECK(headers_done(&answers) && headers_out(&answers).n == 0);
	CHECK(headers_take(&answers, BYTES_LITERAL("x"), &used) == OK && used == 0);
	CHECK(headers_take(&asks, BYTES_LITERAL("\0"), &used) == OK && used == 1 && headers_done(&asks));
}

TEST(bees_headers_are_dropped)
{
	cJSON *json = test_vectors("swarm-wire.json");
	uint8_t wire[64];
	const struct bytes in = fixture_bytes(cJSON_GetObjectItem(json, "headers_one"), "framed", wire, sizeof wire);
	struct headers h;
	size_t used;
	headers_init(&h, HEADERS_ANSWERS);
	for (size_t i = 0; i < in.n; i++) {
		CHECK(headers_out(&h).n == 0);
		CHECK(headers_take(&h, bytes_of(in.p + i, 1), &used) == OK && used == 1);
	}
	CHECK(headers_out(&h).n == 1);
	headers_init(&h, HEADERS_ANSWERS);
	CHECK(headers_take(&h, BYTES_LITERAL("\x81\x80\x08"), &used) == ERR_LIMIT);
	cJSON_Delete(json);
}

int main(void)
{
	RUN(both_ways);
	RUN(bees_headers_are_dropped);
	return fixture_end();
}

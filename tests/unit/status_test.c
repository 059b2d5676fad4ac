#include "swarm/status.h"

#include "core/protobuf.h"
#include "swarm_fixture.h"

static uint8_t wire[STATUS_PING_BYTES_MAX + 8], made[STATUS_PING_BYTES_MAX + 8];

TEST(pong_is_bees)
{
	cJSON *json = test_vectors("swarm-wire.json");
	const cJSON *row = cJSON_GetObjectItem(json, "pingpong");
	const struct bytes ping = fixture_bytes(row, "ping", wire, sizeof wire);
	struct writer w = writer_of(made, sizeof made);
	CHECK(status_write_pong(&w, bytes_skip(ping, 1)) == OK);
	const struct bytes pong = fixture_bytes(row, "pong", wire, sizeof wire);
	CHECK(bytes_equal(writer_view(&w), pong));
	for (size_t room = 0; room < pong.n; room++) {
		w = writer_of(made, room);
		CHECK(status_write_pong(&w, BYTES_LITERAL("\x0a\x04ping")) == ERR_NO_SPACE);
	}
	w = writer_of(made, sizeof made);
	CHECK(status_write_pong(&w, BYTES_LITERAL("\x08\x04")) == ERR_PROTOCOL && w.n == 0);
	CHECK(status_write_pong(&w, BYTES_NONE) == OK && w.n == 5);
	cJSON_Delete(json);
}

TEST(what_a_node_says_of_itself)
{
	const struct status status = {.mode = "light", .chunks = 300, .radius = 4, .peers = 7, .reachable = true};
	struct writer w = writer_of(made, sizeof made);
	status_write(&w, &status);
	struct reader r = reader_of(bytes_skip(writer_view(&w), 1));
	struct protobuf_field f;
	uint64_t sum = 0;
	bool mode = false;
	while (protobuf_next(&r, &f)) {
		mode |= f.number == 6 && bytes_is(f.bytes, "light");
		sum += f.is_varint ? f.number * f.value : 0;
	}
	CHECK(!r.dead && mode && sum == 1 * 300 + 3 * 4 + 4 * 7 + 8 * 1 + 9 * 300 + 11 * 4 && made[0] == w.n - 1);
	w = writer_of(made, sizeof made);
	status_write(&w, &(struct status){.mode = "ultra-light"});
	CHECK(w.n == 1 + 2 + 11); /* what is 0 is left out */
}

int main(void)
{
	RUN(pong_is_bees);
	RUN(what_a_node_says_of_itself);
	return fixture_end();
}

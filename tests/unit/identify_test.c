#include "p2p/identify.h"

#include "core/err.h"
#include "core/hex.h"
#include "test.h"

static uint8_t body[1024], made[IDENTIFY_BYTES_MAX + 16];
static size_t body_n;

static void load(void)
{
	cJSON *json = test_vectors("identify.json");
	body_n = strlen(test_text(json, "body")) / 2;
	if (body_n > sizeof body || hex_decode(bytes_text(test_text(json, "body")), body, body_n) != OK)
		abort();
	cJSON_Delete(json);
}

TEST(what_js_libp2p_says)
{
	struct identify id;
	CHECK(identify_read(&id, bytes_of(body, body_n)) == OK);
	CHECK(bytes_is(id.protocol_version, "ipfs/0.1.0") && bytes_is(id.agent_version, "vec/1"));
	CHECK(id.key.n == 36 && id.addresses_n == 1 && id.addresses[0].n == 8 && id.observed.n == 8);
	CHECK(id.protocols_n == 3 && bytes_is(id.protocols[0], "/ipfs/id/1.0.0"));
	CHECK(bytes_is(id.protocols[1], "/ipfs/ping/1.0.0") && bytes_is(id.protocols[2], "/phase/kad/1.0.0"));
	CHECK(id.signed_record.n == 0);
}

/* Written and read again it says the same; the order of fields is ours. */
TEST(there_and_back)
{
	struct identify id, again;
	CHECK(identify_read(&id, bytes_of(body, body_n)) == OK);
	struct writer w = writer_of(made, sizeof made);
	CHECK(identify_write(&w, &id) == OK && w.n == body_n + 2 && made[0] == (0x80 | (body_n & 0x7f)));
	CHECK(identify_read(&again, bytes_of(made + 2, w.n - 2)) == OK);
	CHECK(bytes_equal(again.key, id.key) && bytes_equal(again.observed, id.observed));
	CHECK(again.protocols_n == 3 && bytes_equal(again.protocols[2], id.protocols[2]));
	CHECK(bytes_equal(again.agent_version, id.agent_version) && bytes_equal(again.addresses[0], id.addresses[0]));
	for (size_t room = 0; room < body_n + 2; room++) {
		w = writer_of(made, room);
		CHECK(identify_write(&w, &id) == ERR_NO_SPACE);
	}
}

TEST(cut_and_flipped)
{
	struct identify id;
	for (size_t n = 0; n <= body_n; n++) {
		memset(&id, 0x55, sizeof id);
		if (identify_read(&id, bytes_of(body, n)) != OK)
			CHECK(id.addresses_n == (size_t)0x5555555555555555); /* untouched */
		else
			CHECK(id.addresses_n <= 1 && id.protocols_n <= 3);
	}
	for (size_t bit = 0; bit < 8 * body_n; bit++) {
		body[bit / 8] ^= (uint8_t)(1U << bit % 8);
		const int err = identify_read(&id, bytes_of(body, body_n));
		CHECK(err == OK || err == ERR_PROTOCOL);
		body[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
}

/* More than there is room for, and junk where addresses should be. */
TEST(too_much)
{
	struct identify id;
	struct writer w = writer_of(made, sizeof made);
	for (unsigned i = 0; i < 2 * IDENTIFY_ADDRESSES_MAX; i++) {
		write_bytes(&w, BYTES_LITERAL("\x12\x03\x89\x06\x01")); /* of an unknown protocol */
		write_bytes(&w, BYTES_LITERAL("\x12\x08\x04\x7f\0\0\x01\x06\x0f\xa1"));
	}
	for (unsigned i = 0; i < 2 * IDENTIFY_PROTOCOLS_MAX; i++)
		write_bytes(&w, BYTES_LITERAL("\x1a\x02/a"));
	write_bytes(&w, BYTES_LITERAL("\x22\x01\x07\x38\x01"));
	CHECK(identify_read(&id, writer_view(&w)) == OK);
	CHECK(id.addresses_n == IDENTIFY_ADDRESSES_MAX && id.protocols_n == IDENTIFY_PROTOCOLS_MAX);
	CHECK(id.addresses[0].n == 8 && id.observed.n == 0);
	CHECK(identify_read(&id, bytes_of(made, IDENTIFY_BYTES_MAX + 1)) == ERR_PROTOCOL);
	CHECK(identify_read(&id, BYTES_LITERAL("\x18\x01")) == ERR_PROTOCOL);
	CHECK(identify_read(&id, BYTES_NONE) == OK && id.key.n == 0);
}

int main(void)
{
	load();
	RUN(what_js_libp2p_says);
	RUN(there_and_back);
	RUN(cut_and_flipped);
	RUN(too_much);
	return test_end();
}

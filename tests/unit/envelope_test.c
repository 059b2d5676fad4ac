#include "p2p/envelope.h"

#include "core/err.h"
#include "core/hex.h"
#include "test.h"

static uint8_t envelope[1024], seed[32];
static size_t envelope_n;
static uint64_t sequence;

static void load(void)
{
	cJSON *json = test_vectors("signed-peer-record.json");
	envelope_n = strlen(test_text(json, "envelope_pb")) / 2;
	sequence = (uint64_t)cJSON_GetObjectItem(json, "seq")->valuedouble;
	if (envelope_n > sizeof envelope ||
	    hex_decode(bytes_text(test_text(json, "envelope_pb")), envelope, envelope_n) != OK ||
	    hex_decode(bytes_text(test_text(json, "signer_seed")), seed, sizeof seed) != OK)
		abort();
	cJSON_Delete(json);
}

TEST(a_record_of_another_implementation)
{
	struct peer_record record;
	uint8_t text[64];
	struct writer w = writer_of(text, sizeof text);
	CHECK(envelope_read(&record, bytes_of(envelope, envelope_n)) == OK);
	CHECK(record.sequence == sequence && sequence == 1700000000 && record.addresses_n == 1);
	peer_id_write(&w, &record.peer);
	CHECK(bytes_is(writer_view(&w), "12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5"));
	CHECK(bytes_equal(record.addresses[0], BYTES_LITERAL("\x04\x7f\0\0\x01\x06\x0f\xa1")));
}

TEST(made_again)
{
	static const uint8_t address[] = {4, 127, 0, 0, 1, 6, 0x0f, 0xa1};
	struct peer_record record = {.sequence = sequence, .addresses_n = 1};
	uint8_t made[1024];
	record.addresses[0] = bytes_of(address, sizeof address);
	struct writer w = writer_of(made, sizeof made);
	CHECK(envelope_write(&w, &record, seed) == OK);
	CHECK(bytes_equal(writer_view(&w), bytes_of(envelope, envelope_n)));
	for (size_t room = 0; room < envelope_n; room++) {
		w = writer_of(made, room);
		CHECK(envelope_write(&w, &record, seed) == ERR_NO_SPACE);
	}
}

TEST(changed_and_cut)
{
	struct peer_record record = {.sequence = 7};
	for (size_t bit = 0; bit < 8 * envelope_n; bit++) {
		envelope[bit / 8] ^= (uint8_t)(1U << bit % 8);
		const int err = envelope_read(&record, bytes_of(envelope, envelope_n));
		CHECK(err == ERR_PROTOCOL || err == ERR_KEY || err == ERR_SIGNATURE);
		CHECK(record.sequence == 7);
		envelope[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	for (size_t n = 0; n < envelope_n; n++)
		CHECK(envelope_read(&record, bytes_of(envelope, n)) != OK);
	CHECK(envelope_read(&record, bytes_of(envelope, envelope_n)) == OK);
}

/* Signed well, but about somebody else. */
TEST(about_somebody_else)
{
	uint8_t made[1024], others[32];
	struct peer_record record = {.sequence = 1}, read;
	struct writer w = writer_of(made, sizeof made);
	memset(others, 9, sizeof others);
	CHECK(envelope_write(&w, &record, others) == OK);
	CHECK(envelope_read(&read, writer_view(&w)) == OK && read.addresses_n == 0);
	/* the key of one before the payload and signature of the other */
	memcpy(made + 2, envelope + 2, 36);
	CHECK(envelope_read(&read, writer_view(&w)) == ERR_SIGNATURE);
}

int main(void)
{
	load();
	RUN(a_record_of_another_implementation);
	RUN(made_again);
	RUN(changed_and_cut);
	RUN(about_somebody_else);
	return test_end();
}

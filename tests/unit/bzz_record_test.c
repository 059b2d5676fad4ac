/* Records of both generations against bee's; forged, cut, of the future; and identities, which make them. */
#include "swarm/bzz_record.h"

#include "core/protobuf.h"
#include "swarm_fixture.h"

static uint8_t wire[512], made[512];

TEST(digests_are_bees)
{
	for (int i = 0; i < 2; i++) {
		struct identity id;
		uint8_t digest[32], wanted[32], chequebook[20];
		const cJSON *row = fixture_row("v15", i);
		fixture_identity(&id, i);
		struct bzz_record record = identity_record(&id, BZZ_15);
		record.chequebook = fixture_bytes(row, "chequebook", chequebook, sizeof chequebook);
		bzz_record_digest(&record, BZZ_15, id.network_id, digest);
		fixture_bytes(row, "eth_message_hash", wanted, sizeof wanted);
		CHECK(memcmp(digest, wanted, 32) == 0);
		identity_digest(&id, BZZ_15, digest); /* without a chequebook, as all of ours are */
		CHECK((memcmp(digest, wanted, 32) == 0) == (i == 0));
		identity_digest(&id, BZZ_14, digest);
		fixture_bytes(fixture_row("v14", i), "eth_message_hash", wanted, sizeof wanted);
		CHECK(memcmp(digest, wanted, 32) == 0);
	}
}

/* The i-th record of the vectors as a message; it stays in wire. */
static struct bytes message_of(int i)
{
	return fixture_bytes(cJSON_GetObjectItem(fixture_row("v15", i), "wire"), "bzz_address_hex", wire, sizeof wire);
}

TEST(records_are_bees)
{
	for (int i = 0; i < 2; i++) {
		const uint64_t network = i == 0 ? 10 : 1;
		const struct bytes message = message_of(i);
		struct bzz_record record;
		CHECK(bzz_record_read(&record, message) == OK && record.timestamp == FIXTURE_NOW.s);
		CHECK(bzz_record_check(&record, BZZ_15, network, FIXTURE_NOW) == OK);
		CHECK(bzz_record_check(&record, BZZ_15, network + 1, FIXTURE_NOW) == ERR_SIGNATURE);
		CHECK(bzz_record_check(&record, BZZ_14, network, FIXTURE_NOW) == ERR_SIGNATURE);
		struct writer w = writer_of(made, sizeof made);
		bzz_record_write(&w, 1, &record, BZZ_15);
		struct reader r = reader_of(writer_view(&w));
		struct protobuf_field f;
		CHECK(protobuf_next(&r, &f) && f.number == 1 && bytes_equal(f.bytes, message));
		/* 20 zeros or nothing are the same chequebook; other lengths are none */
		if (i == 0) {
			record.chequebook = BYTES_NONE;
			CHECK(bzz_record_check(&record, BZZ_15, network, FIXTURE_NOW) == OK);
		}
		record.chequebook = bytes_of(made, 19);
		CHECK(bzz_record_check(&record, BZZ_15, network, FIXTURE_NOW) == ERR_VALUE);
	}
}

TEST(clocks)
{
	struct bzz_record record;
	CHECK(bzz_record_read(&record, message_of(0)) == OK);
	CHECK(bzz_record_check(&record, BZZ_15, 10, (struct wall){FIXTURE_NOW.s - 60}) == OK);
	CHECK(bzz_record_check(&record, BZZ_15, 10, (struct wall){FIXTURE_NOW.s - 61}) == ERR_NOT_YET);
	CHECK(bzz_record_check(&record, BZZ_15, 10, (struct wall){INT64_MAX}) == OK);
	CHECK(bzz_record_check(&record, BZZ_15, 10, (struct wall){0}) == ERR_NOT_YET);
	record.timestamp = 0;
	CHECK(bzz_record_check(&record, BZZ_15, 10, FIXTURE_NOW) == ERR_VALUE);
	record.timestamp = -1;
	CHECK(bzz_record_check(&record, BZZ_15, 10, FIXTURE_NOW) == ERR_VALUE);
	record.timestamp = FIXTURE_NOW.s - 1; /* not the one that was signed */
	CHECK(bzz_record_check(&record, BZZ_15, 10, FIXTURE_NOW) == ERR_SIGNATURE);
}

/* v has two spellings, and S may be in either half: bee takes them all. */
TEST(malleable_signatures)
{
	static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
					  0xff, 0xff, 0xff, 0xff, 0xfe, 0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48,
					  0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41};
	struct bzz_record record;
	uint8_t signature[65];
	CHECK(bzz_record_read(&record, message_of(0)) == OK);
	memcpy(signature, record.signature.p, sizeof signature);
	record.signature = bytes_of(signature, sizeof signature);
	for (unsigned v = 0; v < 256; v++) {
		signature[64] = (uint8_t)v;
		CHECK((bzz_record_check(&record, BZZ_15, 10, FIXTURE_NOW) == OK) == (v == 28 || v == 32));
	}
	int borrow = 0;
	for (unsigned i = 32; i-- > 0;) {
		const int digit = order[i] - signature[32 + i] - borrow;
		borrow = digit < 0;
		signature[32 + i] = (uint8_t)(digit & 0xff);
	}
	signature[64] = 27;
	CHECK(bzz_record_check(&record, BZZ_15, 10, FIXTURE_NOW) == OK);
}

TEST(cut_and_flipped)
{
	const struct bytes message = message_of(0);
	struct bzz_record record;
	for (size_t n = 0; n < message.n; n++)
		if (bzz_record_read(&record, bytes_of(wire, n)) == OK) {
			const int err = bzz_record_check(&record, BZZ_15, 10, FIXTURE_NOW);
			/* only the chequebook, all zeros, may be missing */
			CHECK(n == message.n - 22 ? err == OK : err == ERR_VALUE);
		}
	for (size_t bit = 0; bit < 8 * message.n; bit++) {
		wire[bit / 8] ^= (uint8_t)(1U << bit % 8);
		if (bzz_record_read(&record, message) == OK) {
			const int err = bzz_record_check(&record, BZZ_15, 10, FIXTURE_NOW);
			/* or its field has become an unknown one, or v another spelling of itself */
			const bool same = err == OK && (record.chequebook.n == 0 || record.signature.p[64] == 32);
			CHECK(err == ERR_VALUE || err == ERR_SIGNATURE || err == ERR_NOT_YET || same);
		}
		wire[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
}

TEST(identities_that_cannot_be)
{
	static struct identity id;
	static const uint8_t owner[20], nonce[32], address[] = {4, 127, 0, 0, 1, 6, 6, 0x62};
	static const char welcome[IDENTITY_WELCOME_BYTES_MAX + 1];
	struct bytes many[UNDERLAY_ADDRESSES_MAX + 1];
	for (size_t i = 0; i <= UNDERLAY_ADDRESSES_MAX; i++)
		many[i] = bytes_of(address, sizeof address);
	CHECK(identity_init(&id, owner, 1, nonce, many, 0, BYTES_NONE, FIXTURE_NOW) == ERR_VALUE);
	CHECK(identity_init(&id, owner, 1, nonce, many, UNDERLAY_ADDRESSES_MAX + 1, BYTES_NONE, FIXTURE_NOW) ==
	      ERR_VALUE);
	CHECK(identity_init(&id, owner, 1, nonce, many, 1, bytes_of(welcome, sizeof welcome), FIXTURE_NOW) ==
	      ERR_VALUE);
	CHECK(identity_init(&id, owner, 1, nonce, many, 2, bytes_of(welcome, sizeof welcome - 1), FIXTURE_NOW) == OK);
	CHECK(id.underlay_n == 1 + 2 * 9 && !id.full_node);
}

int main(void)
{
	RUN(digests_are_bees);
	RUN(records_are_bees);
	RUN(clocks);
	RUN(malleable_signatures);
	RUN(cut_and_flipped);
	RUN(identities_that_cannot_be);
	return fixture_end();
}

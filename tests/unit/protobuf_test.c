#include "core/protobuf.h"

#include "test.h"

/* 1: 150, 2: "testing", 3: fixed 64, 4: a message with 1: "a" and 1: "", 5: fixed 32, 536870911: 0 */
static const char whole[] = "\x08\x96\x01\x12\x07testing\x19\1\2\3\4\5\6\7\x08\x22\5\x0a\1a\x0a\0\x2d\1\0\0\0"
			    "\xf8\xff\xff\xff\x0f\0";
static const struct bytes message = {(const uint8_t *)whole, sizeof whole - 1};

/* How many fields there are; *ok: the message is one. */
static unsigned fields(struct bytes in, bool *ok)
{
	struct reader r = reader_of(in);
	struct protobuf_field f;
	unsigned n = 0;
	while (protobuf_next(&r, &f)) {
		CHECK(f.number > 0 && f.number < 1U << 29);
		CHECK(f.bytes.n == 0 || (f.bytes.p >= in.p && f.bytes.p + f.bytes.n <= in.p + in.n));
		n++;
	}
	CHECK(!protobuf_next(&r, &f));
	*ok = !r.dead;
	return n;
}

TEST(fields_of_every_kind)
{
	struct reader r = reader_of(message);
	struct protobuf_field f;
	CHECK(protobuf_next(&r, &f) && f.number == 1 && protobuf_number(&r, &f) == 150);
	CHECK(protobuf_next(&r, &f) && f.number == 2 && bytes_is(protobuf_bytes(&r, &f), "testing"));
	CHECK(protobuf_next(&r, &f) && f.number == 3 && f.value == 0x0807060504030201 && !f.is_bytes && !f.is_varint);
	CHECK(protobuf_next(&r, &f) && f.number == 4);
	struct reader inner = reader_of(protobuf_bytes(&r, &f));
	CHECK(protobuf_next(&inner, &f) && f.number == 1 && bytes_is(protobuf_bytes(&inner, &f), "a"));
	CHECK(protobuf_next(&inner, &f) && f.number == 1 && protobuf_bytes(&inner, &f).n == 0);
	CHECK(!protobuf_next(&inner, &f) && !inner.dead);
	CHECK(protobuf_next(&r, &f) && f.number == 5 && f.value == 1);
	CHECK(protobuf_next(&r, &f) && f.number == 536870911 && protobuf_number(&r, &f) == 0);
	CHECK(!protobuf_next(&r, &f) && reader_done(&r));
}

TEST(cut_anywhere)
{
	bool ok;
	CHECK(fields(message, &ok) == 6 && ok);
	for (size_t n = 0; n < message.n; n++) {
		const unsigned some = fields(bytes_of(message.p, n), &ok);
		const bool between = n == 0 || n == 3 || n == 12 || n == 21 || n == 28 || n == 33;
		CHECK(ok == between && some < 6);
	}
}

TEST(what_is_no_message)
{
	const struct bytes bad[] = {BYTES_LITERAL("\x00\x01"),                 /* field 0 */
				    BYTES_LITERAL("\x80\x80\x80\x80\x10\x01"), /* field 2^29 */
				    BYTES_LITERAL("\x0b\x0c"),                 /* a group */
				    BYTES_LITERAL("\x0e"),
				    BYTES_LITERAL("\x0f"), /* kinds that there are not */
				    BYTES_LITERAL(
					    "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), /* a length of 2^64 - 1 */
				    BYTES_LITERAL("\x0a\x02z"),
				    BYTES_LITERAL("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f")};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		bool ok;
		CHECK(fields(bad[i], &ok) == 0 && !ok);
	}
}

TEST(another_kind_than_it_should_be)
{
	struct protobuf_field f;
	struct reader r = reader_of(BYTES_LITERAL("\x08\x01"));
	CHECK(protobuf_next(&r, &f) && protobuf_bytes(&r, &f).n == 0 && r.dead && !protobuf_next(&r, &f));
	r = reader_of(BYTES_LITERAL("\x0a\x01z"));
	CHECK(protobuf_next(&r, &f) && protobuf_number(&r, &f) == 0 && r.dead);
	r = reader_of(BYTES_LITERAL("\x0d\1\0\0\0"));
	CHECK(protobuf_next(&r, &f) && protobuf_number(&r, &f) == 1 && r.dead);
}

TEST(each_flipped_bit_ends)
{
	uint8_t p[sizeof whole];
	bool ok;
	for (size_t i = 0; i < 8 * message.n; i++) {
		memcpy(p, message.p, message.n);
		p[i / 8] ^= (uint8_t)(1U << i % 8);
		CHECK(fields(bytes_of(p, message.n), &ok) <= message.n);
	}
}

TEST(written_as_it_was_read)
{
	uint8_t p[64];
	struct writer w = writer_of(p, sizeof p);
	protobuf_write_number(&w, 1, 150);
	protobuf_write_bytes(&w, 2, BYTES_LITERAL("testing"));
	CHECK(bytes_equal(writer_view(&w), bytes_of(message.p, 12)));
	w = writer_of(p, sizeof p);
	const size_t begun = protobuf_write_begin(&w, 4);
	protobuf_write_bytes(&w, 1, BYTES_LITERAL("a"));
	protobuf_write_bytes(&w, 1, BYTES_NONE);
	protobuf_write_end(&w, begun);
	CHECK(bytes_equal(writer_view(&w), bytes_of(message.p + 21, 7)));
}

/* A body of 128 bytes needs two bytes for its length. */
TEST(a_message_in_a_message_in_a_message)
{
	uint8_t p[256] = {0}, body[124] = {0};
	for (size_t room = 0; room <= 140; room++) {
		struct writer w = writer_of(p, room);
		const size_t outer = protobuf_write_begin(&w, 1), inner = protobuf_write_begin(&w, 2);
		protobuf_write_bytes(&w, 3, bytes_of(body, sizeof body));
		protobuf_write_end(&w, inner);
		protobuf_write_end(&w, outer);
		CHECK(w.full == (room < 131));
		if (w.full)
			continue;
		struct reader r = reader_of(writer_view(&w));
		struct protobuf_field f = {.number = 0};
		CHECK(w.n == 131 && protobuf_next(&r, &f) && f.number == 1 && f.bytes.n == 128 && r.left.n == 0);
		r = reader_of(f.bytes);
		CHECK(protobuf_next(&r, &f) && f.number == 2 && f.bytes.n == 126 && r.left.n == 0);
		r = reader_of(f.bytes);
		CHECK(protobuf_next(&r, &f) && f.number == 3 && f.bytes.n == 124 && r.left.n == 0);
	}
}

int main(void)
{
	RUN(fields_of_every_kind);
	RUN(cut_anywhere);
	RUN(what_is_no_message);
	RUN(another_kind_than_it_should_be);
	RUN(each_flipped_bit_ends);
	RUN(written_as_it_was_read);
	RUN(a_message_in_a_message_in_a_message);
	return test_end();
}

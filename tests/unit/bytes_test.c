#include "core/bytes.h"

#include "test.h"

TEST(views_compare_by_content)
{
	struct bytes none = BYTES_NONE, empty = BYTES_LITERAL(""), ab = BYTES_LITERAL("ab");
	CHECK(bytes_equal(none, empty) && bytes_equal(empty, none) && bytes_is(none, ""));
	CHECK(bytes_equal(ab, bytes_text("ab")) && !bytes_equal(ab, bytes_text("ac")));
	CHECK(!bytes_equal(ab, bytes_text("a")) && !bytes_equal(ab, none));
	CHECK(bytes_is(ab, "ab") && !bytes_is(ab, "abc") && !bytes_is(ab, "a"));
	CHECK(!bytes_is(BYTES_LITERAL("ab\0"), "ab")); /* a NUL is a byte */
	CHECK(BYTES_LITERAL("ab\0c").n == 4 && bytes_text("").n == 0);
}

TEST(order_is_that_of_bytes_and_shorter_first)
{
	CHECK(bytes_compare(bytes_text("a"), bytes_text("b")) < 0);
	CHECK(bytes_compare(bytes_text("b"), bytes_text("a")) > 0);
	CHECK(bytes_compare(bytes_text("a"), bytes_text("a")) == 0);
	CHECK(bytes_compare(bytes_text("a"), bytes_text("aa")) < 0);
	CHECK(bytes_compare(bytes_text("b"), bytes_text("aa")) > 0);
	CHECK(bytes_compare(BYTES_NONE, bytes_text("a")) < 0 && bytes_compare(BYTES_NONE, BYTES_NONE) == 0);
	CHECK(bytes_compare(BYTES_LITERAL("\x80"), BYTES_LITERAL("\x7f")) > 0); /* unsigned */
}

TEST(beginnings_and_ends)
{
	struct bytes v = BYTES_LITERAL("manifest.json");
	CHECK(bytes_starts(v, "manifest") && bytes_starts(v, "") && bytes_starts(v, "manifest.json"));
	CHECK(!bytes_starts(v, "Manifest") && !bytes_starts(v, "manifest.json5") && !bytes_starts(BYTES_NONE, "m"));
	CHECK(bytes_ends(v, ".json") && bytes_ends(v, "") && bytes_ends(v, "manifest.json"));
	CHECK(!bytes_ends(v, ".jso") && !bytes_ends(v, "a manifest.json") && !bytes_ends(BYTES_NONE, "n"));
	CHECK(bytes_starts(BYTES_NONE, "") && bytes_ends(BYTES_NONE, ""));
}

TEST(skipping_stops_at_the_end)
{
	struct bytes v = BYTES_LITERAL("abc");
	CHECK(bytes_is(bytes_skip(v, 0), "abc") && bytes_is(bytes_skip(v, 2), "c"));
	CHECK(bytes_skip(v, 3).n == 0 && bytes_skip(v, 4).n == 0 && bytes_skip(v, SIZE_MAX).n == 0);
	CHECK(bytes_skip(BYTES_NONE, 0).n == 0);
}

TEST(a_reader_gives_what_is_there)
{
	struct reader r = reader_of(BYTES_LITERAL("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"
						  "\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\xff!!"));
	CHECK(read_u8(&r) == 1);
	CHECK(read_be16(&r) == 0x0203);
	CHECK(read_be32(&r) == 0x04050607);
	CHECK(read_be64(&r) == 0x08090a0b0c0d0e0f);
	CHECK(read_le32(&r) == 0x13121110);
	CHECK(read_le64(&r) == 0x1b1a191817161514);
	CHECK(read_u8(&r) == 0xff && !reader_done(&r));
	CHECK(bytes_is(read_bytes(&r, 0), "") && !r.dead);
	CHECK(bytes_is(read_bytes(&r, 2), "!!"));
	CHECK(reader_done(&r) && !r.dead);
	CHECK(read_bytes(&r, 0).n == 0 && reader_done(&r));
}

TEST(a_reader_dies_on_the_first_misfit)
{
	struct reader r = reader_of(BYTES_LITERAL("\x01\x02\x03"));
	CHECK(read_be16(&r) == 0x0102);
	CHECK(read_be16(&r) == 0 && r.dead);
	CHECK(read_u8(&r) == 0 && !reader_done(&r)); /* though one byte is left */
	static const uint64_t too_many[] = {4, UINT32_MAX, (uint64_t)UINT32_MAX + 1, UINT64_MAX};
	for (size_t i = 0; i < sizeof too_many / sizeof too_many[0]; i++) {
		r = reader_of(BYTES_LITERAL("abc"));
		CHECK(read_bytes(&r, too_many[i]).n == 0 && r.dead);
		CHECK(read_bytes(&r, 0).n == 0 && read_le64(&r) == 0 && !reader_done(&r));
	}
	r = reader_of(BYTES_NONE);
	CHECK(reader_done(&r) && read_u8(&r) == 0 && r.dead);
}

/* Every number, cut at every byte: whole, or dead and zero. */
TEST(a_reader_never_gives_half_a_number)
{
	static const uint8_t ones[8] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	for (size_t n = 0; n <= 8; n++) {
		struct reader a = reader_of(bytes_of(ones, n)), b = a, c = a, d = a, e = a;
		CHECK(read_be16(&a) == (n >= 2 ? UINT16_MAX : 0) && a.dead == (n < 2));
		CHECK(read_be32(&b) == (n >= 4 ? UINT32_MAX : 0) && b.dead == (n < 4));
		CHECK(read_le32(&c) == (n >= 4 ? UINT32_MAX : 0) && c.dead == (n < 4));
		CHECK(read_be64(&d) == (n >= 8 ? UINT64_MAX : 0) && d.dead == (n < 8));
		CHECK(read_le64(&e) == (n >= 8 ? UINT64_MAX : 0) && e.dead == (n < 8));
	}
}

TEST(a_writer_writes_what_a_reader_reads)
{
	uint8_t buf[64];
	struct writer w = writer_of(buf, sizeof buf);
	write_u8(&w, 0xa1);
	write_be16(&w, 0xb1b2);
	write_be32(&w, 0xc1c2c3c4);
	write_be64(&w, 0xd1d2d3d4d5d6d7d8);
	write_le32(&w, 0xe1e2e3e4);
	write_le64(&w, 0xf1f2f3f4f5f6f7f8);
	write_text(&w, "text");
	write_bytes(&w, BYTES_NONE);
	CHECK(bytes_is(bytes_skip(writer_view(&w), 27), "text") && w.n == 31);
	CHECK(memcmp(buf,
		     "\xa1\xb1\xb2\xc1\xc2\xc3\xc4\xd1\xd2\xd3\xd4\xd5\xd6\xd7\xd8\xe4\xe3\xe2\xe1"
		     "\xf8\xf7\xf6\xf5\xf4\xf3\xf2\xf1",
		     27) == 0);
	struct reader r = reader_of(writer_view(&w));
	CHECK(read_u8(&r) == 0xa1 && read_be16(&r) == 0xb1b2 && read_be32(&r) == 0xc1c2c3c4);
	CHECK(read_be64(&r) == 0xd1d2d3d4d5d6d7d8 && read_le32(&r) == 0xe1e2e3e4);
	CHECK(read_le64(&r) == 0xf1f2f3f4f5f6f7f8 && bytes_is(r.left, "text"));
}

TEST(fullness_of_a_writer_sticks)
{
	uint8_t buf[5];
	struct writer w = writer_of(buf, 4);
	buf[4] = 0x55;
	write_decimal(&w, 123);
	write_text(&w, "xx");
	CHECK(w.full && w.n == 3);
	write_u8(&w, 'y'); /* would fit */
	CHECK(w.n == 3 && writer_view(&w).n == 0 && buf[4] == 0x55);
	w = writer_of(NULL, 0);
	write_bytes(&w, BYTES_NONE);
	CHECK(!w.full);
	write_u8(&w, 1);
	CHECK(w.full);
	w = writer_of(buf, 4);
	write_text(&w, "abcd");
	CHECK(!w.full && bytes_is(writer_view(&w), "abcd"));
	write_bytes(&w, bytes_of(buf, SIZE_MAX)); /* compared, never added */
	CHECK(w.full);
}

TEST(decimal_digits)
{
	static const struct {
		uint64_t v;
		const char *text;
	} cases[] = {{0, "0"}, {9, "9"}, {10, "10"}, {4294967296, "4294967296"}, {UINT64_MAX, "18446744073709551615"}};
	uint8_t buf[20];
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct writer w = writer_of(buf, sizeof buf);
		write_decimal(&w, cases[i].v);
		CHECK(bytes_is(writer_view(&w), cases[i].text));
	}
	struct writer w = writer_of(buf, 19);
	write_decimal(&w, UINT64_MAX);
	CHECK(w.full && w.n == 0); /* whole or not at all */
}

TEST(numbers_in_place)
{
	uint8_t p[8];
	store_be32(p, 0x01020304);
	CHECK(memcmp(p, "\1\2\3\4", 4) == 0 && load_be32(p) == 0x01020304);
	store_be64(p, 0x0102030405060708);
	CHECK(memcmp(p, "\1\2\3\4\5\6\7\10", 8) == 0 && load_be64(p) == 0x0102030405060708);
	store_le64(p, 0x0102030405060708);
	CHECK(memcmp(p, "\10\7\6\5\4\3\2\1", 8) == 0 && load_le64(p) == 0x0102030405060708);
	store_be64(p, UINT64_MAX);
	CHECK(load_be32(p + 4) == UINT32_MAX && load_le64(p) == UINT64_MAX);
}

TEST(an_arena_hands_out_aligned_and_disjoint)
{
	_Alignas(16) uint8_t room[128];
	for (size_t start = 0; start < 16; start++) {
		struct arena a = arena_of(room + start, sizeof room - start);
		uint8_t *first = arena_take(&a, 1), *second = arena_take(&a, 17), *third = arena_take(&a, 16);
		CHECK(first != NULL && (uintptr_t)first % 16 == 0 && first >= room + start);
		CHECK(second != NULL && (uintptr_t)second % 16 == 0 && second >= first + 1);
		CHECK(third != NULL && (uintptr_t)third % 16 == 0 && third >= second + 17);
		CHECK(a.n <= a.room && third + 16 <= room + sizeof room);
	}
}

TEST(an_arena_refuses_what_does_not_fit)
{
	_Alignas(16) uint8_t room[64];
	struct arena a = arena_of(room, sizeof room);
	CHECK(arena_take(&a, 64) == room && a.n == 64);
	CHECK(arena_take(&a, 1) == NULL && a.n == 64);
	a = arena_of(room, sizeof room);
	CHECK(arena_take(&a, 65) == NULL && a.n == 0);
	CHECK(arena_take(&a, 1) == room);
	CHECK(arena_take(&a, 49) == NULL && a.n == 1); /* 15 bytes of it go to the alignment */
	for (size_t n = SIZE_MAX; n > SIZE_MAX - 64; n--)
		CHECK(arena_take(&a, n) == NULL); /* nothing wraps */
	CHECK(arena_take(&a, 48) == room + 16);
	/* so little room that not even the alignment fits */
	a = arena_of(room + 1, 14);
	CHECK(arena_take(&a, 0) == NULL && arena_take(&a, 1) == NULL && a.n == 0);
	a = arena_of(NULL, 0);
	CHECK(arena_take(&a, 1) == NULL);
}

TEST(schemes_of_http)
{
	CHECK(bytes_http_scheme(BYTES_LITERAL("http://")) == 7 &&
	      bytes_http_scheme(BYTES_LITERAL("https://host/")) == 8);
	CHECK(bytes_http_scheme(BYTES_LITERAL("http:/")) == 0 && bytes_http_scheme(BYTES_LITERAL("HTTP://h")) == 0);
	CHECK(bytes_http_scheme(BYTES_LITERAL("ftp://http://")) == 0 && bytes_http_scheme(BYTES_NONE) == 0);
}

int main(void)
{
	RUN(schemes_of_http);
	RUN(views_compare_by_content);
	RUN(order_is_that_of_bytes_and_shorter_first);
	RUN(beginnings_and_ends);
	RUN(skipping_stops_at_the_end);
	RUN(a_reader_gives_what_is_there);
	RUN(a_reader_dies_on_the_first_misfit);
	RUN(a_reader_never_gives_half_a_number);
	RUN(a_writer_writes_what_a_reader_reads);
	RUN(fullness_of_a_writer_sticks);
	RUN(decimal_digits);
	RUN(numbers_in_place);
	RUN(an_arena_hands_out_aligned_and_disjoint);
	RUN(an_arena_refuses_what_does_not_fit);
	return test_end();
}

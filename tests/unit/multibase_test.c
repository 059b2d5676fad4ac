#include "core/multibase.h"

#include "core/err.h"
#include "test.h"

static struct bytes text_of(enum multibase base, struct bytes in, uint8_t *p, size_t room)
{
	struct writer w = writer_of(p, room);
	multibase_write(&w, base, in);
	return writer_view(&w);
}

/* draft-msporny-base58; RFC 4648, section 10; what other programs say */
TEST(known_texts)
{
	uint8_t p[MULTIBASE_TEXT_MAX];
	CHECK(bytes_is(text_of(MULTIBASE_58, BYTES_LITERAL("Hello World!"), p, sizeof p), "2NEpo7TZRRrLZSi2U"));
	CHECK(bytes_is(text_of(MULTIBASE_58, BYTES_LITERAL("\0\0\x28\x7f\xb4\xcd"), p, sizeof p), "11233QC4"));
	CHECK(bytes_is(text_of(MULTIBASE_32, BYTES_LITERAL("foobar"), p, sizeof p), "mzxw6ytboi"));
	CHECK(bytes_is(text_of(MULTIBASE_32, BYTES_LITERAL("f"), p, sizeof p), "my"));
	CHECK(bytes_is(text_of(MULTIBASE_36, BYTES_LITERAL("yes mani !"), p, sizeof p), "2lcpzo5yikidynfl"));
}

static void goes_and_comes(enum multibase base, struct bytes in)
{
	uint8_t text[MULTIBASE_TEXT_MAX], back[MULTIBASE_BYTES_MAX];
	const struct bytes said = text_of(base, in, text, sizeof text);
	struct writer w = writer_of(back, sizeof back);
	CHECK((said.n > 0) == (in.n > 0));
	CHECK(multibase_read(&w, base, said) == OK && bytes_equal(writer_view(&w), in));
	w = writer_of(back, in.n == 0 ? 0 : in.n - 1);
	CHECK(in.n == 0 || multibase_read(&w, base, said) == ERR_NO_SPACE);
}

/* Of every length: ones, with zeros before, and something. */
TEST(there_and_back)
{
	uint8_t ones[MULTIBASE_BYTES_MAX], zeros[MULTIBASE_BYTES_MAX], some[MULTIBASE_BYTES_MAX];
	for (size_t n = 0; n <= sizeof ones; n++) {
		memset(ones, 0xff, n);
		for (size_t i = 0; i < n; i++) {
			zeros[i] = (uint8_t)(i < n / 2 ? 0 : i * 37);
			some[i] = (uint8_t)(i * 101 + n);
		}
		for (unsigned base = 0; base < 3; base++) {
			goes_and_comes((enum multibase)base, bytes_of(ones, n));
			goes_and_comes((enum multibase)base, bytes_of(zeros, n));
			goes_and_comes((enum multibase)base, bytes_of(some, n));
		}
	}
}

TEST(what_is_no_text)
{
	static const char *const bad[3][6] = {{"0", "O", "I", "l", "2NEpo7TZRRrLZSi2U=", " "},
					      {"A", "-", "k51Qzi", "z z", "_", "\xc3\xa4"},
					      {"MY", "m1", "my======", "mz", "mzx", "8"}};
	uint8_t p[MULTIBASE_BYTES_MAX];
	char longest[MULTIBASE_TEXT_MAX + 2];
	for (unsigned kind = 0; kind < 3; kind++)
		for (size_t i = 0; i < 6; i++) {
			struct writer w = writer_of(p, sizeof p);
			CHECK(multibase_read(&w, (enum multibase)kind, bytes_text(bad[kind][i])) == ERR_VALUE);
		}
	memset(longest, 'z', sizeof longest);
	for (unsigned kind = 0; kind < 3; kind++) {
		struct writer w = writer_of(p, sizeof p);
		CHECK(multibase_read(&w, (enum multibase)kind, bytes_of(longest, sizeof longest)) == ERR_VALUE);
	}
	struct writer w = writer_of(p, sizeof p);
	CHECK(multibase_read(&w, MULTIBASE_58, bytes_of(longest, MULTIBASE_TEXT_MAX)) == ERR_VALUE);
}

int main(void)
{
	RUN(known_texts);
	RUN(there_and_back);
	RUN(what_is_no_text);
	return test_end();
}

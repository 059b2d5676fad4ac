#include "p2p/mss.h"

#include "core/err.h"
#include "test.h"

static const char *const secure[] = {"/noise"};
static const char *const two[] = {"/tls/1.0.0", "/noise"};
static const char *const longest[] = {
	"/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "/noise"};

#define GREETING "\x13/multistream/1.0.0\n"

/* Feeds in step bytes at a time, with all that is out sent at once; *left: what was not used. */
static int feed(struct mss *m, struct bytes in, size_t step, struct writer *out, struct bytes *left)
{
	int err = OK;
	size_t name;
	while (in.n > 0 && err == OK && !mss_done(m, &name)) {
		size_t used;
		write_bytes(out, mss_out(m));
		mss_sent(m, mss_out(m).n);
		err = mss_take(m, bytes_of(in.p, in.n < step ? in.n : step), &used);
		in = bytes_skip(in, used);
	}
	write_bytes(out, mss_out(m));
	mss_sent(m, mss_out(m).n);
	*left = in;
	return err;
}

static struct bytes left, said;
static uint8_t buffer[4096];

static int run(struct mss *m, struct bytes in, size_t step)
{
	struct writer w = writer_of(buffer, sizeof buffer);
	const int err = feed(m, in, step, &w, &left);
	said = writer_view(&w);
	return err;
}

TEST(a_dialer_does_not_wait)
{
	struct mss m;
	size_t name = 9;
	mss_init(&m, MSS_DIALER, secure, 1);
	CHECK(bytes_is(mss_out(&m), GREETING "\x07/noise\n") && !mss_done(&m, &name));
	for (size_t step = 1; step < 40; step++) {
		mss_init(&m, MSS_DIALER, secure, 1);
		CHECK(run(&m, BYTES_LITERAL(GREETING "\x07/noise\nrest"), step) == OK);
		CHECK(mss_done(&m, &name) && name == 0 && bytes_is(left, "rest"));
		CHECK(bytes_is(said, GREETING "\x07/noise\n"));
	}
}

TEST(a_dialer_goes_on_after_no)
{
	struct mss m;
	size_t name = 9;
	for (size_t step = 1; step < 40; step++) {
		mss_init(&m, MSS_DIALER, two, 2);
		CHECK(run(&m, BYTES_LITERAL(GREETING "\x03na\n\x07/noise\n"), step) == OK);
		CHECK(mss_done(&m, &name) && name == 1 && left.n == 0);
		CHECK(bytes_is(said, GREETING "\x0b/tls/1.0.0\n\x07/noise\n"));
		mss_init(&m, MSS_DIALER, two, 2);
		CHECK(run(&m, BYTES_LITERAL(GREETING "\x03na\n\x03na\n"), step) == ERR_NOT_FOUND);
		CHECK(!mss_done(&m, &name) && mss_out(&m).n == 0);
		size_t used = 9;
		CHECK(mss_take(&m, BYTES_LITERAL("x"), &used) == ERR_NOT_FOUND && used == 0);
	}
}

/* go-libp2p offers TLS first; "ls" and what is longer than any name are refused. */
TEST(a_listener_answers_each)
{
	static uint8_t in[1200];
	struct mss m;
	size_t name = 9;
	struct writer w = writer_of(in, sizeof in);
	write_text(&w, GREETING "\x0b/tls/1.0.0\n\x03ls\n\x80\x08");
	for (unsigned i = 0; i < 1023; i++)
		write_u8(&w, '/');
	write_text(&w, "\n\x06/nois\n\x08/noise2\n\x07/noise\n\x01\x02");
	for (size_t step = 1; step < 1200; step += 7) {
		mss_init(&m, MSS_LISTENER, secure, 1);
		CHECK(bytes_is(mss_out(&m), GREETING));
		CHECK(run(&m, writer_view(&w), step) == OK);
		CHECK(mss_done(&m, &name) && name == 0 && bytes_is(left, "\x01\x02"));
		CHECK(bytes_is(said, GREETING "\x03na\n\x03na\n\x03na\n\x03na\n\x03na\n\x07/noise\n"));
	}
}

/* Nothing is sent: the machine stops taking when an answer would not fit, and goes on later. */
TEST(back_pressure)
{
	static uint8_t in[8 * 99 + 20];
	struct mss m;
	size_t used, all = 0, name;
	struct writer w = writer_of(in, sizeof in);
	write_text(&w, GREETING);
	for (unsigned i = 0; i < 8; i++) {
		write_u8(&w, 97);
		write_text(&w, longest[0]);
		in[w.n - 1] = 'b';
		write_u8(&w, '\n');
	}
	CHECK(!w.full);
	mss_init(&m, MSS_LISTENER, longest, 2);
	struct bytes rest = writer_view(&w);
	unsigned stops = 0;
	do {
		CHECK(mss_take(&m, rest, &used) == OK);
		rest = bytes_skip(rest, used);
		all += mss_out(&m).n;
		stops += rest.n > 0;
		mss_sent(&m, mss_out(&m).n);
	} while (rest.n > 0 && stops < 100);
	CHECK(rest.n == 0 && all == 20 + 8 * 4);
	/* sent a byte at a time */
	mss_init(&m, MSS_LISTENER, longest, 2);
	for (unsigned i = 0; i < 20; i++) {
		CHECK(mss_out(&m).n == 20 - i);
		mss_sent(&m, 1);
	}
	CHECK(mss_out(&m).n == 0 && !mss_done(&m, &name));
}

TEST(what_is_not_this_protocol)
{
	static const struct {
		const char *in;
		size_t n;
		int err;
	} rows[] = {{"\x13/multistream/1.0.1\n", 20, ERR_PROTOCOL},
		    {"\x07/noise\n", 8, ERR_PROTOCOL},
		    {"\x00", 1, ERR_PROTOCOL},
		    {"\x93\x00", 2, ERR_PROTOCOL},
		    {"\x81\x08", 2, ERR_LIMIT},
		    {"\x80\x80", 2, ERR_LIMIT},
		    {"GET / HTTP/1.1\r\n\r\n..........................................................", 76,
		     ERR_PROTOCOL},
		    {GREETING "\x07/noise ", 28, ERR_PROTOCOL},
		    {GREETING "\x08/noise\n\n", 29, -1}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		for (unsigned role = 0; role < 2; role++)
			for (size_t step = 1; step < 80; step += 11) {
				struct mss m;
				size_t name;
				mss_init(&m, (enum mss_role)role, secure, 1);
				const int err = run(&m, bytes_of(rows[i].in, rows[i].n), step);
				CHECK(!mss_done(&m, &name));
				CHECK(err == (rows[i].err != -1    ? rows[i].err
					      : role == MSS_DIALER ? ERR_PROTOCOL
								   : OK));
			}
}

TEST(not_for_ever)
{
	struct mss m;
	size_t used, name;
	mss_init(&m, MSS_LISTENER, secure, 1);
	mss_sent(&m, mss_out(&m).n);
	CHECK(mss_take(&m, BYTES_LITERAL(GREETING), &used) == OK);
	for (unsigned i = 0; i < MSS_PROPOSALS_MAX; i++) {
		CHECK(mss_take(&m, BYTES_LITERAL("\x03na\n"), &used) == OK);
		mss_sent(&m, mss_out(&m).n);
	}
	CHECK(mss_take(&m, BYTES_LITERAL("\x03na\n"), &used) == ERR_LIMIT && !mss_done(&m, &name));
}

/* Both machines against each other, with every bit of what one says flipped. */
TEST(each_flipped_bit)
{
	static const char wire[] = GREETING "\x03na\n\x07/noise\n";
	uint8_t in[sizeof wire];
	for (size_t bit = 0; bit < 8 * (sizeof wire - 1); bit++) {
		struct mss m;
		size_t name;
		memcpy(in, wire, sizeof wire);
		in[bit / 8] ^= (uint8_t)(1U << bit % 8);
		mss_init(&m, MSS_DIALER, two, 2);
		CHECK(run(&m, bytes_of(in, sizeof wire - 1), 5) != OK || !mss_done(&m, &name));
		mss_init(&m, MSS_LISTENER, secure, 1);
		const int err = run(&m, bytes_of(in, sizeof wire - 1), 5);
		/* only what is proposed and refused may differ */
		CHECK(!mss_done(&m, &name) || (err == OK && bit / 8 >= 21 && bit / 8 < 23));
	}
}

int main(void)
{
	RUN(a_dialer_does_not_wait);
	RUN(a_dialer_goes_on_after_no);
	RUN(a_listener_answers_each);
	RUN(back_pressure);
	RUN(what_is_not_this_protocol);
	RUN(not_for_ever);
	RUN(each_flipped_bit);
	return test_end();
}

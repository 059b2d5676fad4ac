#include "p2p/ping.h"

#include "core/err.h"
#include "test.h"

static uint8_t random_bytes[PING_BYTES];

/* Asked and echoed in pieces of every size, both ways. */
TEST(there_and_back)
{
	for (size_t i = 0; i < PING_BYTES; i++)
		random_bytes[i] = (uint8_t)(i * 37 + 1);
	for (size_t step = 1; step <= PING_BYTES; step++) {
		struct ping_echo echo = {.n = 0};
		struct ping p;
		bool done = false;
		uint64_t rtt = 0;
		ping_ask(&p, random_bytes, 1000);
		for (uint64_t now = 1000; !done; now++) {
			struct bytes out = ping_out(&p);
			out.n = out.n < step ? out.n : step;
			CHECK(ping_echo_take(&echo, out) == out.n);
			ping_sent(&p, out.n);
			out = ping_echo_out(&echo);
			out.n = out.n < step / 2 + 1 ? out.n : step / 2 + 1;
			CHECK(ping_take(&p, out, now, &done, &rtt) == OK);
			ping_echo_sent(&echo, out.n);
			CHECK(now < 1100);
		}
		CHECK(ping_out(&p).n == 0 && ping_echo_out(&echo).n == 0);
		CHECK(step == PING_BYTES ? rtt == 1 : rtt > 0);
		CHECK(ping_take(&p, BYTES_LITERAL("x"), 2000, &done, &rtt) == ERR_PROTOCOL);
	}
}

TEST(other_bytes)
{
	for (size_t i = 0; i < PING_BYTES; i++) {
		struct ping p;
		bool done = false;
		uint64_t rtt;
		uint8_t back[PING_BYTES];
		ping_ask(&p, random_bytes, 0);
		memcpy(back, random_bytes, sizeof back);
		back[i] ^= 1;
		CHECK(ping_take(&p, bytes_of(random_bytes, 1), 0, &done, &rtt) ==
		      ERR_PROTOCOL); /* before it was sent */
		ping_sent(&p, PING_BYTES);
		CHECK(ping_take(&p, bytes_of(back, sizeof back), 0, &done, &rtt) == ERR_PROTOCOL && !done);
	}
}

TEST(an_echo_holds_no_more_than_it_has_room_for)
{
	struct ping_echo echo = {.n = 0};
	uint8_t in[PING_ECHO_BYTES_MAX + 10] = {1, 2, 3};
	CHECK(ping_echo_take(&echo, bytes_of(in, sizeof in)) == PING_ECHO_BYTES_MAX);
	CHECK(ping_echo_take(&echo, bytes_of(in, 1)) == 0);
	ping_echo_sent(&echo, 5);
	CHECK(ping_echo_take(&echo, bytes_of(in, sizeof in)) == 5 && ping_echo_out(&echo).n == PING_ECHO_BYTES_MAX);
	CHECK(memcmp(ping_echo_out(&echo).p + PING_ECHO_BYTES_MAX - 5, in, 5) == 0);
}

int main(void)
{
	RUN(there_and_back);
	RUN(other_bytes);
	RUN(an_echo_holds_no_more_than_it_has_room_for);
	return test_end();
}

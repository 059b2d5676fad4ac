#include "http/exchange.h"

#include "test.h"

/* What an answer came to: its body, whether it ended, and the error. */
struct result {
	int err;
	unsigned status, heads, ends;
	char body[256];
	size_t n, used;
	bool reusable;
};

/* Feeds the answer in steps of step bytes and closes at the end if close. */
static struct result feed(const char *text, size_t n, size_t step, bool close)
{
	static struct exchange x;
	struct result r = {.err = OK};
	exchange_init(&x);
	CHECK(exchange_ask(&x, bytes_text("h"), bytes_text("/"), NULL) == OK);
	exchange_sent(&x, exchange_out(&x).n);
	for (size_t at = 0; at < n && r.err == OK; at += step) {
		struct bytes in = bytes_of(text + at, n - at < step ? n - at : step), body;
		enum exchange_event event = EXCHANGE_HEAD;
		while (r.err == OK && event != EXCHANGE_NOTHING) {
			size_t used;
			r.err = exchange_take(&x, in, &used, &event, &body);
			in = bytes_skip(in, used);
			r.used += used;
			r.heads += event == EXCHANGE_HEAD;
			r.ends += event == EXCHANGE_END;
			if (event == EXCHANGE_BODY && CHECK(body.n > 0 && r.n + body.n <= sizeof r.body)) {
				memcpy(r.body + r.n, body.p, body.n);
				r.n += body.n;
			}
		}
	}
	if (r.err == OK && close && r.ends == 0) {
		r.err = exchange_closed(&x);
		r.ends += r.err == OK;
	}
	r.status = x.answer.status;
	r.reusable = exchange_reusable(&x);
	return r;
}

struct good {
	const char *text, *body;
	unsigned status;
	bool close, reusable;
	size_t rest; /* bytes that belong to no answer */
};

static const struct good goods[] = {
	{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", 200, false, true, 0},
	{"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", "hello", 200, false, true, 0},
	{"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello", "hello", 200, false, false, 0},
	{"HTTP/1.1 200 OK\r\nConnection: foo, Close\r\nContent-Length: 1\r\n\r\nx", "x", 200, false, false, 0},
	{"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", "x", 200, false, false, 0},
	{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", 200, false, true, 0},
	{"HTTP/1.1 204 No Content\r\n\r\n", "", 204, false, true, 0},
	{"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", "no", 404, false, true, 0},
	{"HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length:  3 "
	 "\r\n\r\nabc",
	 "abc", 200, false, true, 0},
	{"HTTP/1.1 200 OK\r\n\r\nto the end", "to the end", 200, true, false, 0},
	{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0A;x=\"y\"\r\n0123456789\r\n0\r\n\r\n",
	 "abc0123456789", 200, false, true, 0},
	{"HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n1\r\nz\r\n00\r\nT: 1\r\nU: 2\r\n\r\n", "z", 200, false,
	 true, 0},
	{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxREST", "x", 200, false, true, 4},
};

TEST(answers_cut_at_every_byte)
{
	for (size_t i = 0; i < sizeof goods / sizeof goods[0]; i++) {
		const struct good *g = &goods[i];
		size_t n = strlen(g->text);
		for (size_t step = 1; step <= n; step++) {
			struct result r = feed(g->text, n, step, g->close);
			CHECK(r.err == OK && r.status == g->status && r.heads == 1 && r.ends == 1);
			CHECK(r.n == strlen(g->body) && memcmp(r.body, g->body, r.n) == 0);
			CHECK(r.reusable == g->reusable && r.used == n - g->rest);
		}
	}
}

TEST(truncated_answers_are_not_whole)
{
	for (size_t i = 0; i < sizeof goods / sizeof goods[0]; i++) {
		size_t n = strlen(goods[i].text) - goods[i].rest, head = 0;
		while (goods[i].close && memcmp(goods[i].text + head, "\r\n\r\n", 4) != 0)
			head++;
		if (goods[i].close)
			n = head + 4; /* after its head nobody can tell */
		for (size_t cut = 0; cut < n; cut++) {
			struct result r = feed(goods[i].text, cut, 7, true);
			CHECK(r.err != OK && r.ends == 0 && !r.reusable);
		}
	}
}

TEST(what_no_server_may_say)
{
	static const char *const bad[] = {
		"\r\n\r\n",
		"HTTP/1.1 20 OK\r\n\r\n",
		"HTTP/1.1 099 OK\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\n\r\n",
		"FTP/1.1 200 OK\r\n\r\n",
		"X: y\r\n\r\n",
		"HTTP/1.1 200 OK\r\nHTTP/1.1 200 OK\r\n\r\n",
		"HTTP/1.1 200 OK\r\n folded: x\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
		"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX : y\r\n\r\n",
		"HTTP/1.1 200 OK\r\n: y\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX: \x01\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ng\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1000000000000000\r\n",
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		for (size_t step = 1; step <= strlen(bad[i]); step += 3) {
			struct result r = feed(bad[i], strlen(bad[i]), step, false);
			CHECK(r.err == ERR_PROTOCOL || r.err == ERR_LIMIT);
			CHECK(r.ends == 0 && !r.reusable);
		}
	}
}

TEST(heads_have_limits)
{
	static char text[2 * EXCHANGE_HEAD_BYTES_MAX];
	int n = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nX: ");
	memset(text + n, 'a', sizeof text - (size_t)n);
	CHECK(feed(text, sizeof text, 1000, false).err == ERR_LIMIT);
	n = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\n");
	for (size_t at = (size_t)n; at < sizeof text; at++)
		text[at] = "X: y\n"[(at - (size_t)n) % 5];
	CHECK(feed(text, sizeof text - 100, 1000, false).err == ERR_LIMIT);
}

TEST(requests)
{
	static struct exchange x;
	const struct asked part = {.offset = 5, .length = 10, .size = 100},
			   whole = {.length = 9, .size = 9, .whole = true};
	exchange_init(&x);
	CHECK(exchange_out(&x).n == 0 && exchange_reusable(&x));
	CHECK(exchange_ask(&x, bytes_text("h:80"), bytes_text("/a?b"), &part) == OK);
	CHECK(bytes_is(exchange_out(&x), "GET /a?b HTTP/1.1\r\nHost: h:80\r\nUser-Agent: phase\r\n"
					 "Accept-Encoding: identity\r\nRange: bytes=5-14\r\n\r\n"));
	exchange_sent(&x, 4);
	CHECK(bytes_starts(exchange_out(&x), "/a?b HTTP"));
	exchange_init(&x);
	CHECK(exchange_ask(&x, bytes_text("h"), bytes_text("/"), &whole) == OK);
	CHECK(bytes_is(exchange_out(&x),
		       "GET / HTTP/1.1\r\nHost: h\r\nUser-Agent: phase\r\nAccept-Encoding: identity\r\n\r\n"));
}

TEST(requests_that_would_be_two)
{
	static const char *const bad[][2] = {{"h\r\nX: y", "/"}, {"h", "/ HTTP/1.1\r\nX: y"},
					     {"h", "/a b"},      {"", "/"},
					     {"h", ""},          {"h", "a"},
					     {"h", "/\x7f"}};
	static struct exchange x;
	static char longer[EXCHANGE_REQUEST_BYTES_MAX + 1];
	exchange_init(&x);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK(exchange_ask(&x, bytes_text(bad[i][0]), bytes_text(bad[i][1]), NULL) == ERR_VALUE);
	memset(longer, '/', sizeof longer);
	CHECK(exchange_ask(&x, bytes_text("h"), bytes_of(longer, sizeof longer), NULL) == ERR_VALUE);
	CHECK(exchange_ask(&x, bytes_text("h"), bytes_text("/"), NULL) == OK);
}

TEST(two_requests_on_one_connection)
{
	static const char first[] = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na";
	static struct exchange x;
	struct bytes body;
	enum exchange_event event;
	exchange_init(&x);
	for (int i = 0; i < 2; i++) {
		struct bytes in = bytes_of(first, sizeof first - 1);
		unsigned ends = 0;
		CHECK(exchange_ask(&x, bytes_text("h"), bytes_text("/"), NULL) == OK && !exchange_reusable(&x));
		exchange_sent(&x, exchange_out(&x).n);
		do {
			size_t used;
			CHECK(exchange_take(&x, in, &used, &event, &body) == OK);
			in = bytes_skip(in, used);
			ends += event == EXCHANGE_END;
		} while (event != EXCHANGE_NOTHING);
		CHECK(ends == 1 && in.n == 0 && exchange_reusable(&x));
	}
}

TEST(after_an_error_nothing_is_asked)
{
	static struct exchange x;
	struct bytes body;
	enum exchange_event event;
	size_t used;
	exchange_init(&x);
	CHECK(exchange_ask(&x, bytes_text("h"), bytes_text("/"), NULL) == OK);
	CHECK(exchange_take(&x, bytes_text("no HTTP\r\n"), &used, &event, &body) == ERR_PROTOCOL);
	CHECK(exchange_ask(&x, bytes_text("h"), bytes_text("/"), NULL) == ERR_PROTOCOL && !exchange_reusable(&x));
	CHECK(exchange_take(&x, BYTES_NONE, &used, &event, &body) == ERR_PROTOCOL);
	exchange_init(&x);
	CHECK(exchange_ask(&x, bytes_text("h"), bytes_text("/"), NULL) == OK);
}

/* The server closes in the same moment as its last byte: the caller may learn of both at once. */
TEST(closed_with_the_last_byte)
{
	static const char *const whole[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 204 No Content\r\n\r\n",
	};
	static struct exchange x;
	for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
		struct bytes in = bytes_text(whole[i]), body;
		enum exchange_event event;
		exchange_init(&x);
		CHECK(exchange_ask(&x, bytes_text("h"), bytes_text("/"), NULL) == OK);
		exchange_sent(&x, exchange_out(&x).n);
		while (in.n > 0) {
			size_t used;
			CHECK(exchange_take(&x, in, &used, &event, &body) == OK && event != EXCHANGE_END);
			in = bytes_skip(in, used);
		}
		CHECK(exchange_closed(&x) == OK && !exchange_reusable(&x));
		CHECK(exchange_closed(&x) == ERR_CLOSED); /* once: now no answer is under way */
	}
}

int main(void)
{
	RUN(answers_cut_at_every_byte);
	RUN(truncated_answers_are_not_whole);
	RUN(what_no_server_may_say);
	RUN(heads_have_limits);
	RUN(requests);
	RUN(requests_that_would_be_two);
	RUN(two_requests_on_one_connection);
	RUN(after_an_error_nothing_is_asked);
	RUN(closed_with_the_last_byte);
	return test_end();
}

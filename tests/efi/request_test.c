/* Requests against a network that is made up: servers with a behaviour each, and a clock that only
 * the test moves. So times are exact, and nothing depends on the machine. */
#include "efi/request.h"

#include "../unit/test.h"

#define TICK_MS 10
#define LIMIT_MS 120000
#define HELLO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
#define URL "http://host:8080/a"

enum manner { ANSWERS, DEAD, REFUSES };

struct server {
	enum manner manner;
	const char *answers[4];           /* of each connection, one after the other; then it is silent */
	size_t step;                      /* bytes in a tick; 0: all at once */
	uint64_t pause_ms;                /* between two steps */
	bool ends, resets;                /* after the last answer */
	bool ends_when_asked;             /* a second time, without an answer */
	unsigned connects_n, answering_n; /* what it has seen */
};

struct fake {
	bool used;
	enum net_state state;
	struct server *server;
	uint16_t port;
	char sent[4 * EXCHANGE_REQUEST_BYTES_MAX];
	size_t sent_n, shown_n, taken_n;
	uint64_t shown_ms;
};

static struct fake fakes[NET_CONNECTIONS_MAX];
static struct server servers[4]; /* the last byte of an address says which */
static struct resolved names;
static int names_err;
static uint64_t now_ms;
static struct net net;
static struct web web;
static char last_sent[sizeof fakes[0].sent];

/* --- the network ------------------------------------------------------------------------------ */

static struct fake *fake_of(uint32_t c)
{
	if (c >= NET_CONNECTIONS_MAX || !fakes[c].used)
		abort(); /* a number that is not one's own */
	return &fakes[c];
}

/* All that a server says on one connection, as far as it was asked. */
static size_t said(const struct fake *f, char *all, size_t room)
{
	size_t n = 0, asked = 0;
	all[0] = 0;
	for (const char *at = f->sent; (at = strstr(at, "\r\n\r\n")) != NULL; at += 4)
		asked++;
	for (size_t i = 0; i < asked && i < 4 && f->server->answers[i] != NULL; i++)
		n += (size_t)snprintf(all + n, room - n, "%s", f->server->answers[i]);
	return n;
}

static bool has_said_all(const struct fake *f, size_t n)
{
	size_t all = 0;
	for (size_t i = 0; i < 4 && f->server->answers[i] != NULL; i++)
		all += strlen(f->server->answers[i]);
	return n == all && f->shown_n == n;
}

static void poll_one(struct fake *f)
{
	static char all[1U << 16];
	if (f->state == NET_CONNECTING && f->server->manner != DEAD)
		f->state = f->server->manner == ANSWERS ? NET_OPEN : NET_FAILED;
	if (f->state != NET_OPEN)
		return;
	size_t n = said(f, all, sizeof all), left = n - f->shown_n;
	if (left > 0 && now_ms >= f->shown_ms + f->server->pause_ms) {
		f->shown_n += f->server->step == 0 || left < f->server->step ? left : f->server->step;
		f->shown_ms = now_ms;
	}
	bool over = has_said_all(f, n) && f->sent_n > 0;
	if (f->server->ends_when_asked)
		over = over && strstr(strstr(f->sent, "\r\n\r\n") + 1, "\r\n\r\n") != NULL;
	if (over && (f->server->ends || f->server->ends_when_asked))
		f->state = NET_ENDED;
	if (over && f->server->resets)
		f->state = NET_FAILED;
}

void net_poll(struct net *n)
{
	(void)n;
	for (size_t i = 0; i < NET_CONNECTIONS_MAX; i++)
		if (fakes[i].used)
			poll_one(&fakes[i]);
}

uint32_t net_connect(struct net *n, const struct net_address *to, uint16_t port)
{
	uint32_t c = 0;
	(void)n;
	while (c < NET_CONNECTIONS_MAX && fakes[c].used)
		c++;
	if (c == NET_CONNECTIONS_MAX)
		return NET_NONE;
	struct server *s = &servers[to->ip[to->six ? 15 : 3]];
	s->connects_n++;
	fakes[c] = (struct fake){.used = true, .state = NET_CONNECTING, .server = s, .port = port, .shown_ms = now_ms};
	return c;
}

enum net_state net_state(const struct net *n, uint32_t c)
{
	(void)n;
	return fake_of(c)->state;
}

struct bytes net_received(struct net *n, uint32_t c)
{
	static char all[NET_CONNECTIONS_MAX][8192];
	struct fake *f = fake_of(c);
	(void)n;
	(void)said(f, all[c], sizeof all[c]);
	return bytes_of(all[c] + f->taken_n, f->shown_n - f->taken_n);
}

void net_took(struct net *n, uint32_t c, size_t taken)
{
	struct fake *f = fake_of(c);
	(void)n;
	if (taken > f->shown_n - f->taken_n)
		abort();
	f->taken_n += taken;
}

size_t net_send(struct net *n, uint32_t c, struct bytes data)
{
	struct fake *f = fake_of(c);
	size_t some = data.n > 7 ? data.n - data.n / 2 : data.n; /* never all at once */
	(void)n;
	if (f->state != NET_OPEN || some > sizeof f->sent - 1 - f->sent_n)
		abort();
	memcpy(f->sent + f->sent_n, data.p, some);
	f->sent_n += some;
	return some;
}

void net_end(struct net *n, uint32_t c)
{
	(void)n;
	memcpy(last_sent, fake_of(c)->sent, sizeof last_sent);
	fakes[c].used = false;
}

const struct net_facts *net_facts(const struct net *n)
{
	return &n->facts;
}

/* --- names: whatever the test says ------------------------------------------------------------- */

void resolver_init(struct resolver *r, struct platform *p, struct net *n)
{
	(void)r;
	(void)p;
	(void)n;
}

void resolver_close(struct resolver *r)
{
	(void)r;
}

int resolver_find(struct resolver *r, struct bytes host, uint64_t at_ms, struct resolved *out)
{
	(void)r;
	(void)host;
	(void)at_ms;
	if (names_err == OK)
		*out = names;
	return names_err;
}

/* --- one request -------------------------------------------------------------------------------- */

struct result {
	enum request_state state;
	int err;
	const char *where;
	char body[4096];
	size_t n;
	uint64_t ms;
};

static void collect(struct request *r, struct result *to)
{
	struct bytes body;
	while ((body = request_body(r)).n > 0) {
		size_t n = body.n > 3 ? body.n / 2 : body.n; /* never all at once */
		if (CHECK(to->n + n < sizeof to->body)) {
			memcpy(to->body + to->n, body.p, n);
			to->n += n;
		}
		request_took(r, n);
	}
}

static void tick(void)
{
	now_ms += TICK_MS;
	net_poll(&net);
}

static struct result get(const char *url, const struct asked *asked)
{
	static struct request r;
	struct result result = {.state = REQUEST_UNDER_WAY};
	uint64_t began_ms = now_ms;
	memset(&r, 0xa5, sizeof r); /* nothing of it needs to be clear */
	request_begin(&r, &web, bytes_text(url), asked, now_ms);
	while (r.state == REQUEST_UNDER_WAY && now_ms < began_ms + LIMIT_MS) {
		tick();
		request_step(&r, now_ms);
		collect(&r, &result);
	}
	collect(&r, &result);
	result.state = r.state;
	result.err = r.err;
	result.where = r.where;
	result.ms = now_ms - began_ms;
	request_end(&r, now_ms);
	return result;
}

static unsigned used_n(void)
{
	unsigned n = 0;
	for (size_t i = 0; i < NET_CONNECTIONS_MAX; i++)
		n += fakes[i].used;
	return n;
}

/* addresses: "6" and "4" in their order; the servers' numbers are their places. */
static void begin(const char *addresses)
{
	memset(fakes, 0, sizeof fakes);
	memset(servers, 0, sizeof servers);
	net = (struct net){.facts.six.six = true};
	names.n = 0;
	names_err = OK;
	for (const char *a = addresses; *a != 0; a++) {
		struct net_address address = {.six = *a == '6'};
		address.ip[address.six ? 15 : 3] = (uint8_t)names.n;
		names.v[names.n++] = address;
	}
	web_init(&web, NULL, &net);
}

/* Nothing is left open. */
static void end(void)
{
	web_close(&web);
	CHECK(used_n() == 0);
}

static bool is_done(const struct result *r, const char *body)
{
	return r->state == REQUEST_DONE && bytes_is(bytes_of(r->body, r->n), body);
}

static bool has_failed(const struct result *r, int err, const char *where)
{
	return r->state == REQUEST_FAILED && r->err == err && strcmp(r->where, where) == 0 && r->n == 0;
}

static const struct asked part = {.offset = 10, .length = 5, .size = 100},
			  whole = {.length = 5, .size = 5, .whole = true};

/* --- tests ---------------------------------------------------------------------------------------- */

TEST(a_document_however_it_is_cut)
{
	for (size_t step = 1; step <= strlen(HELLO); step++) {
		begin("4");
		servers[0] = (struct server){.answers = {HELLO}, .step = step};
		struct result r = get("http://host:8080/a/b?c#fragment", NULL);
		CHECK(is_done(&r, "hello") && used_n() == 1);
		end();
		CHECK(bytes_starts(bytes_text(last_sent), "GET /a/b?c HTTP/1.1\r\nHost: host:8080\r\n"));
		CHECK(strstr(last_sent, "Range") == NULL);
	}
}

TEST(parts)
{
	begin("4");
	servers[0].answers[0] = "HTTP/1.1 206 P\r\nContent-Range: bytes 10-14/100\r\nContent-Length: 5\r\n\r\n01234";
	struct result r = get(URL, &part);
	CHECK(is_done(&r, "01234"));
	end();
	CHECK(strstr(last_sent, "\r\nRange: bytes=10-14\r\n") != NULL);
	begin("4");
	servers[0].answers[0] = "HTTP/1.1 206 P\r\nContent-Range: bytes 11-15/100\r\nContent-Length: 5\r\n\r\n01234";
	r = get(URL, &part);
	CHECK(has_failed(&r, ERR_PROTOCOL, "answer"));
	end();
}

TEST(what_was_not_asked_for)
{
	static const struct {
		const char *answer;
		const struct asked *asked;
		int err;
	} cases[] = {
		{"HTTP/1.1 404 N\r\nContent-Length: 4\r\n\r\nbody", NULL, ERR_NOT_FOUND},
		{"HTTP/1.1 302 F\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n", NULL, ERR_SOURCE},
		{"HTTP/1.1 500 E\r\nContent-Length: 4\r\n\r\nbody", &whole, ERR_SOURCE},
		{"HTTP/1.1 200 O\r\nContent-Length: 6\r\n\r\nhello!", &whole, ERR_SIZE},
		{"HTTP/1.1 200 O\r\nContent-Length: 5\r\n\r\nhello", &part, ERR_SIZE},
		{"HTTP/1.1 200 O\r\nContent-Length: 100\r\n\r\nhello", &part, ERR_PROTOCOL},
		{"HTTP/1.1 416 R\r\nContent-Length: 0\r\n\r\n", &part, ERR_SIZE},
		{"HTTP/1.1 200 O\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", NULL, ERR_PROTOCOL},
		{"\x16\x03\x01\x02\r\n\r\n", NULL, ERR_PROTOCOL},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		for (size_t step = 0; step < 30; step++) {
			begin("4");
			servers[0] = (struct server){.answers = {cases[i].answer}, .step = step};
			struct result r = get(URL, cases[i].asked);
			CHECK(has_failed(&r, cases[i].err, "answer") && r.ms < 1000);
			end();
		}
	}
}

TEST(bodies_without_a_length)
{
	static const struct {
		const char *answer, *body;
		const struct asked *asked;
		bool ends, resets;
		int err;
	} cases[] = {
		{"HTTP/1.1 200 O\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", "hello", NULL,
		 false, false, OK},
		{"HTTP/1.1 200 O\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", "hello",
		 &whole, false, false, OK},
		{"HTTP/1.1 200 O\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhell\r\n0\r\n\r\n", "hell", &whole, false,
		 false, ERR_CLOSED},
		{"HTTP/1.1 200 O\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", "hello",
		 &whole, false, false, ERR_SIZE},
		{"HTTP/1.1 206 P\r\nContent-Range: bytes 10-14/100\r\nTransfer-Encoding: "
		 "chunked\r\n\r\n5\r\nhello\r\n1\r\n"
		 "!\r\n0\r\n\r\n",
		 "hello", &part, false, false, ERR_PROTOCOL},
		{"HTTP/1.1 200 O\r\n\r\nhello", "hello", NULL, true, false, OK},
		{"HTTP/1.1 200 O\r\n\r\nhello", "hello", NULL, false, true, ERR_CLOSED},
		{"HTTP/1.1 200 O\r\n\r\nhello", "hello", &whole, false, false, OK},
		{"HTTP/1.1 200 O\r\n\r\nhell", "hell", &whole, true, false, ERR_CLOSED},
		{"HTTP/1.1 200 O\r\nContent-Length: 5\r\n\r\nhell", "hell", &whole, true, false, ERR_CLOSED},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		begin("4");
		servers[0] = (struct server){.answers = {cases[i].answer},
					     .step = 1,
					     .ends = cases[i].ends,
					     .resets = cases[i].resets};
		struct result r = get(URL, cases[i].asked);
		CHECK(r.state == (cases[i].err == OK ? REQUEST_DONE : REQUEST_FAILED) && r.err == cases[i].err);
		CHECK(bytes_is(bytes_of(r.body, r.n), cases[i].body));
		end();
	}
}

/* Who looks once in a tick still gets all of it when the server closes behind its last byte. */
TEST(an_end_in_the_same_moment_as_the_last_byte)
{
	static const struct asked *const asked[] = {NULL, &whole};
	static struct request r;
	for (size_t i = 0; i < 6; i++) {
		size_t n = 0;
		begin("4");
		servers[0] = (struct server){.answers = {HELLO}, .ends = i % 3 == 0, .resets = i % 3 == 1};
		request_begin(&r, &web, bytes_text(URL), asked[i / 3], now_ms);
		for (int ticks = 0; r.state == REQUEST_UNDER_WAY && ticks < 100; ticks++) {
			tick();
			request_step(&r, now_ms);
			struct bytes body = request_body(&r);
			n += body.n;
			if (body.n > 0)
				request_took(&r, body.n);
		}
		CHECK(r.state == REQUEST_DONE && r.err == OK && n == 5);
		request_end(&r, now_ms);
		CHECK(used_n() == (i % 3 == 2)); /* only an open one is kept */
		end();
	}
}

TEST(connections_are_kept)
{
	begin("4");
	servers[0] = (struct server){.answers = {HELLO, "HTTP/1.1 404 N\r\nContent-Length: 2\r\n\r\nno", HELLO, HELLO},
				     .step = 1000};
	struct result r = get(URL, NULL);
	CHECK(is_done(&r, "hello"));
	r = get(URL, NULL);
	CHECK(has_failed(&r, ERR_NOT_FOUND, "answer"));
	r = get(URL, &whole);
	CHECK(is_done(&r, "hello") && servers[0].connects_n == 1 && used_n() == 1);
	r = get("http://host:8081/a", NULL); /* another port is another server */
	CHECK(is_done(&r, "hello") && servers[0].connects_n == 2);
	now_ms += WEB_KEPT_MS;
	r = get(URL, NULL); /* too old: its server may be about to close it */
	CHECK(is_done(&r, "hello") && servers[0].connects_n == 3);
	end();
}

TEST(connections_that_cannot_be_kept)
{
	static const char *const answers[] = {
		"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\n",
	};
	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
		begin("4");
		servers[0].answers[0] = answers[i];
		struct result r = get(URL, NULL);
		CHECK(is_done(&r, "hello") && used_n() == 0);
		r = get(URL, NULL);
		CHECK(is_done(&r, "hello") && servers[0].connects_n == 2);
		end();
	}
}

TEST(a_kept_connection_that_was_closed)
{
	begin("4"); /* seen before it is used */
	servers[0] = (struct server){.answers = {HELLO}, .ends = true};
	struct result r = get(URL, NULL);
	tick();
	r = get(URL, NULL);
	CHECK(is_done(&r, "hello") && servers[0].connects_n == 2);
	end();
	begin("4"); /* while it is used: once more, on a new one */
	servers[0] = (struct server){.answers = {HELLO}, .ends_when_asked = true};
	r = get(URL, NULL);
	r = get(URL, NULL);
	CHECK(is_done(&r, "hello") && servers[0].connects_n == 2);
	servers[0] = (struct server){.answers = {""}, .ends = true}; /* the new one, too: it stays at that */
	r = get(URL, NULL);
	CHECK(has_failed(&r, ERR_CLOSED, "answer") && servers[0].connects_n == 1);
	end();
	begin("4"); /* in the middle of an answer: what has begun is not asked for again */
	servers[0] = (struct server){.answers = {HELLO, "HTTP/1.1 200 O"}, .resets = true};
	r = get(URL, NULL);
	r = get(URL, NULL);
	CHECK(has_failed(&r, ERR_CLOSED, "answer") && servers[0].connects_n == 1);
	end();
	begin("4"); /* a new connection is no kept one */
	servers[0] = (struct server){.answers = {""}, .ends = true};
	r = get(URL, NULL);
	CHECK(has_failed(&r, ERR_CLOSED, "answer") && servers[0].connects_n == 1);
	end();
}

TEST(a_dead_address_costs_its_head_start_once)
{
	begin("64");
	servers[0].manner = DEAD;
	servers[1].answers[0] = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello";
	struct result r = get(URL, NULL);
	CHECK(is_done(&r, "hello") && r.ms >= REQUEST_HEAD_START_MS && r.ms < 2 * REQUEST_HEAD_START_MS);
	r = get(URL, NULL);
	CHECK(is_done(&r, "hello") && r.ms < REQUEST_HEAD_START_MS && servers[0].connects_n == 1);
	now_ms += WEB_BAD_MS; /* it may be well again */
	r = get(URL, NULL);
	CHECK(is_done(&r, "hello") && r.ms >= REQUEST_HEAD_START_MS && servers[0].connects_n == 2);
	end();
}

TEST(a_refused_address_costs_nothing)
{
	begin("64");
	servers[0].manner = REFUSES;
	servers[1].answers[0] = HELLO;
	struct result r = get(URL, NULL);
	CHECK(is_done(&r, "hello") && r.ms < REQUEST_HEAD_START_MS);
	end();
	begin("64");
	servers[0].manner = servers[1].manner = REFUSES;
	r = get(URL, NULL);
	CHECK(has_failed(&r, ERR_CLOSED, "refused") && r.ms < REQUEST_HEAD_START_MS);
	end();
}

TEST(the_first_address_is_used_when_it_is_well)
{
	begin("64");
	servers[0].answers[0] = HELLO;
	servers[1].answers[0] = "HTTP/1.1 404 N\r\nContent-Length: 0\r\n\r\n";
	struct result r = get(URL, NULL);
	CHECK(is_done(&r, "hello") && servers[1].connects_n == 0);
	end();
}

TEST(waits_have_a_limit)
{
	begin("64");
	servers[0].manner = servers[1].manner = DEAD;
	struct result r = get(URL, NULL);
	CHECK(has_failed(&r, ERR_TIMEOUT, "connection"));
	CHECK(r.ms >= REQUEST_CONNECT_MS && r.ms <= REQUEST_CONNECT_MS + 2 * REQUEST_HEAD_START_MS);
	end();
	begin("4");
	r = get(URL, NULL); /* it takes the request and says nothing */
	CHECK(has_failed(&r, ERR_TIMEOUT, "answer"));
	CHECK(r.ms >= REQUEST_SILENCE_MS && r.ms < REQUEST_SILENCE_MS + 1000);
	end();
	begin("4");
	servers[0] = (struct server){.answers = {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"}};
	r = get(URL, NULL);
	CHECK(r.state == REQUEST_FAILED && r.err == ERR_TIMEOUT && r.n == 4);
	end();
	begin("4"); /* slow is not silent */
	servers[0] = (struct server){.answers = {HELLO}, .step = 5, .pause_ms = REQUEST_SILENCE_MS - 100};
	r = get(URL, NULL);
	CHECK(is_done(&r, "hello") && r.ms > 5 * REQUEST_SILENCE_MS);
	end();
}

TEST(no_room_for_a_connection)
{
	static struct request others[NET_CONNECTIONS_MAX];
	static struct request r;
	struct result result = {.n = 0};
	begin("4");
	for (size_t i = 0; i < NET_CONNECTIONS_MAX; i++) {
		request_begin(&others[i], &web, bytes_text(URL), NULL, now_ms);
		request_step(&others[i], now_ms);
	}
	CHECK(used_n() == NET_CONNECTIONS_MAX);
	request_begin(&r, &web, bytes_text(URL), NULL, now_ms);
	for (int i = 0; i < 100; i++) {
		tick();
		request_step(&r, now_ms);
	}
	CHECK(r.state == REQUEST_UNDER_WAY);
	request_end(&others[3], now_ms);
	servers[0].answers[0] = HELLO;
	for (int i = 0; i < 100; i++) {
		tick();
		request_step(&r, now_ms);
		collect(&r, &result);
	}
	CHECK(r.state == REQUEST_DONE && result.n == 5);
	request_end(&r, now_ms); /* kept, and all room is used again: it gives way to another port's */
	CHECK(used_n() == NET_CONNECTIONS_MAX);
	result = get("http://host:8081/a", NULL);
	CHECK(is_done(&result, "hello"));
	for (size_t i = 0; i < NET_CONNECTIONS_MAX; i++)
		if (i != 3)
			request_end(&others[i], now_ms);
	end();
}

TEST(a_network_without_ipv6)
{
	begin("64");
	net.facts.six.six = false;
	servers[0].answers[0] = servers[1].answers[0] = HELLO;
	struct result r = get(URL, NULL);
	CHECK(is_done(&r, "hello") && r.ms < REQUEST_HEAD_START_MS && servers[0].connects_n == 0);
	end();
	begin("66");
	net.facts.six.six = false;
	r = get(URL, NULL);
	CHECK(r.state == REQUEST_FAILED && r.err == ERR_NOT_FOUND && strstr(r.where, "no way") != NULL);
	end();
}

TEST(urls_that_cannot_be_asked_for)
{
	static const char *const bad[] = {"http://host:0/", "http://host:65536/", "http://host:x/",
					  "http://host:/",  "http:///a",          "ftp://host/",
					  "http://:80/",    "http://host?query",  "http://host/a b",
					  "http://ho st/"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		begin("4");
		servers[0].answers[0] = HELLO;
		struct result r = get(bad[i], NULL);
		CHECK(has_failed(&r, ERR_VALUE, "URL"));
		end();
	}
	begin("4");
	struct result r = get("https://host/", NULL);
	CHECK(r.state == REQUEST_FAILED && r.err == ERR_VALUE && bytes_starts(bytes_text(r.where), "https is not"));
	names_err = ERR_NOT_FOUND;
	r = get(URL, NULL);
	CHECK(has_failed(&r, ERR_NOT_FOUND, "name"));
	names_err = ERR_SOURCE;
	r = get(URL, NULL);
	CHECK(has_failed(&r, ERR_SOURCE, "name, from every resolver"));
	names_err = RESOLVE_WAIT;
	r = get(URL, NULL);
	CHECK(has_failed(&r, ERR_TIMEOUT, "name") && r.ms >= RESOLVE_GIVE_UP_MS && r.ms < RESOLVE_GIVE_UP_MS + 100);
	end();
}

/* --- bridges: they have suites of their own, tests/efi/bridge.bats; here nobody has any --------- */

int platform_pages(struct platform *p, uint64_t bytes, uint8_t **out)
{
	(void)p, (void)bytes, (void)out;
	return ERR_NO_MEMORY;
}

void platform_give_pages(struct platform *p, uint8_t *pages, uint64_t bytes)
{
	(void)p, (void)pages, (void)bytes;
}

bool platform_random(struct platform *p, uint8_t *out, size_t n)
{
	(void)p, (void)out, (void)n;
	return false;
}

uint64_t platform_now_ms(struct platform *p)
{
	(void)p;
	return now_ms;
}

void report_detail(const struct report *r, const char *format, ...)
{
	(void)r, (void)format;
}

TEST(a_bridge_where_none_is_asked)
{
	static const char reference[] = "/ip4/10.0.2.2/tcp/4001/bytes/"
					"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
	static const char none[] = "/ip4/10.0.2.2/tcp/4001";
	struct request r;
	request_begin(&r, &web, bytes_text(reference), NULL, now_ms);
	CHECK(r.state == REQUEST_FAILED && r.err == ERR_VALUE && request_body(&r).n == 0);
	request_end(&r, now_ms);
	request_begin(&r, &web, bytes_text(none), NULL, now_ms);
	CHECK(r.state == REQUEST_FAILED && r.err == ERR_VALUE && request_body(&r).n == 0);
	request_end(&r, now_ms);
}

int main(void)
{
	RUN(a_document_however_it_is_cut);
	RUN(parts);
	RUN(what_was_not_asked_for);
	RUN(bodies_without_a_length);
	RUN(an_end_in_the_same_moment_as_the_last_byte);
	RUN(connections_are_kept);
	RUN(connections_that_cannot_be_kept);
	RUN(a_kept_connection_that_was_closed);
	RUN(a_dead_address_costs_its_head_start_once);
	RUN(a_refused_address_costs_nothing);
	RUN(the_first_address_is_used_when_it_is_well);
	RUN(waits_have_a_limit);
	RUN(no_room_for_a_connection);
	RUN(a_network_without_ipv6);
	RUN(urls_that_cannot_be_asked_for);
	RUN(a_bridge_where_none_is_asked);
	return test_end();
}

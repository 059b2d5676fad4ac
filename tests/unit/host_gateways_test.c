/* The gateways' answers in a room of fixed size: whole bodies whose ends come late, many at a time.
 * The gateways are this process, between two calls of gateways_take. */
#include <arpa/inet.h>
#include <assert.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/hex.h"
#include "host/clock.h"
#include "host/gateways_parts.h"
#include "test.h"

#define ASKS 1200        /* more than there is room for */
#define UNDER_WAY 63     /* transfers at a time: as many to each gateway */
#define CONNECTIONS 4096 /* a hedged request may have one of its own */
#define ADDRESS_DIGITS (2 * REFERENCE_BYTES)
#define PATIENCE_MS 60000

static const struct cli_program program = {.name = "host_gateways_test"};
static struct cli cli = {.program = &program};
static struct gateways *g;
static int listening;
static struct {
	int fd;
	bool held; /* its body is out, and not its end */
	size_t n;
	char request[1024];
} connections[CONNECTIONS];
static unsigned connections_n, held_n;
static unsigned answered[ASKS];

static_assert(ASKS > 2 * GATEWAYS_BUFFERS && ASKS <= ASKS_MAX, "more than there is room for, all asked for at once");

static void name_address(uint64_t id, uint8_t address[static REFERENCE_BYTES])
{
	memset(address, 0xa5, REFERENCE_BYTES);
	store_le64(address, id);
}

/* All of an answer but its end; the body is the address in digits. */
static void answer(unsigned i)
{
	char text[256];
	const char *digits = strstr(connections[i].request, "/chunks/");
	if (!CHECK(digits != NULL))
		return;
	const int n = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%.*s\r\n",
			       ADDRESS_DIGITS, ADDRESS_DIGITS, digits + 8);
	CHECK(send(connections[i].fd, text, (size_t)n, MSG_NOSIGNAL) == n);
	connections[i].held = true;
	connections[i].n = 0;
	held_n++;
}

static void serve(void)
{
	struct pollfd p = {.fd = listening, .events = POLLIN};
	while (connections_n < CONNECTIONS && poll(&p, 1, 0) == 1)
		connections[connections_n++].fd = accept(listening, NULL, NULL);
	for (unsigned i = 0; i < connections_n; i++) {
		char *to = connections[i].request + connections[i].n;
		const size_t room = sizeof connections[i].request - 1 - connections[i].n;
		const ssize_t n = recv(connections[i].fd, to, room, MSG_DONTWAIT);
		if (n <= 0)
			continue;
		connections[i].n += (size_t)n;
		to[n] = 0;
		if (strstr(connections[i].request, "\r\n\r\n") != NULL)
			answer(i);
	}
}

static void take(size_t max)
{
	struct gateway_answer answers[16];
	char digits[ADDRESS_DIGITS];
	uint8_t address[REFERENCE_BYTES];
	size_t n = 0;
	CHECK(gateways_take(g, answers, max, 10, &n) == OK);
	for (size_t i = 0; i < n; i++) {
		if (!CHECK(answers[i].err == OK && answers[i].id < ASKS))
			continue;
		name_address(answers[i].id, address);
		hex_encode(bytes_of(address, sizeof address), digits);
		CHECK(bytes_equal(answers[i].data, bytes_of(digits, sizeof digits)));
		answered[answers[i].id]++;
	}
}

/* As many bodies are out as there must be, or some more; nothing is taken. */
static void hold(unsigned wanted)
{
	const uint64_t end = clock_now_ms() + PATIENCE_MS;
	for (unsigned more = 0; more < 10 && clock_now_ms() < end; more += held_n >= wanted) {
		serve();
		take(0);
	}
	CHECK(held_n >= wanted);
}

static void let_go(unsigned n)
{
	for (unsigned i = 0; i < connections_n && n > 0; i++) {
		if (!connections[i].held)
			continue;
		CHECK(send(connections[i].fd, "0\r\n\r\n", 5, MSG_NOSIGNAL) == 5);
		connections[i].held = false;
		held_n--;
		n--;
	}
}

static unsigned answered_n(void)
{
	unsigned n = 0;
	for (unsigned i = 0; i < ASKS; i++)
		n += answered[i] > 0;
	return n;
}

static void open_gateways(void)
{
	static char urls[3][64];
	static const char *names[] = {urls[0], urls[1], urls[2]};
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof a;
	listening = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(listening >= 0 && bind(listening, (struct sockaddr *)&a, n) == 0 && listen(listening, 128) == 0 &&
	      getsockname(listening, (struct sockaddr *)&a, &n) == 0);
	for (unsigned i = 0; i < 3; i++)
		(void)snprintf(urls[i], sizeof urls[i], "http://127.0.0.1:%u/%u", ntohs(a.sin_port), i);
	CHECK(gateways_open(&cli, names, 3, NULL, &g) == OK);
}

/* 59 answers wait, then 122, 185 and so on, and nothing is taken; transfers go on while there is room. */
TEST(no_answer_takes_the_place_of_another)
{
	uint8_t address[REFERENCE_BYTES];
	open_gateways();
	for (uint64_t id = 0; id < ASKS; id++) {
		name_address(id, address);
		gateways_ask(g, id, address);
	}
	hold(UNDER_WAY);
	let_go(UNDER_WAY - 4);
	for (unsigned waiting = UNDER_WAY - 4; waiting < GATEWAYS_READY;) {
		const unsigned room = GATEWAYS_READY - waiting;
		hold(room < UNDER_WAY ? room : UNDER_WAY);
		waiting += held_n;
		let_go(held_n);
	}
	const uint64_t end = clock_now_ms() + PATIENCE_MS;
	while (answered_n() < ASKS && clock_now_ms() < end) {
		serve();
		let_go(held_n);
		take(16);
	}
	for (unsigned i = 0; i < ASKS; i++)
		CHECK(answered[i] == 1);
	gateways_close(g);
	for (unsigned i = 0; i < connections_n; i++)
		(void)close(connections[i].fd);
	(void)close(listening);
}

int main(void)
{
	RUN(no_answer_takes_the_place_of_another);
	return test_end();
}

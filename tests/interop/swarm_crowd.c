/* swarm_crowd PORT NETWORK COUNT MANNER [ADDRESS]: COUNT peers at the Swarm node at PORT of 127.0.0.1, from addresses
 *of their own, 32 of each, for tests of what a server bears. MANNER: silent	they connect, and say nothing
 *	half	they begin to negotiate, and say no more
 *	hold	they shake hands, and ask for nothing
 *	ask	they ask for the chunk of ADDRESS again and again, and never settle
 *	deaf	they ask for it on all streams there are, and read nothing of what they get
 *	streams	they open streams without end, and say nothing on them
 * It says in a line of JSON when as many are ready as will be, and when its input ends or all have been cut off what
 * became of them. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/decimal.h"
#include "core/err.h"
#include "core/hex.h"
#include "host/swarm_self.h"

#define CROWD_MAX 2000
#define OF_ONE_ADDRESS 32
#define STARTED_AT_ONCE 32 /* as a server takes of its handshakes */

enum manner { SILENT, HALF, HOLD, ASK, DEAF, STREAMS };

struct one {
	int fd; /* -1: cut off, -2: not begun */
	bool connecting, ready;
	size_t asks_n, in_n;
	struct swarm_self self;
	struct session s;
	uint8_t in[2 * NOISE_FRAME_BYTES_MAX];
};

static struct one *crowd[CROWD_MAX];
static struct pollfd polls[CROWD_MAX + 1];
static size_t crowd_n, begun_n, ready_n, cut_n, got_n, failed_n;
static enum manner manner;
static uint16_t port;
static uint64_t network_id;
static uint8_t wanted[REFERENCE_BYTES];
static bool told;

static uint64_t now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static bool speaks(void)
{
	return manner != SILENT && manner != HALF;
}

static void cut(struct one *o)
{
	close(o->fd);
	o->fd = -1;
	cut_n++;
	ready_n -= o->ready;
	o->ready = false;
	if (speaks())
		session_end(&o->s);
}

static void begin_session(struct one *o)
{
	struct noise_secrets secrets;
	uint8_t there[16];
	struct writer w = writer_of(there, sizeof there);
	const struct swarm_self_options options = {.network_id = network_id, .agent = BYTES_LITERAL("phase-test")};
	struct timespec t;
	write_bytes(&w, BYTES_LITERAL("\x04\x7f\0\0\x01\x06"));
	write_be16(&w, port);
	(void)clock_gettime(CLOCK_REALTIME, &t);
	if (swarm_self_init(&o->self, &options, NULL) != OK || getrandom(&secrets, sizeof secrets, 0) != sizeof secrets)
		abort();
	memcpy(secrets.identity_seed, o->self.seed, sizeof secrets.identity_seed);
	const struct session_start start = {.secrets = &secrets, .remote = writer_view(&w), .now = {t.tv_sec}};
	session_init(&o->s, CONNECTION_DIALER, &o->self.config, &start, now_ms());
}

static void begin(size_t i)
{
	const int room = 4096;
	struct one *o = calloc(1, sizeof *o);
	struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET, .sin_port = htons(port)};
	from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + ((uint32_t)(1 + i / OF_ONE_ADDRESS) << 8));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (o == NULL)
		abort();
	o->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (manner == DEAF)
		(void)setsockopt(o->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	if (o->fd < 0 || bind(o->fd, (struct sockaddr *)&from, sizeof from) != 0 ||
	    (connect(o->fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS))
		abort();
	o->connecting = true;
	if (speaks())
		begin_session(o);
	crowd[i] = o;
}

/* The headers and the request in one, before anything was heard of the stream. */
static void ask_blindly(struct one *o)
{
	static const char *const retrieval[] = {RETRIEVAL_PROTOCOL};
	uint8_t message[RETRIEVAL_REQUEST_BYTES_MAX];
	struct writer w = writer_of(message, sizeof message);
	uint32_t stream;
	size_t n;
	write_u8(&w, 0);
	retrieval_write_request(&w, wanted);
	for (int i = 0; i < 16 && connection_open(&o->s.connection, retrieval, 1, true, &stream) == OK; i++)
		if (connection_write(&o->s.connection, stream, writer_view(&w), &n) != OK)
			abort();
}

/* What those do who are in. */
static void behave(struct one *o)
{
	static const char *const echo[] = {PING_PROTOCOL};
	uint32_t stream;
	if (manner == DEAF)
		ask_blindly(o);
	while (manner == ASK && o->asks_n < SESSION_ASKS_MAX && session_ask(&o->s, wanted, 0, now_ms()) == OK)
		o->asks_n++;
	if (manner == STREAMS)
		for (int i = 0; i < 100 && connection_open(&o->s.connection, echo, 1, true, &stream) == OK; i++)
			if (i % 2 == 0)
				connection_reset(&o->s.connection, stream, 0);
}

static void on_event(struct one *o, const struct session_event *e)
{
	if (e->type == SESSION_READY) {
		o->ready = true;
		ready_n++;
	} else if (e->type == SESSION_DELIVERED || e->type == SESSION_FAILED) {
		o->asks_n--;
		got_n += e->type == SESSION_DELIVERED;
		failed_n += e->type == SESSION_FAILED;
	}
}

static int take(struct one *o)
{
	struct session_event e = {.type = SESSION_READY};
	size_t at = 0, used;
	int err = session_tick(&o->s, now_ms());
	while (err == OK && e.type != SESSION_NOTHING) {
		err = session_take(&o->s, o->in + at, o->in_n - at, &used, &e, now_ms());
		at += used;
		if (err == OK)
			on_event(o, &e);
	}
	memmove(o->in, o->in + at, o->in_n - at);
	o->in_n -= at;
	return err;
}

static bool receive(struct one *o)
{
	static uint8_t ignored[65536];
	const bool keeps = speaks();
	const ssize_t n = keeps ? recv(o->fd, o->in + o->in_n, sizeof o->in - o->in_n, 0)
				: recv(o->fd, ignored, sizeof ignored, 0);
	o->in_n += keeps && n > 0 ? (size_t)n : 0;
	return n > 0 || (n < 0 && errno == EAGAIN);
}

static bool give(struct one *o)
{
	for (;;) {
		const struct bytes out = session_out(&o->s);
		if (out.n == 0)
			return true;
		const ssize_t n = send(o->fd, out.p, out.n, MSG_NOSIGNAL);
		if (n <= 0)
			return errno == EAGAIN;
		session_sent(&o->s, (size_t)n);
	}
}

static void serve(struct one *o, short events)
{
	const bool deaf = manner == DEAF && o->ready;
	if (o->connecting && (events & POLLOUT) != 0 && manner == HALF)
		(void)!send(o->fd, "\x13/multistream/1.0.0\n", 20, MSG_NOSIGNAL);
	if (o->connecting && (events & POLLOUT) != 0 && !speaks())
		ready_n += (size_t)(o->ready = true);
	o->connecting = o->connecting && (events & (POLLOUT | POLLERR | POLLHUP)) == 0;
	bool good = !o->connecting && (events & (POLLERR | POLLHUP)) == 0;
	if (o->connecting)
		return;
	if (good && (events & POLLIN) != 0 && !deaf)
		good = receive(o);
	if (good && speaks() && !deaf)
		good = take(o) == OK;
	if (good && o->ready)
		behave(o);
	if (good && speaks())
		good = give(o);
	if (!good)
		cut(o);
}

static void tell(const char *event)
{
	printf("{\"event\":\"%s\",\"ready\":%zu,\"cut_off\":%zu,\"chunks\":%zu,\"failed\":%zu}\n", event, ready_n,
	       cut_n, got_n, failed_n);
	fflush(stdout);
}

/* False: our input has ended, or nobody is left. */
static bool step(void)
{
	nfds_t n = 0;
	static struct one *of[CROWD_MAX];
	while (begun_n < crowd_n && begun_n - ready_n - cut_n < STARTED_AT_ONCE)
		begin(begun_n++);
	for (size_t i = 0; i < begun_n; i++) {
		struct one *o = crowd[i];
		if (o->fd < 0)
			continue;
		const bool deaf = manner == DEAF && o->ready, writes = speaks() && session_out(&o->s).n > 0;
		polls[n] = (struct pollfd){.fd = o->fd, .events = (short)(deaf ? 0 : POLLIN)};
		polls[n].events |= o->connecting || writes ? POLLOUT : 0;
		of[n++] = o;
	}
	polls[n] = (struct pollfd){.fd = 0, .events = POLLIN};
	if (poll(polls, n + 1, 100) < 0)
		abort();
	for (nfds_t i = 0; i < n; i++)
		serve(of[i], polls[i].revents);
	if (!told && ready_n + cut_n == crowd_n) {
		tell("ready");
		told = true;
	}
	return polls[n].revents == 0 && cut_n < crowd_n;
}

int main(int argc, char **argv)
{
	static const char *const manners[] = {"silent", "half", "hold", "ask", "deaf", "streams"};
	uint64_t at, count;
	if (argc < 5 || decimal_read(bytes_text(argv[1]), &at) != OK ||
	    decimal_read(bytes_text(argv[2]), &network_id) != OK || decimal_read(bytes_text(argv[3]), &count) != OK ||
	    count > CROWD_MAX)
		return 2;
	while ((size_t)manner < sizeof manners / sizeof manners[0] && strcmp(manners[manner], argv[4]) != 0)
		manner++;
	if ((size_t)manner == sizeof manners / sizeof manners[0] ||
	    (argc > 5 && hex_decode(bytes_text(argv[5]), wanted, sizeof wanted) != OK))
		return 2;
	port = (uint16_t)at;
	crowd_n = count;
	while (step())
		;
	tell("end");
	return 0;
}

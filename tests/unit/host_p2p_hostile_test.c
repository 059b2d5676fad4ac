/* Peers that mean harm, against a node that has a good one beside them: what they cost has an end, and the good
 * one is served all the time. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/p2p_address.h"
#include "host/p2p_node_parts.h"
#include "host/p2p_ping.h"
#include "host/p2p_request.h"
#include "host/random.h"
#include "p2p/ping.h"
#include "p2p_pair.h"

#define ECHO_NAME "/test/echo/1.0.0"
#define ANSWER_BYTES 65536

static struct pair_side good, victim;
static bool pinged;
static int ping_err;
static const char *const echo_names[] = {ECHO_NAME}, *const ping_names[] = {PING_PROTOCOL};
static const char *const foreign[] = {"/not/spoken/1.0.0"};

/* --- the victim and the good one --- */

static int answer(void *context, struct p2p_node *node, const struct peer_id *from, struct bytes request,
		  struct writer *w)
{
	static uint8_t much[ANSWER_BYTES];
	(void)context, (void)node, (void)from, (void)request;
	write_bytes(w, bytes_of(much, sizeof much));
	return OK;
}

static struct p2p_server server;

static void begin(const struct p2p_limits *limits)
{
	CHECK(uv_loop_init(&pair_loop) == 0);
	pair_side_begin(&good, 1, "good/1", NULL);
	pair_side_begin(&victim, 2, "victim/1", limits);
	server = (struct p2p_server){.name = ECHO_NAME,
				     .answer = answer,
				     .request_bytes_max = 2U << 30,
				     .answer_bytes_max = ANSWER_BYTES,
				     .idle_ms = PAIR_PATIENCE_MS};
	CHECK(p2p_serve(victim.node, &server) == OK);
}

static void end(void)
{
	pair_side_end(&good);
	pair_side_end(&victim);
	CHECK(uv_run(&pair_loop, UV_RUN_DEFAULT) == 0 && uv_loop_close(&pair_loop) == 0);
}

static void on_connected(struct p2p_node *node, const struct peer_id *peer, int err, void *context)
{
	(void)node, (void)peer, (void)context;
	CHECK(err == OK);
	pinged = true;
}

static void on_pinged(const struct peer_id *peer, int err, uint64_t rtt_us, void *context)
{
	(void)peer, (void)rtt_us, (void)context;
	pinged = true;
	ping_err = err;
}

/* The good one comes in, and again is answered. */
static void comes(void)
{
	const struct bytes address = bytes_of(victim.address, victim.address_n);
	pinged = false;
	CHECK(p2p_node_connect(good.node, &victim.id, &address, 1, true, on_connected, NULL) == OK);
	CHECK(pair_until(&pinged));
}

static bool is_served(void)
{
	pinged = false;
	return p2p_ping(good.node, &victim.id, on_pinged, NULL) == OK && pair_until(&pinged) && ping_err == OK;
}

/* --- one that means harm, by hand --- */

static int dial_raw(void)
{
	struct sockaddr_storage a;
	struct bytes rest;
	CHECK(p2p_address_read(bytes_of(victim.address, victim.address_n), MULTIADDR_TCP, &a, &rest) == OK);
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(struct sockaddr_in)) == 0);
	CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
	return fd;
}

/* Whether the victim has closed it; what it says is thrown away. */
static bool is_closed(int fd)
{
	uint8_t bytes[4096];
	ssize_t n;
	while ((n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
		;
	return n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

static bool is_closed_in_the_end(int fd)
{
	const uint64_t until = clock_now_ms() + PAIR_PATIENCE_MS;
	bool closed;
	while (!(closed = is_closed(fd)) && clock_now_ms() < until)
		pair_turn();
	return closed;
}

/* A peer that knows the protocols: the machine of lib/p2p, whose keys are used to say other things too. */
static struct {
	int fd;
	struct connection c;
	uint8_t in[2 * NOISE_FRAME_BYTES_MAX];
	size_t in_n;
	bool ready, reads;
	unsigned agreed_n, resets_n;
	size_t data_n;
	int err;
} foe;

static void foe_event(const struct connection_event *e)
{
	foe.ready |= e->type == CONNECTION_READY;
	foe.agreed_n += e->type == CONNECTION_AGREED;
	foe.resets_n += e->type == CONNECTION_RESET || e->type == CONNECTION_REFUSED;
	if (e->type == CONNECTION_DATA) {
		foe.data_n += e->data.n;
		connection_consumed(&foe.c, e->stream, e->data.n);
	}
}

static void foe_turn(void)
{
	struct connection_event e;
	size_t at = 0, used;
	for (struct bytes out; foe.err == OK && (out = connection_out(&foe.c)).n > 0;) {
		const ssize_t n = send(foe.fd, out.p, out.n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n <= 0)
			break;
		connection_sent(&foe.c, (size_t)n);
	}
	const ssize_t n = foe.reads ? recv(foe.fd, foe.in + foe.in_n, sizeof foe.in - foe.in_n, MSG_DONTWAIT) : -1;
	if (n == 0 || (n < 0 && foe.reads && errno != EAGAIN))
		foe.err = ERR_CLOSED;
	foe.in_n += n > 0 ? (size_t)n : 0;
	while (foe.err == OK) {
		foe.err = connection_take(&foe.c, foe.in + at, foe.in_n - at, &used, &e, clock_now_ms());
		at += used;
		if (foe.err != OK || e.type == CONNECTION_NOTHING)
			break;
		foe_event(&e);
	}
	memmove(foe.in, foe.in + at, foe.in_n - at);
	foe.in_n -= at;
	pair_turn();
}

/* Turns until there is nothing more to say, as far as that can be said. */
static bool foe_until(const unsigned *n, unsigned least)
{
	const uint64_t until = clock_now_ms() + PAIR_PATIENCE_MS;
	while (*n < least && foe.err == OK && clock_now_ms() < until)
		foe_turn();
	return *n >= least;
}

static void foe_comes(void)
{
	struct noise_secrets secrets;
	CHECK(random_fill(&secrets, sizeof secrets) == OK);
	memset(&foe, 0, sizeof foe);
	foe.fd = dial_raw();
	foe.reads = true;
	connection_init(&foe.c, CONNECTION_DIALER, &secrets, &victim.id, foreign, 1, 0, clock_now_ms());
	const uint64_t until = clock_now_ms() + PAIR_PATIENCE_MS;
	while (!foe.ready && foe.err == OK && clock_now_ms() < until)
		foe_turn();
	CHECK(foe.ready);
	for (unsigned i = 0; i < 10; i++)
		foe_turn();
}

static void foe_goes(void)
{
	(void)close(foe.fd);
	connection_end(&foe.c);
}

/* Sends a frame of the muxer's bytes as they are. */
static void foe_says(struct bytes text)
{
	static uint8_t frame[NOISE_FRAME_BYTES_MAX];
	size_t n = 0, sent = 0;
	memcpy(frame + NOISE_HEAD_BYTES, text.p, text.n);
	CHECK(noise_seal(&foe.c.noise, frame, text.n, &n) == OK);
	const uint64_t until = clock_now_ms() + PAIR_PATIENCE_MS;
	while (sent < n && foe.err == OK && clock_now_ms() < until) {
		const ssize_t went = send(foe.fd, frame + sent, n - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
		sent += went > 0 ? (size_t)went : 0;
		if (went < 0 && errno != EAGAIN)
			foe.err = ERR_CLOSED;
		if (foe.reads && is_closed(foe.fd))
			foe.err = ERR_CLOSED;
		if (went < 0)
			pair_turn();
	}
}

static void write_head(struct writer *w, unsigned type, unsigned flags, uint32_t stream, uint32_t length)
{
	write_u8(w, 0);
	write_u8(w, (uint8_t)type);
	write_be16(w, (uint16_t)flags);
	write_be32(w, stream);
	write_be32(w, length);
}

/* --- before it is known who they are --- */

TEST(connections_that_say_nothing_have_a_number)
{
	int fds[12];
	begin(&(struct p2p_limits){.handshakes_max = 4});
	comes();
	for (size_t i = 0; i < 12; i++)
		fds[i] = dial_raw();
	for (size_t i = 4; i < 12; i++)
		CHECK(is_closed_in_the_end(fds[i]));
	for (size_t i = 0; i < 4; i++)
		CHECK(!is_closed(fds[i]));
	CHECK(is_served());
	for (size_t i = 0; i < 12; i++)
		(void)close(fds[i]);
	end();
}

TEST(an_address_has_so_many_connections)
{
	int fds[6];
	begin(&(struct p2p_limits){.per_ip_max = 3});
	comes();
	for (size_t i = 0; i < 6; i++)
		fds[i] = dial_raw();
	for (size_t i = 2; i < 6; i++)
		CHECK(is_closed_in_the_end(fds[i]));
	CHECK(!is_closed(fds[0]) && !is_closed(fds[1]) && is_served());
	for (size_t i = 0; i < 6; i++)
		(void)close(fds[i]);
	end();
}

TEST(who_comes_again_and_again_has_to_wait)
{
	begin(&(struct p2p_limits){.accept_burst = 5, .accept_every_ms = PAIR_PATIENCE_MS});
	comes();
	for (unsigned i = 0; i < 4; i++) {
		const int fd = dial_raw();
		for (unsigned k = 0; k < 20; k++)
			pair_turn();
		CHECK(!is_closed(fd));
		(void)close(fd);
	}
	const int fd = dial_raw();
	CHECK(is_closed_in_the_end(fd) && is_served());
	(void)close(fd);
	end();
}

TEST(noise_that_is_none)
{
	static const char *const bad[] = {
		"\100GET / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nUser-Agent: none, really\r\n\r\n",
		"\377\377\377\377\377\377", "\023/multistream/1.0.0\n\200\200\200\200",
		"\023/multistream/1.0.0\n\007/noise\n\377\377aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	begin(NULL);
	comes();
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		const int fd = dial_raw();
		CHECK(send(fd, bad[i], strlen(bad[i]), MSG_NOSIGNAL) == (ssize_t)strlen(bad[i]));
		CHECK(is_closed_in_the_end(fd));
		(void)close(fd);
	}
	CHECK(is_served());
	end();
}

/* A full table closes no connection that is in use or new, and takes nobody then. */
TEST(a_full_table_keeps_whom_it_has)
{
	int fds[4];
	begin(&(struct p2p_limits){.connections_max = 3});
	comes();
	for (size_t i = 0; i < 4; i++)
		fds[i] = dial_raw();
	CHECK(is_closed_in_the_end(fds[2]) && is_closed_in_the_end(fds[3]));
	CHECK(!is_closed(fds[0]) && !is_closed(fds[1]) && is_served());
	CHECK(good.disconnected_n == 0);
	for (size_t i = 0; i < 4; i++)
		(void)close(fds[i]);
	end();
}

/* --- by those whose name is known --- */

TEST(ten_thousand_streams)
{
	uint8_t frames[12000];
	begin(NULL);
	comes();
	foe_comes();
	for (uint32_t id = 1001; id < 1001 + 2 * 10000 && foe.err == OK;) {
		struct writer w = writer_of(frames, sizeof frames);
		for (unsigned i = 0; i < 1000; i++, id += 2)
			write_head(&w, 1, 1, id, 0); /* a window update that opens it */
		foe_says(writer_view(&w));
	}
	CHECK(is_served());
	for (size_t i = 0; i < victim.node->limits.connections_max; i++)
		CHECK(victim.node->connections[i] == NULL || victim.node->connections[i]->streams_n <= P2P_STREAMS_MAX);
	CHECK(victim.node->held_bytes < 100000);
	foe_goes();
	end();
}

/* Opens streams that are agreed, and resets them, as fast as it can. */
TEST(streams_that_come_and_go)
{
	uint8_t frames[65000];
	static const char opens[] = "\023/multistream/1.0.0\n\021/ipfs/ping/1.0.0\n";
	begin(NULL);
	comes();
	foe_comes();
	for (uint32_t id = 1001; id < 1001 + 2 * 20000 && foe.err == OK;) {
		struct writer w = writer_of(frames, sizeof frames);
		for (unsigned i = 0; i < 500; i++, id += 2) {
			write_head(&w, 0, 1, id, sizeof opens - 1);
			write_bytes(&w, bytes_of(opens, sizeof opens - 1));
			write_head(&w, 1, 8, id, 0);
		}
		CHECK(!w.full);
		foe_says(writer_view(&w));
	}
	CHECK(is_closed_in_the_end(foe.fd));
	CHECK(is_served());
	foe_goes();
	end();
}

static void foe_opens(const char *const *names)
{
	uint32_t stream;
	const unsigned before = foe.agreed_n;
	CHECK(connection_open(&foe.c, names, 1, false, &stream) == OK);
	CHECK(foe_until(&foe.agreed_n, before + 1));
}

TEST(a_gigabyte_is_announced)
{
	uint32_t stream;
	size_t n;
	begin(NULL);
	comes();
	foe_comes();
	CHECK(connection_open(&foe.c, echo_names, 1, false, &stream) == OK && foe_until(&foe.agreed_n, 1));
	const size_t before = victim.node->held_bytes;
	CHECK(connection_write(&foe.c, stream, BYTES_LITERAL("\200\200\200\200\4aaaaaaaa"), &n) == OK && n == 13);
	for (unsigned i = 0; i < 100; i++)
		foe_turn();
	CHECK(victim.node->held_bytes <= before + 512); /* what has arrived counts, not what was said */
	CHECK(is_served());
	/* More than the server takes is refused as soon as it is said. */
	foe_opens(echo_names);
	CHECK(connection_write(&foe.c, stream + 2, BYTES_LITERAL("\377\377\377\377\377\377\1a"), &n) == OK && n == 8);
	CHECK(foe_until(&foe.resets_n, 1));
	foe_goes();
	end();
}

/* Asks for answers on many streams, and reads none. */
TEST(nothing_is_read)
{
	begin(NULL);
	comes();
	foe_comes();
	const size_t before = victim.node->held_bytes;
	for (unsigned k = 0; k < 20; k++)
		foe_opens(echo_names);
	foe.reads = false;
	for (uint32_t round = 0; round < 200 && foe.err == OK; round++)
		for (uint32_t stream = 1; stream < 41; stream += 2) {
			size_t n;
			foe.err = connection_write(&foe.c, stream, BYTES_LITERAL("\1a"), &n);
			if (stream == 39)
				foe_turn();
		}
	CHECK(is_served());
	/* Of each stream no more answers than may wait. */
	CHECK(victim.node->held_bytes <= before + 20UL * 12 * ANSWER_BYTES);
	CHECK(victim.node->held_bytes <= victim.node->limits.held_bytes_max);
	foe_goes();
	const uint64_t until = clock_now_ms() + PAIR_PATIENCE_MS;
	while (victim.node->held_bytes > before && clock_now_ms() < until)
		pair_turn();
	CHECK(victim.node->held_bytes <= before); /* all of it is given back */
	end();
}

TEST(a_flood_of_pings)
{
	static uint8_t much[60000];
	uint8_t frames[12000];
	size_t n;
	uint32_t stream;
	begin(NULL);
	comes();
	foe_comes();
	CHECK(connection_open(&foe.c, ping_names, 1, false, &stream) == OK && foe_until(&foe.agreed_n, 1));
	const size_t before = victim.node->held_bytes;
	foe.reads = false;
	for (unsigned i = 0; i < 200 && foe.err == OK; i++) {
		foe.err = connection_write(&foe.c, stream, bytes_of(much, sizeof much), &n);
		foe_turn();
	}
	CHECK(is_served());
	CHECK(victim.node->held_bytes <= before + NOISE_FRAME_BYTES_MAX);
	/* The other kind, of the muxer: answers find no room, and what is not answered is not read. */
	const int bytes = 1024;
	CHECK(setsockopt(foe.fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes) == 0);
	for (unsigned i = 0; i < 20; i++) {
		struct writer w = writer_of(frames, sizeof frames);
		for (unsigned k = 0; k < 1000; k++)
			write_head(&w, 2, 1, 0, k);
		static uint8_t frame[NOISE_FRAME_BYTES_MAX];
		memcpy(frame + NOISE_HEAD_BYTES, frames, w.n);
		CHECK(noise_seal(&foe.c.noise, frame, w.n, &n) == OK);
		(void)send(foe.fd, frame, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	CHECK(is_served());
	foe_goes();
	end();
}

TEST(frames_that_cannot_be)
{
	static const uint8_t bad[][12] = {
		{1, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 0},             /* another version */
		{0, 9, 0, 1, 0, 0, 0, 9, 0, 0, 0, 0},             /* no type */
		{0, 1, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0},             /* an id of the victim's own */
		{0, 0, 0, 1, 0, 0, 0, 9, 0x40, 0, 0, 0},          /* a gigabyte of data */
		{0, 1, 0, 1, 0, 0, 0, 9, 0xff, 0xff, 0xff, 0xff}, /* more credit than there is */
	};
	begin(NULL);
	comes();
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		foe_comes();
		foe_says(bytes_of(bad[i], 12));
		CHECK(is_closed_in_the_end(foe.fd));
		foe_goes();
	}
	CHECK(is_served() && victim.connected_n == 1 + sizeof bad / sizeof *bad);
	end();
}

int main(void)
{
	RUN(connections_that_say_nothing_have_a_number);
	RUN(an_address_has_so_many_connections);
	RUN(who_comes_again_and_again_has_to_wait);
	RUN(a_full_table_keeps_whom_it_has);
	RUN(noise_that_is_none);
	RUN(ten_thousand_streams);
	RUN(streams_that_come_and_go);
	RUN(a_gigabyte_is_announced);
	RUN(nothing_is_read);
	RUN(a_flood_of_pings);
	RUN(frames_that_cannot_be);
	return test_end();
}

/* p2p_peer SEED dial PORT [PEER] | p2p_peer SEED listen PORT: a peer on 127.0.0.1 with the cores alone, for
 * tests against others. It serves identify and ping, asks for both, and prints a line of JSON for all
 * that happens. It ends when the other side does, or when something is said to it or its input ends. */
#include <arpa/inet.h>
#include <errno.h>
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
#include "core/varint.h"
#include "p2p/connection.h"
#include "p2p/identify.h"
#include "p2p/multiaddr.h"
#include "p2p/peer_key.h"
#include "p2p/ping.h"

#define PERF "/perf/1.0.0"

enum { IDENTIFY, PUSH, PINGED };
static const char *const served[] = {IDENTIFY_PROTOCOL, IDENTIFY_PUSH_PROTOCOL, PING_PROTOCOL};
static const char *const ask_identify[] = {IDENTIFY_PROTOCOL}, *const ask_ping[] = {PING_PROTOCOL};
static const char *const ask_other[] = {"/not/spoken/1.0.0", PERF};

static struct connection c;
static struct noise_secrets secrets;
static uint8_t in[2 * NOISE_FRAME_BYTES_MAX];
static size_t in_n;

/* What each stream is for. */
static struct stream {
	uint32_t id;
	enum { FREE, ASKED_IDENTIFY, ASKED_PING, ASKED_OTHER, GIVES_IDENTIFY, TAKES_PUSH, ECHOES } use;
	uint8_t out[8192 + 64];
	size_t out_n, out_sent;
	bool closes;
	uint8_t got[8192 + 10];
	size_t got_n;
	uint64_t bytes;
} streams[64];

static uint64_t now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void text(struct bytes t)
{
	for (size_t i = 0; i < t.n; i++)
		putchar(t.p[i] < ' ' || t.p[i] >= 0x7f || t.p[i] == '"' || t.p[i] == '\\' ? '?' : t.p[i]);
}

static struct stream *stream_of(uint32_t id)
{
	for (size_t i = 0; i < 64; i++)
		if (streams[i].use != FREE && streams[i].id == id)
			return &streams[i];
	return NULL;
}

static struct stream *stream_new(uint32_t id, int use)
{
	for (size_t i = 0; i < 64; i++)
		if (streams[i].use == FREE) {
			memset(&streams[i], 0, sizeof streams[i]);
			streams[i].id = id;
			streams[i].use = use;
			return &streams[i];
		}
	abort();
}

static void ask(const char *const *names, size_t n, bool lazy, int use)
{
	uint32_t id;
	if (connection_open(&c, names, n, lazy, &id) == OK)
		stream_new(id, use);
}

static void give_identify(struct stream *s)
{
	uint8_t key[32], protobuf[PEER_KEY_ED25519_BYTES];
	static const uint8_t address[] = {4, 127, 0, 0, 1, 6, 0x0f, 0xa1};
	struct identify id = {.protocol_version = BYTES_LITERAL("ipfs/0.1.0"),
			      .agent_version = BYTES_LITERAL("phase-test")};
	ed25519_public(secrets.identity_seed, key);
	peer_key_ed25519(key, protobuf);
	id.key = bytes_of(protobuf, sizeof protobuf);
	id.addresses[id.addresses_n++] = bytes_of(address, sizeof address);
	id.observed = bytes_of(address, sizeof address);
	for (size_t i = 0; i < 3; i++)
		id.protocols[id.protocols_n++] = bytes_text(served[i]);
	struct writer w = writer_of(s->out, sizeof s->out);
	if (identify_write(&w, &id) != OK)
		abort();
	s->out_n = w.n;
	s->closes = true;
}

static void tell_identify(const struct stream *s)
{
	struct identify id;
	struct reader r = reader_of(bytes_of(s->got, s->got_n));
	const struct bytes message = read_bytes(&r, varint_read(&r));
	if (r.dead || identify_read(&id, message) != OK) {
		printf("{\"event\":\"identify\",\"bad\":true,\"bytes\":%zu}\n", s->got_n);
		return;
	}
	struct peer_id peer;
	uint8_t name[PEER_ID_TEXT_MAX];
	struct writer w = writer_of(name, sizeof name);
	peer_id_of_key(&peer, id.key);
	if (id.key.n > 0)
		peer_id_write(&w, &peer);
	printf("{\"event\":\"identify\",\"agent\":\"");
	text(id.agent_version);
	printf("\",\"id\":\"");
	text(writer_view(&w));
	printf("\",\"addresses\":%zu,\"protocols\":[", id.addresses_n);
	for (size_t i = 0; i < id.protocols_n; i++) {
		printf("%s\"", i > 0 ? "," : "");
		text(id.protocols[i]);
		printf("\"");
	}
	printf("]}\n");
}

static void on_agreed(struct stream *s, size_t protocol)
{
	printf("{\"event\":\"agreed\",\"stream\":%u,\"protocol\":%zu}\n", s->id, protocol);
	if (s->use == ASKED_PING) {
		for (size_t i = 0; i < 32; i++)
			s->out[i] = (uint8_t)(i * 7 + s->id);
		s->out_n = 32;
	} else if (s->use == ASKED_OTHER) {
		/* perf: how many bytes to send back, big-endian; nothing is uploaded */
		static const uint8_t wanted[8] = {0, 0, 0, 0, 4, 0, 0, 0};
		memcpy(s->out, wanted, 8);
		s->out_n = 8;
		s->closes = true;
	}
}

static void on_opened(uint32_t id, size_t protocol)
{
	printf("{\"event\":\"opened\",\"protocol\":\"%s\"}\n", served[protocol]);
	if (protocol == IDENTIFY)
		give_identify(stream_new(id, GIVES_IDENTIFY));
	else
		stream_new(id, protocol == PUSH ? TAKES_PUSH : ECHOES);
}

static void on_data(struct stream *s, struct bytes data)
{
	s->bytes += data.n;
	uint8_t *to = s->use == ECHOES ? s->out : s->got;
	size_t *n = s->use == ECHOES ? &s->out_n : &s->got_n;
	const size_t room = 8192 - *n;
	if (s->use != ASKED_OTHER && data.n > 0)
		memcpy(to + *n, data.p, data.n < room ? data.n : room);
	*n += s->use == ASKED_OTHER ? 0 : data.n < room ? data.n : room;
	connection_consumed(&c, s->id, data.n);
	if (s->use == ASKED_PING && s->got_n == 32) {
		printf("{\"event\":\"ping\",\"right\":%s}\n", memcmp(s->got, s->out, 32) == 0 ? "true" : "false");
		s->closes = true;
	}
}

static void on_end(struct stream *s, const char *how)
{
	printf("{\"event\":\"%s\",\"stream\":%u,\"bytes\":%llu}\n", how, s->id, (unsigned long long)s->bytes);
	if (s->use == ASKED_IDENTIFY || s->use == TAKES_PUSH)
		tell_identify(s);
	s->closes = true;
}

static void on_event(const struct connection_event *e)
{
	struct stream *s = stream_of(e->stream);
	uint8_t name[PEER_ID_TEXT_MAX];
	struct writer w = writer_of(name, sizeof name);
	switch (e->type) {
	case CONNECTION_READY:
		peer_id_write(&w, connection_peer(&c));
		printf("{\"event\":\"ready\",\"peer\":\"");
		text(writer_view(&w));
		printf("\",\"inline\":%s}\n", c.noise.muxer_agreed ? "true" : "false");
		ask(ask_identify, 1, false, ASKED_IDENTIFY);
		ask(ask_ping, 1, true, ASKED_PING);
		ask(ask_other, 2, false, ASKED_OTHER);
		break;
	case CONNECTION_OPENED:
		on_opened(e->stream, e->protocol);
		break;
	case CONNECTION_AGREED:
		if (s != NULL)
			on_agreed(s, e->protocol);
		break;
	case CONNECTION_REFUSED:
		printf("{\"event\":\"refused\",\"stream\":%u}\n", e->stream);
		if (s != NULL)
			s->use = FREE;
		break;
	case CONNECTION_DATA:
		if (s != NULL)
			on_data(s, e->data);
		break;
	case CONNECTION_ENDED:
		if (s != NULL)
			on_end(s, "ended");
		break;
	case CONNECTION_RESET:
		if (s != NULL) {
			on_end(s, "reset");
			s->use = FREE;
		}
		break;
	case CONNECTION_GONE:
		printf("{\"event\":\"gone\",\"code\":%u}\n", e->code);
		break;
	case CONNECTION_WRITABLE:
	case CONNECTION_NOTHING:
	default:
		break;
	}
	fflush(stdout);
}

static void write_streams(void)
{
	for (size_t i = 0; i < 64; i++) {
		struct stream *s = &streams[i];
		size_t n = 0;
		if (s->use == FREE)
			continue;
		if (s->out_sent < s->out_n &&
		    connection_write(&c, s->id, bytes_of(s->out + s->out_sent, s->out_n - s->out_sent), &n) != OK) {
			s->use = FREE;
			continue;
		}
		s->out_sent += n;
		if (s->use == ECHOES && s->out_sent == s->out_n)
			s->out_sent = s->out_n = 0;
		if (s->closes && s->out_sent == s->out_n) {
			connection_close(&c, s->id);
			s->closes = false;
		}
	}
}

static int take(void)
{
	struct connection_event e;
	size_t at = 0, used;
	int err;
	do {
		err = connection_take(&c, in + at, in_n - at, &used, &e, now_ms());
		at += used;
		if (err == OK && e.type != CONNECTION_NOTHING)
			on_event(&e);
	} while (err == OK && e.type != CONNECTION_NOTHING);
	memmove(in, in + at, in_n - at);
	in_n -= at;
	return err;
}

static int run(int fd)
{
	int err = OK;
	while (err == OK) {
		struct pollfd p[2] = {{.fd = fd, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
		write_streams();
		const struct bytes out = connection_out(&c);
		if (out.n > 0) {
			const ssize_t n = send(fd, out.p, out.n, MSG_NOSIGNAL | MSG_DONTWAIT);
			if (n > 0)
				connection_sent(&c, (size_t)n);
			else if (errno != EAGAIN)
				return ERR_CLOSED;
			p[0].events |= n > 0 ? 0 : POLLOUT;
		}
		const uint64_t deadline = connection_deadline(&c), now = now_ms();
		int wait = out.n > 0 ? 0 : deadline <= now ? 0 : deadline - now > 1000 ? 1000 : (int)(deadline - now);
		if (poll(p, 2, wait) < 0)
			return ERR_IO;
		if (p[1].revents != 0)
			return OK;
		if ((p[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && in_n < sizeof in) {
			const ssize_t n = recv(fd, in + in_n, sizeof in - in_n, 0);
			if (n <= 0)
				return ERR_CLOSED;
			in_n += (size_t)n;
		}
		err = take();
		if (err == OK)
			err = connection_tick(&c, now_ms());
	}
	return err;
}

int main(int argc, char **argv)
{
	uint64_t seed, port;
	struct peer_id peer;
	if (argc < 4 || decimal_read(bytes_text(argv[1]), &seed) != OK ||
	    decimal_read(bytes_text(argv[3]), &port) != OK ||
	    (argc > 4 && peer_id_parse(&peer, bytes_text(argv[4])) != OK))
		return 2;
	const bool dials = strcmp(argv[2], "dial") == 0;
	if (getrandom(&secrets, sizeof secrets, 0) != sizeof secrets)
		return 3;
	memset(secrets.identity_seed, (int)seed, sizeof secrets.identity_seed);
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	const int yes = 1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	if (dials) {
		if (connect(fd, (struct sockaddr *)&a, sizeof a) != 0)
			return 3;
	} else {
		socklen_t n = sizeof a;
		if (bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(fd, 1) != 0 ||
		    getsockname(fd, (struct sockaddr *)&a, &n) != 0)
			return 3;
		uint8_t key[32], protobuf[PEER_KEY_ED25519_BYTES], name[PEER_ID_TEXT_MAX];
		struct writer w = writer_of(name, sizeof name);
		ed25519_public(secrets.identity_seed, key);
		peer_key_ed25519(key, protobuf);
		peer_id_of_key(&peer, bytes_of(protobuf, sizeof protobuf));
		peer_id_write(&w, &peer);
		printf("{\"event\":\"listens\",\"address\":\"/ip4/127.0.0.1/tcp/%u/p2p/", ntohs(a.sin_port));
		text(writer_view(&w));
		printf("\"}\n");
		fflush(stdout);
		fd = accept(fd, NULL, NULL);
		if (fd < 0)
			return 3;
	}
	connection_init(&c, dials ? CONNECTION_DIALER : CONNECTION_LISTENER, &secrets, argc > 4 ? &peer : NULL, served,
			3, 16U << 20, now_ms());
	const int err = run(fd);
	printf("{\"event\":\"end\",\"error\":\"%s\"}\n", err_text(err));
	return err == OK || err == ERR_CLOSED ? 0 : 1;
}

/* swarm_client NETWORK CONNECTIONS PORT REFERENCE: gets all chunks of a plain file from Swarm nodes on this machine,
 * beginning with the one at PORT of 127.0.0.1 and with those that are heard of, with the cores alone: swarm/peers.h
 * chooses, a swarm/session.h is each node. Says in a line of JSON what came of it. */
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
#include "p2p/multiaddr.h"
#include "p2p/peer_key.h"
#include "swarm/peers.h"
#include "swarm/session.h"

#define CHUNKS_MAX 100000

struct link {
	int fd; /* -1: a free slot */
	unsigned node;
	bool connecting;
	size_t in_n;
	struct session s;
	uint8_t in[2 * NOISE_FRAME_BYTES_MAX];
};

static struct peers peers;
static struct link *links[PEERS_CONNECTIONS_MAX];
static struct identity identity;
static struct session_config config = {.identity = &identity, .status = {.mode = "ultra-light"}};
static uint8_t seed[ED25519_SEED_BYTES]; /* of this run: two of the same key are one peer */
static struct bmt_scratch scratch;
static uint8_t chunks[CHUNKS_MAX][REFERENCE_BYTES];
static size_t chunks_n, wanted_n, got_n, failed_n, most_links, dropped_n;
static uint64_t leaf_bytes;

static uint64_t now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static struct wall wall(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (struct wall){t.tv_sec};
}

static struct link *link_of(unsigned node)
{
	for (size_t i = 0; i < PEERS_CONNECTIONS_MAX; i++)
		if (links[i] != NULL && links[i]->fd >= 0 && links[i]->node == node)
			return links[i];
	abort();
}

static void hang_up(struct link *l)
{
	close(l->fd);
	l->fd = -1;
	session_end(&l->s);
}

static struct link *new_link(void)
{
	for (size_t i = 0; i < PEERS_CONNECTIONS_MAX; i++) {
		if (links[i] == NULL)
			links[i] = calloc(1, sizeof *links[i]);
		else if (links[i]->fd >= 0)
			continue;
		if (links[i] == NULL)
			abort();
		links[i]->in_n = 0;
		links[i]->fd = -1;
		return links[i];
	}
	abort();
}

/* "/ip4/.../tcp/..." with or without its "/p2p". */
static bool dial(unsigned node, struct bytes address)
{
	struct reader r = reader_of(address);
	struct multiaddr_part part;
	struct peer_id expected;
	bool known = false;
	struct noise_secrets secrets;
	struct sockaddr_in a = {.sin_family = AF_INET};
	struct link *l = new_link();
	struct bytes remote = address;
	while (multiaddr_next(&r, &part)) {
		if (part.code == MULTIADDR_IP4)
			memcpy(&a.sin_addr, part.value.p, 4);
		else if (part.code == MULTIADDR_TCP) {
			memcpy(&a.sin_port, part.value.p, 2);
			remote.n = (size_t)(part.value.p + 2 - address.p);
		} else
			known = part.code == MULTIADDR_P2P && peer_id_read(&expected, part.value) == OK;
	}
	l->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (l->fd < 0 || getrandom(&secrets, sizeof secrets, 0) != sizeof secrets)
		abort();
	memcpy(secrets.identity_seed, seed, sizeof seed);
	const struct session_start start = {.secrets = &secrets,
					    .remote = remote,
					    .expected = known ? &expected : NULL,
					    .now = wall()};
	session_init(&l->s, CONNECTION_DIALER, &config, &start, now_ms());
	l->node = node;
	l->connecting = true;
	if (connect(l->fd, (struct sockaddr *)&a, sizeof a) == 0 || errno == EINPROGRESS)
		return true;
	hang_up(l);
	return false;
}

/* What of all this is done at once. */
static void carry_out(const struct peers_want *w)
{
	uint64_t now = now_ms();
	switch (w->kind) {
	case PEERS_WANT_DIAL:
		if (!dial(w->node, w->address))
			peers_gone(&peers, w->node, now);
		break;
	case PEERS_WANT_ASK:
		if (session_ask(&link_of(w->node)->s, w->address.p, w->request, now) != OK)
			peers_refused(&peers, w->request, false, now);
		break;
	case PEERS_WANT_SETTLE:
		if (session_settle(&link_of(w->node)->s, w->amount, now) != OK)
			peers_settled(&peers, w->node, NULL, now);
		break;
	case PEERS_WANT_DROP:
		dropped_n++;
		hang_up(link_of(w->node));
		break;
	case PEERS_WANT_WAIT:
	default:
		break;
	}
}

static void want(const uint8_t *address)
{
	if (chunks_n == CHUNKS_MAX)
		abort();
	memcpy(chunks[chunks_n++], address, REFERENCE_BYTES);
}

/* A chunk of the file: a leaf, or the addresses of more. */
static void on_chunk(struct bytes data)
{
	const struct bytes payload = bytes_skip(data, CHUNK_SPAN_BYTES);
	got_n++;
	if (load_le64(data.p) <= CHUNK_PAYLOAD_MAX)
		leaf_bytes += load_le64(data.p);
	else
		for (size_t at = 0; at + REFERENCE_BYTES <= payload.n; at += REFERENCE_BYTES)
			want(payload.p + at);
}

static void on_delivered(const struct session_event *e)
{
	const uint8_t *address = peers_address(&peers, (unsigned)e->tag);
	struct chunk chunk;
	uint64_t id;
	const bool good = address == NULL || chunk_check(address, e->data, keccak_widest(), &scratch, &chunk) == OK;
	if (peers_delivered(&peers, (unsigned)e->tag, good, now_ms(), &id))
		on_chunk(e->data);
}

static void on_record(struct link *l, const struct bzz_record *record)
{
	struct bytes address;
	if (bzz_record_check(record, session_generation(&l->s), identity.network_id, wall()) == OK &&
	    underlay_choose(record->underlay, P2P_SCOPE_LOOPBACK, &address))
		(void)peers_add(&peers, PEERS_GOSSIPED, record->overlay.p, address);
}

static void on_event(struct link *l, const struct session_event *e)
{
	const uint64_t now = now_ms();
	switch (e->type) {
	case SESSION_READY:
		if (!peers_ready(&peers, l->node, session_record(&l->s)->overlay.p, session_full_node(&l->s), now))
			hang_up(l);
		most_links = peers.connections_n > most_links ? peers.connections_n : most_links;
		break;
	case SESSION_ANNOUNCED:
		peers_announced(&peers, l->node, e->amount);
		break;
	case SESSION_RECORD:
		on_record(l, &e->record);
		break;
	case SESSION_DELIVERED:
		on_delivered(e);
		break;
	case SESSION_FAILED:
		peers_refused(&peers, (unsigned)e->tag, e->data.n == 0, now);
		break;
	case SESSION_SETTLED:
		peers_settled(&peers, l->node, &e->ack, now);
		break;
	case SESSION_UNSETTLED:
		peers_settled(&peers, l->node, NULL, now);
		break;
	case SESSION_NOTHING:
	case SESSION_WANTED:
	case SESSION_PAYMENT:
	default:
		break;
	}
}

static int take(struct link *l)
{
	struct session_event e = {.type = SESSION_READY};
	size_t at = 0, used;
	while (l->fd >= 0 && e.type != SESSION_NOTHING) {
		const int err = session_take(&l->s, l->in + at, l->in_n - at, &used, &e, now_ms());
		if (err != OK)
			return err;
		at += used;
		on_event(l, &e);
	}
	memmove(l->in, l->in + at, l->in_n - at);
	l->in_n -= at;
	return OK;
}

static int receive(struct link *l, short events)
{
	if ((events & (POLLIN | POLLHUP | POLLERR)) == 0 || l->in_n == sizeof l->in)
		return OK;
	const ssize_t n = recv(l->fd, l->in + l->in_n, sizeof l->in - l->in_n, 0);
	if (n <= 0)
		return n < 0 && errno == EAGAIN ? OK : ERR_CLOSED;
	l->in_n += (size_t)n;
	return OK;
}

static int give(struct link *l)
{
	for (;;) {
		const struct bytes out = session_out(&l->s);
		if (out.n == 0)
			return OK;
		const ssize_t n = send(l->fd, out.p, out.n, MSG_NOSIGNAL);
		if (n <= 0)
			return errno == EAGAIN ? OK : ERR_CLOSED;
		session_sent(&l->s, (size_t)n);
	}
}

static void serve(struct link *l, short events)
{
	if (l->connecting && (events & (POLLOUT | POLLERR | POLLHUP)) == 0)
		return;
	l->connecting = false;
	int err = receive(l, events);
	if (err == OK && session_deadline(&l->s) <= now_ms())
		err = session_tick(&l->s, now_ms());
	if (err == OK)
		err = take(l);
	if (err == OK && l->fd >= 0)
		err = give(l);
	if (err == OK)
		return;
	fprintf(stderr, "node %u: %s\n", l->node, err_text(err));
	hang_up(l);
	peers_gone(&peers, l->node, now_ms());
}

/* Everything that is due; until when there is nothing to do. */
static uint64_t decide(void)
{
	struct peers_want w;
	uint64_t id;
	int err;
	while (wanted_n < chunks_n && peers_want(&peers, wanted_n, chunks[wanted_n], now_ms()) == OK)
		wanted_n++;
	for (peers_next(&peers, &w, now_ms()); w.kind != PEERS_WANT_WAIT; peers_next(&peers, &w, now_ms()))
		carry_out(&w);
	while (peers_failed(&peers, &id, &err)) {
		fprintf(stderr, "chunk %llu: %s\n", (unsigned long long)id, err_text(err));
		failed_n++;
	}
	return w.at_ms;
}

static void run(void)
{
	static struct pollfd p[PEERS_CONNECTIONS_MAX];
	static struct link *of[PEERS_CONNECTIONS_MAX];
	while (got_n + failed_n < chunks_n) {
		uint64_t until = decide();
		nfds_t n = 0;
		for (size_t i = 0; i < PEERS_CONNECTIONS_MAX; i++) {
			struct link *l = links[i];
			if (l == NULL || l->fd < 0)
				continue;
			const bool writes = l->connecting || session_out(&l->s).n > 0;
			const uint64_t deadline = session_deadline(&l->s);
			until = !l->connecting && deadline < until ? deadline : until;
			p[n] = (struct pollfd){.fd = l->fd, .events = (short)(POLLIN | (writes ? POLLOUT : 0))};
			of[n++] = l;
		}
		const uint64_t now = now_ms();
		if (poll(p, n, until <= now ? 0 : until - now > 1000 ? 1000 : (int)(until - now)) < 0)
			abort();
		for (nfds_t i = 0; i < n; i++)
			serve(of[i], p[i].revents);
	}
}

static void make_identity(uint64_t network_id)
{
	static uint8_t key[PEER_KEY_ED25519_BYTES];
	static const uint8_t address[] = {4, 127, 0, 0, 1, 6, 6, 0x62};
	static const struct bytes here = {address, sizeof address};
	uint8_t secret[SECP256K1_SECRET_BYTES], point[SECP256K1_KEY_BYTES], owner[SECP256K1_ADDRESS_BYTES];
	uint8_t digest[SECP256K1_DIGEST_BYTES], public[ED25519_KEY_BYTES];
	const uint8_t nonce[OVERLAY_NONCE_BYTES] = {0};
	if (getrandom(secret, sizeof secret, 0) != sizeof secret || secp256k1_public(secret, point) != OK)
		abort();
	secp256k1_address(point, owner);
	if (identity_init(&identity, owner, network_id, nonce, &here, 1, BYTES_LITERAL("phase-test"), wall()) != OK)
		abort();
	for (enum bzz_generation g = BZZ_15; g < BZZ_GENERATIONS; g++) {
		identity_digest(&identity, g, digest);
		if (secp256k1_sign(secret, digest, identity.signatures[g]) != OK)
			abort();
	}
	if (getrandom(seed, sizeof seed, 0) != sizeof seed)
		abort();
	ed25519_public(seed, public);
	peer_key_ed25519(public, key);
	config.key = bytes_of(key, sizeof key);
	config.addresses = &here;
	config.addresses_n = 1;
	config.agent = BYTES_LITERAL("phase-test");
}

int main(int argc, char **argv)
{
	uint64_t network_id, connections, port;
	uint8_t address[16], reference[REFERENCE_BYTES];
	if (argc != 5 || decimal_read(bytes_text(argv[1]), &network_id) != OK ||
	    decimal_read(bytes_text(argv[2]), &connections) != OK || decimal_read(bytes_text(argv[3]), &port) != OK ||
	    hex_decode(bytes_text(argv[4]), reference, sizeof reference) != OK)
		return 2;
	make_identity(network_id);
	peers_init(&peers, identity.overlay, (unsigned)connections);
	struct writer w = writer_of(address, sizeof address);
	write_bytes(&w, BYTES_LITERAL("\x04\x7f\0\0\x01\x06"));
	write_be16(&w, (uint16_t)port);
	(void)peers_add(&peers, PEERS_GIVEN, NULL, writer_view(&w));
	want(reference);
	const uint64_t began = now_ms();
	run();
	const double seconds = (double)(now_ms() - began) / 1000;
	printf("{\"chunks\":%zu,\"bytes\":%llu,\"failed\":%zu,\"seconds\":%.2f,\"chunks_s\":%.1f,\"connections\":%zu,"
	       "\"dropped\":%zu,\"link_bytes\":%zu}\n",
	       got_n, (unsigned long long)leaf_bytes, failed_n, seconds, (double)got_n / seconds, most_links, dropped_n,
	       sizeof(struct link));
	return failed_n > 0;
}

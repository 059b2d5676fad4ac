/* swarm_peer dial PORT NETWORK [ADDRESS...] | swarm_peer listen|lie PORT NETWORK FILE: a Swarm peer on 127.0.0.1 with
 * the cores alone, for tests against bee. It prints a line of JSON for all that happens. The dialer asks for the chunks
 * of ADDRESS... one after another, settles when its ledger says so, and ends when it has them. The listener gives the
 * chunks of FILE to who asks, on credit as bee gives it; the liar gives something else for whatever is asked for. Both
 * end when the other side does, or when something is said to them or their input ends. */
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
#include "core/hex.h"
#include "p2p/multiaddr.h"
#include "p2p/peer_key.h"
#include "swarm/credit.h"
#include "swarm/ledger.h"
#include "swarm/session.h"
#include "swarm/split.h"

#define KEPT_MAX 1000

static struct session s;
static struct noise_secrets secrets;
static struct identity identity;
static struct session_config config = {.identity = &identity};
static struct bmt_scratch scratch;
static uint8_t in[2 * NOISE_FRAME_BYTES_MAX];
static size_t in_n;
static char **wanted;
static int wanted_n, asked_n, got_n;
static bool may_ask;
static struct ledger ledger;
static struct credit credit;
static struct kept {
	uint8_t address[REFERENCE_BYTES], bytes[CHUNK_BYTES_MAX];
	size_t n;
} kept[KEPT_MAX];
static size_t kept_n;
static bool over; /* the other side owes too much */
static bool lies;
static uint64_t ask_again_ms;

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

static void text(struct bytes t)
{
	for (size_t i = 0; i < t.n; i++)
		putchar(t.p[i] < ' ' || t.p[i] >= 0x7f || t.p[i] == '"' || t.p[i] == '\\' ? '?' : t.p[i]);
}

static void hex(struct bytes b)
{
	for (size_t i = 0; i < b.n; i++)
		printf("%02x", b.p[i]);
}

static void tell_record(const char *event, const struct bzz_record *r)
{
	struct underlay u = underlay_of(r->underlay);
	struct bytes address;
	uint8_t name[MULTIADDR_TEXT_MAX];
	printf("{\"event\":\"%s\",\"overlay\":\"", event);
	hex(r->overlay);
	printf("\",\"generation\":%d,\"check\":\"%s\",\"underlays\":[", session_generation(&s) == BZZ_15 ? 15 : 14,
	       err_text(bzz_record_check(r, session_generation(&s), identity.network_id, wall())));
	for (int i = 0; underlay_next(&u, &address); i++) {
		struct writer w = writer_of(name, sizeof name);
		if (multiaddr_write_text(&w, address) != OK)
			continue;
		printf("%s\"", i > 0 ? "," : "");
		text(writer_view(&w));
		printf("\"");
	}
	printf("]");
}

static uint64_t address_of(uint64_t tag, uint8_t *address)
{
	if (hex_decode(bytes_text(wanted[tag]), address, REFERENCE_BYTES) != OK)
		abort();
	return price_of(session_record(&s)->overlay.p, address);
}

/* The next chunk, unless one is on its way or too much is owed; and what is owed is settled when that is due. */
static void ask(void)
{
	uint8_t address[REFERENCE_BYTES];
	const uint64_t now = now_ms(), amount = may_ask ? ledger_settle(&ledger, now) : 0;
	if (amount > 0 && session_settle(&s, amount, now) != OK)
		abort();
	if (!may_ask || asked_n > got_n || asked_n == wanted_n || now < ask_again_ms ||
	    !ledger_reserve(&ledger, address_of((uint64_t)asked_n, address), now))
		return;
	if (session_ask(&s, address, (uint64_t)asked_n, now) != OK)
		abort();
	asked_n++;
}

static void tell_delivery(const struct session_event *e)
{
	uint8_t address[REFERENCE_BYTES];
	struct chunk chunk;
	const uint64_t price = address_of(e->tag, address);
	const int err = chunk_check(address, e->data, keccak_widest(), &scratch, &chunk);
	ledger_apply(&ledger, price);
	got_n++;
	printf("{\"event\":\"chunk\",\"address\":\"%s\",\"bytes\":%zu,\"good\":%s,\"price\":%llu,\"debt\":%llu}\n",
	       wanted[e->tag], e->data.n, err == OK ? "true" : "false", (unsigned long long)price,
	       (unsigned long long)ledger.debt);
}

static void tell_failure(const struct session_event *e)
{
	uint8_t address[REFERENCE_BYTES];
	ledger_release(&ledger, address_of(e->tag, address));
	printf("{\"event\":\"failed\",\"why\":\"");
	text(e->data);
	printf("\"}\n");
	asked_n--; /* once more, not at once: bee may not yet know us */
	ask_again_ms = now_ms() + 100;
}

static void give(const struct session_event *e)
{
	struct retrieval_delivery d = {.error = BYTES_LITERAL("not here")};
	const uint64_t price = price_of(identity.overlay, e->address);
	for (size_t i = 0; i < kept_n && !over; i++)
		if (memcmp(kept[i].address, e->address, REFERENCE_BYTES) == 0)
			d = (struct retrieval_delivery){.data = bytes_of(kept[i].bytes, kept[i].n)};
	if (lies)
		d = (struct retrieval_delivery){.data = BYTES_LITERAL("\x09\0\0\0\0\0\0\0not that one")};
	printf("{\"event\":\"wanted\",\"have\":%s,\"balance\":%lld}\n", d.data.n > 0 ? "true" : "false",
	       (long long)credit.balance);
	if (session_deliver(&s, e->stream, &d) && d.data.n > 0) {
		credit_prepare(&credit, price);
		over = credit_deliver(&credit, price, wall()) != OK || over;
	}
}

static void forgive(const struct session_event *e)
{
	struct pseudosettle_ack ack = {.at_s = wall().s};
	bool grown = false;
	const bool good = credit_settle(&credit, e->amount, wall(), &ack.amount, &grown) == OK;
	printf("{\"event\":\"payment\",\"asked\":%llu,\"accepted\":%llu,\"good\":%s}\n", (unsigned long long)e->amount,
	       (unsigned long long)ack.amount, good ? "true" : "false");
	(void)session_acknowledge(&s, e->stream, good ? &ack : NULL);
	if (grown && session_announce(&s, credit.threshold, now_ms()) != OK)
		abort();
}

static void on_event(const struct session_event *e)
{
	switch (e->type) {
	case SESSION_READY:
		ledger_init(&ledger, now_ms());
		credit_init(&credit, session_full_node(&s), 0);
		tell_record("ready", session_record(&s));
		printf(",\"full\":%s}\n", session_full_node(&s) ? "true" : "false");
		if (config.serves && session_announce(&s, credit.threshold, now_ms()) != OK)
			abort();
		break;
	case SESSION_ANNOUNCED:
		printf("{\"event\":\"announced\",\"threshold\":%llu}\n", (unsigned long long)e->amount);
		ledger_announced(&ledger, e->amount);
		may_ask = true;
		break;
	case SESSION_RECORD:
		tell_record("record", &e->record);
		printf("}\n");
		break;
	case SESSION_DELIVERED:
		tell_delivery(e);
		break;
	case SESSION_FAILED:
		tell_failure(e);
		break;
	case SESSION_SETTLED:
		printf("{\"event\":\"settled\",\"amount\":%llu,\"seconds_off\":%lld}\n",
		       (unsigned long long)e->ack.amount, (long long)(e->ack.at_s - wall().s));
		ledger_settled(&ledger, &e->ack, now_ms());
		break;
	case SESSION_UNSETTLED:
		printf("{\"event\":\"unsettled\"}\n");
		ledger_settled(&ledger, NULL, now_ms());
		break;
	case SESSION_WANTED:
		give(e);
		break;
	case SESSION_PAYMENT:
		forgive(e);
		break;
	case SESSION_NOTHING:
	default:
		break;
	}
	fflush(stdout);
}

static int take(void)
{
	struct session_event e;
	size_t at = 0, used;
	int err;
	do {
		err = session_take(&s, in + at, in_n - at, &used, &e, now_ms());
		at += used;
		if (err == OK && e.type != SESSION_NOTHING)
			on_event(&e);
	} while (err == OK && e.type != SESSION_NOTHING);
	memmove(in, in + at, in_n - at);
	in_n -= at;
	return err;
}

static int run(int fd)
{
	int err = OK;
	while (err == OK) {
		struct pollfd p[2] = {{.fd = fd, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
		ask();
		const struct bytes out = session_out(&s);
		if (out.n > 0) {
			const ssize_t n = send(fd, out.p, out.n, MSG_NOSIGNAL | MSG_DONTWAIT);
			if (n > 0)
				session_sent(&s, (size_t)n);
			else if (errno != EAGAIN)
				return ERR_CLOSED;
			p[0].events |= n > 0 ? 0 : POLLOUT;
		} else if (wanted_n > 0 && got_n == wanted_n) {
			return OK;
		}
		const uint64_t deadline = session_deadline(&s), now = now_ms();
		int wait = out.n > 0 ? 0 : deadline <= now ? 0 : deadline - now > 100 ? 100 : (int)(deadline - now);
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
		err = session_tick(&s, now_ms());
		if (err == OK)
			err = take();
		if (over)
			return ERR_LIMIT;
	}
	return err;
}

static void keep(struct split *split)
{
	struct split_chunk chunk;
	while (split_chunk(split, &chunk)) {
		struct kept *k = &kept[kept_n++];
		if (kept_n == KEPT_MAX)
			abort();
		memcpy(k->address, chunk.address, REFERENCE_BYTES);
		memcpy(k->bytes, chunk.span, CHUNK_SPAN_BYTES);
		if (chunk.payload.n > 0)
			memcpy(k->bytes + CHUNK_SPAN_BYTES, chunk.payload.p, chunk.payload.n);
		k->n = CHUNK_SPAN_BYTES + chunk.payload.n;
	}
}

/* All chunks of a file, the root last. */
static void keep_file(const char *name)
{
	static struct split split;
	static uint8_t buffer[65536];
	const struct split_how how = {.kind = KECCAK_SCALAR, .all = true};
	FILE *f = fopen(name, "rb");
	size_t n, used;
	if (f == NULL)
		abort();
	split_init(&split, &how, NULL);
	while ((n = fread(buffer, 1, sizeof buffer, f)) > 0)
		for (struct bytes rest = bytes_of(buffer, n); rest.n > 0; rest = bytes_skip(rest, used)) {
			if (split_take(&split, rest, &used) != OK)
				abort();
			keep(&split);
		}
	fclose(f);
	split_end(&split);
	keep(&split);
}

/* Keys of this run, and the record that they sign. */
static void make_identity(uint64_t network_id, const struct bytes *address)
{
	static uint8_t key[PEER_KEY_ED25519_BYTES];
	uint8_t secret[SECP256K1_SECRET_BYTES], point[SECP256K1_KEY_BYTES], owner[SECP256K1_ADDRESS_BYTES];
	uint8_t digest[SECP256K1_DIGEST_BYTES], public[ED25519_KEY_BYTES], nonce[OVERLAY_NONCE_BYTES] = {0};
	if (getrandom(&secrets, sizeof secrets, 0) != sizeof secrets ||
	    getrandom(secret, sizeof secret, 0) != sizeof secret || secp256k1_public(secret, point) != OK)
		abort();
	secp256k1_address(point, owner);
	if (identity_init(&identity, owner, network_id, nonce, address, 1, BYTES_LITERAL("phase-test"), wall()) != OK)
		abort();
	identity.full_node = config.serves;
	for (enum bzz_generation g = BZZ_15; g < BZZ_GENERATIONS; g++) {
		identity_digest(&identity, g, digest);
		if (secp256k1_sign(secret, digest, identity.signatures[g]) != OK)
			abort();
	}
	ed25519_public(secrets.identity_seed, public);
	peer_key_ed25519(public, key);
	config.key = bytes_of(key, sizeof key);
}

int main(int argc, char **argv)
{
	static uint8_t here[128], there[16];
	uint64_t port, network_id;
	if (argc < 4 || (strcmp(argv[1], "dial") != 0 && argc != 5) || decimal_read(bytes_text(argv[2]), &port) != OK ||
	    decimal_read(bytes_text(argv[3]), &network_id) != OK)
		return 2;
	const bool dials = strcmp(argv[1], "dial") == 0;
	lies = strcmp(argv[1], "lie") == 0;
	wanted = argv + 4;
	wanted_n = dials ? argc - 4 : 0;
	if (!dials)
		keep_file(argv[4]);
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	socklen_t a_n = sizeof a;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (dials ? connect(fd, (struct sockaddr *)&a, sizeof a) != 0
		  : bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(fd, 1) != 0)
		return 3;
	if (getsockname(fd, (struct sockaddr *)&a, &a_n) != 0)
		return 3;
	struct writer w = writer_of(here, sizeof here);
	write_bytes(&w, BYTES_LITERAL("\x04\x7f\0\0\x01\x06"));
	write_be16(&w, ntohs(a.sin_port));
	const struct bytes address = writer_view(&w);
	config.serves = !dials;
	config.addresses = &address;
	config.addresses_n = 1;
	config.agent = BYTES_LITERAL("phase-test");
	config.status = (struct status){.mode = dials ? "ultra-light" : "full"};
	make_identity(network_id, &address);
	if (!dials) {
		struct peer_id peer;
		uint8_t name[PEER_ID_TEXT_MAX];
		struct writer t = writer_of(name, sizeof name);
		peer_id_of_key(&peer, config.key);
		peer_id_write(&t, &peer);
		printf("{\"event\":\"listens\",\"address\":\"/ip4/127.0.0.1/tcp/%u/p2p/", ntohs(a.sin_port));
		text(writer_view(&t));
		printf("\",\"reference\":\"");
		hex(bytes_of(kept[kept_n - 1].address, REFERENCE_BYTES));
		printf("\"}\n");
		fflush(stdout);
		fd = accept(fd, NULL, NULL);
	}
	if (fd < 0 || getpeername(fd, (struct sockaddr *)&a, &a_n) != 0)
		return 3;
	w = writer_of(there, sizeof there);
	write_bytes(&w, BYTES_LITERAL("\x04\x7f\0\0\x01\x06"));
	write_be16(&w, ntohs(a.sin_port));
	const struct session_start start = {.secrets = &secrets, .remote = writer_view(&w), .now = wall()};
	session_init(&s, dials ? CONNECTION_DIALER : CONNECTION_LISTENER, &config, &start, now_ms());
	const int err = run(fd);
	printf("{\"event\":\"end\",\"error\":\"%s\",\"got\":%d}\n", err_text(err), got_n);
	session_end(&s);
	return err == OK || err == ERR_CLOSED ? 0 : 1;
}

/* p2p_node [-dht|-client] SEED|FILE MULTIADDR...: a node of lib/host that listens there, for tests against others; its
 * identity is that number 32 times, or in that file, which is made. It takes one JSON object a line and answers with
 * one, which has the same "tag", and tells what happens in others:
 *
 * {"cmd":"connect","addr":"/ip4/.../p2p/..."} {"cmd":"disconnect","id":".."} {"cmd":"ping","id":".."}
 * {"cmd":"perf","peer":"..","up":N,"down":N} (with "cut": resets after so many bytes of the answer)
 * {"cmd":"peers"} {"cmd":"advertise","addr":"/ip4/..."}
 * {"cmd":"ask","peer":"..","addr":"..","text":".."} (an echo by p2p_request) {"cmd":"exit"}
 * {"cmd":"fetch","peer":"..","line":"..","out":"FILE"} (of a bridge; with "open" our side does not end, with "stop" it
 * takes no more after so many bytes)
 * {"cmd":"bridge","folder":".."} (is one from now on, see p2p_node_bridge.c; with "whole" one that knows no parts)
 *
 * and of the DHT, whose keys are hashed when something is provided:
 *
 * {"cmd":"bootstrap","addr":".."} {"cmd":"find-peer","id":".."}
 * {"cmd":"put","key":"..","value":".."} {"cmd":"get","key":".."}
 * {"cmd":"provide","key":".."} {"cmd":"find-providers","key":".."}
 *
 * It serves /perf/1.0.0, /test/echo/1.0.0 and with -dht the DHT, of which it is a client with -client, and ends with
 * its input. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/decimal.h"
#include "core/err.h"
#include "host/keyfile.h"
#include "host/p2p_ping.h"
#include "host/p2p_request.h"
#include "p2p_node.h"

#define ECHO_NAME "/test/echo/1.0.0"
#define LINE_BYTES_MAX 65536

static const char *const dht_names[] = {KAD_PROTOCOL_IPFS, KAD_PROTOCOL};
static const char *const echo_names[] = {ECHO_NAME};
static uv_loop_t loop;
static uv_poll_t input;
static struct p2p_node *node;
static struct p2p_dht *dht;
static char line[LINE_BYTES_MAX];
static size_t line_n;

/* --- what happens --- */

static void on_connected(struct p2p_node *n, const struct peer_id *peer, struct bytes address,
			 enum connection_role role)
{
	cJSON *e = event("conn");
	(void)n;
	add_peer(e, "peer", peer);
	add_address(e, "addr", address);
	cJSON_AddStringToObject(e, "dir", role == CONNECTION_DIALER ? "Outbound" : "Inbound");
	say(e);
}

static void on_disconnected(struct p2p_node *n, const struct peer_id *peer, int err)
{
	cJSON *e = event("disconn");
	(void)n;
	add_peer(e, "peer", peer);
	cJSON_AddStringToObject(e, "error", err_text(err));
	say(e);
}

static void on_identified(struct p2p_node *n, const struct peer_id *peer, const struct identify *id)
{
	cJSON *e = event("identified"), *protocols = cJSON_CreateArray();
	(void)n;
	if (dht != NULL)
		p2p_dht_identified(dht, peer, id);
	add_peer(e, "peer", peer);
	add_text(e, "agent", id->agent_version);
	add_address(e, "observed", id->observed);
	cJSON_AddNumberToObject(e, "addresses", (double)id->addresses_n);
	for (size_t i = 0; i < id->protocols_n; i++)
		list_text(protocols, id->protocols[i]);
	cJSON_AddItemToObject(e, "protocols", protocols);
	say(e);
}

static void on_ended(struct p2p_node *n)
{
	if (dht != NULL)
		p2p_dht_free(dht);
	uv_close(p2p_node_owner(n), NULL); /* the input */
	say(event("end"));
}

static const struct p2p_node_user node_user = {.connected = on_connected,
					       .disconnected = on_disconnected,
					       .identified = on_identified,
					       .ended = on_ended};

/* --- echo --- */

static int echo(void *context, struct p2p_node *n, const struct peer_id *from, struct bytes request, struct writer *w)
{
	(void)context, (void)n, (void)from;
	write_bytes(w, request);
	return OK;
}

static struct p2p_server echo_server = {.name = ECHO_NAME,
					.answer = echo,
					.request_bytes_max = 4U << 20,
					.answer_bytes_max = 4U << 20,
					.idle_ms = 60000};

/* --- commands --- */

static void connected(struct p2p_node *n, const struct peer_id *peer, int err, void *context)
{
	struct command *c = context;
	(void)n;
	add_peer(c->answer, "id", peer);
	answer(c, err);
}

static void pinged(const struct peer_id *peer, int err, uint64_t rtt_us, void *context)
{
	struct command *c = context;
	(void)peer;
	cJSON_AddNumberToObject(c->answer, "rtt_us", (double)rtt_us);
	answer(c, err);
}

static void answered(struct p2p_node *n, const struct peer_id *peer, int err, struct bytes text, void *context)
{
	struct command *c = context;
	(void)n, (void)peer;
	if (err == OK)
		add_text(c->answer, "text", text);
	answer(c, err);
}

/* The peer of "/p2p/..." at the end. */
static int peer_of(struct bytes address, struct peer_id *peer)
{
	struct reader r = reader_of(address);
	struct multiaddr_part part;
	int err = ERR_MISSING;
	while (multiaddr_next(&r, &part))
		if (part.code == MULTIADDR_P2P)
			err = peer_id_read(peer, part.value);
	return err;
}

static int ask_echo(const struct peer_id *peer, struct bytes address, struct bytes text, struct command *c)
{
	const struct p2p_question q = {.peer = peer,
				       .addresses = &address,
				       .addresses_n = address.n > 0,
				       .protocols = echo_names,
				       .protocols_n = 1,
				       .request = text,
				       .answer_bytes_max = 4U << 20,
				       .timeout_ms = 20000};
	return p2p_request(node, &q, answered, c);
}

static int list_peers(struct command *c)
{
	cJSON *all = cJSON_AddArrayToObject(c->answer, "peers");
	p2p_node_each_peer(node, list_peer, all);
	if (dht != NULL)
		list_table(dht, c);
	answer(c, OK);
	return OK;
}

static int carry_out(const cJSON *from, struct bytes cmd, struct command *c)
{
	uint8_t bytes[MULTIADDR_BYTES_MAX];
	struct writer w = writer_of(bytes, sizeof bytes);
	struct bytes address = BYTES_NONE;
	struct peer_id peer = {0};
	const struct bytes id = member(from, member(from, "peer").n > 0 ? "peer" : "id");
	int err = id.n > 0 ? peer_id_parse(&peer, id) : OK;
	if (err == OK && member(from, "addr").n > 0) {
		err = multiaddr_parse(&w, member(from, "addr"));
		address = writer_view(&w);
	}
	if (bytes_is(cmd, "peers"))
		return list_peers(c);
	if (dht != NULL && is_search(cmd))
		return search(dht, cmd, from, c);
	if (err == OK && bytes_is(cmd, "advertise")) {
		err = p2p_node_advertise(node, address);
		if (err == OK)
			answer(c, OK);
		return err;
	}
	if (bytes_is(cmd, "bridge")) {
		err = serve_folder(node, from);
		if (err == OK)
			answer(c, OK);
		return err;
	}
	if (err == OK && id.n == 0)
		err = peer_of(address, &peer);
	if (err != OK)
		return err;
	if (dht != NULL && bytes_is(cmd, "bootstrap")) {
		err = p2p_dht_bootstrap(dht, address);
		if (err == OK)
			answer(c, OK);
		return err;
	}
	if (bytes_is(cmd, "connect"))
		return p2p_node_connect(node, &peer, &address, 1, true, connected, c);
	if (bytes_is(cmd, "ping"))
		return p2p_ping(node, &peer, pinged, c);
	if (bytes_is(cmd, "perf"))
		return ask_perf(node, from, &peer, c);
	if (bytes_is(cmd, "fetch"))
		return ask_fetch(node, from, &peer, c);
	if (bytes_is(cmd, "ask"))
		return ask_echo(&peer, address, member(from, "text"), c);
	if (!bytes_is(cmd, "disconnect"))
		return ERR_USAGE;
	p2p_node_disconnect(node, &peer);
	answer(c, OK);
	return OK;
}

/* False: there will be no more. */
static bool on_line(const char *text)
{
	cJSON *from = cJSON_Parse(text);
	const struct bytes cmd = member(from, "cmd");
	const bool ends = bytes_is(cmd, "exit");
	if (!ends) {
		struct command *c = command_new(from);
		const int err = carry_out(from, cmd, c);
		if (err != OK)
			answer(c, err);
	}
	cJSON_Delete(from);
	return !ends;
}

static void on_input(uv_poll_t *poll, int status, int events)
{
	const ssize_t n = read(STDIN_FILENO, line + line_n, sizeof line - 1 - line_n);
	(void)poll, (void)status, (void)events;
	if (n <= 0) {
		(void)uv_poll_stop(&input);
		p2p_node_end(node);
		return;
	}
	line_n += (size_t)n;
	for (char *to; (to = memchr(line, '\n', line_n)) != NULL;) {
		*to = 0;
		const bool more = on_line(line);
		const size_t used = (size_t)(to + 1 - line);
		memmove(line, line + used, line_n - used);
		line_n -= used;
		if (!more) {
			(void)uv_poll_stop(&input);
			p2p_node_end(node);
			return;
		}
	}
}

/* --- the beginning --- */

enum mode { NO_DHT, DHT_SERVER, DHT_CLIENT };

static int begin_dht(enum mode mode)
{
	const struct p2p_dht_config config = {.node = node,
					      .protocols = dht_names,
					      .protocols_n = 2,
					      .server = mode == DHT_SERVER,
					      .rules = &kad_record_rules};
	return p2p_dht_new(&dht, &config);
}

static int begin(const uint8_t seed[static ED25519_SEED_BYTES], enum mode mode, char **addresses, int addresses_n)
{
	uint8_t bytes[MULTIADDR_BYTES_MAX];
	/* All peers of the tests are on one machine. */
	const struct p2p_node_config config = {.loop = &loop,
					       .identity_seed = seed,
					       .agent = "phase-test",
					       .limits = {.per_ip_max = 1000,
							  .connections_max = 1000,
							  .accept_burst = 1000},
					       .user = &node_user,
					       .owner = &input};
	int err = p2p_node_new(&node, &config);
	if (err == OK)
		err = p2p_node_handle(node, &perf_service);
	if (err == OK)
		err = p2p_serve(node, &echo_server);
	if (err == OK && mode != NO_DHT)
		err = begin_dht(mode);
	for (int i = 0; err == OK && i < addresses_n; i++) {
		struct writer w = writer_of(bytes, sizeof bytes);
		err = multiaddr_parse(&w, bytes_text(addresses[i]));
		if (err == OK)
			err = p2p_node_listen(node, writer_view(&w));
	}
	return err;
}

static void say_ready(void)
{
	cJSON *e = event("ready"), *all = cJSON_CreateArray();
	size_t n;
	const struct p2p_address *own = p2p_node_addresses(node, &n);
	add_peer(e, "id", p2p_node_id(node));
	for (size_t i = 0; i < n; i++) {
		uint8_t bytes[MULTIADDR_BYTES_MAX], text[MULTIADDR_TEXT_MAX];
		struct writer w = writer_of(bytes, sizeof bytes), t = writer_of(text, sizeof text);
		write_bytes(&w, bytes_of(own[i].bytes, own[i].n));
		multiaddr_write_part(&w, MULTIADDR_P2P, peer_id_bytes(p2p_node_id(node)));
		if (multiaddr_write_text(&t, writer_view(&w)) == OK)
			list_text(all, writer_view(&t));
	}
	cJSON_AddItemToObject(e, "addrs", all);
	say(e);
}

static int read_seed(const char *text, uint8_t seed[static ED25519_SEED_BYTES])
{
	uint64_t number;
	if (decimal_read(bytes_text(text), &number) != OK || number > UINT8_MAX)
		return keyfile_secret_or_new(text, seed, NULL);
	memset(seed, (int)number, ED25519_SEED_BYTES);
	return OK;
}

int main(int argc, char **argv)
{
	uint8_t seed[ED25519_SEED_BYTES];
	enum mode mode = NO_DHT;
	if (argc > 1 && argv[1][0] == '-')
		mode = strcmp(argv[1], "-dht") == 0 ? DHT_SERVER : DHT_CLIENT;
	char **words = argv + (mode == NO_DHT ? 1 : 2);
	const int words_n = argc - (mode == NO_DHT ? 1 : 2);
	if (words_n < 1 || uv_loop_init(&loop) != 0)
		return 2;
	int err = read_seed(words[0], seed);
	if (err == OK)
		err = begin(seed, mode, words + 1, words_n - 1);
	if (err != OK) {
		(void)fprintf(stderr, "p2p_node: %s\n", err_text(err));
		return 3;
	}
	say_ready();
	(void)fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
	if (uv_poll_init(&loop, &input, STDIN_FILENO) != 0)
		return 3;
	(void)uv_poll_start(&input, UV_READABLE, on_input);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	return uv_loop_close(&loop) == 0 ? 0 : 1;
}

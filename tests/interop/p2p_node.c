/* p2p_node [-dht] SEED|FILE MULTIADDR...: a node of lib/host that listens there, for tests against others; its identity
 * is that number 32 times, or in that file, which is made. It takes one JSON object a line and answers with one, which
 * has the same "tag", and tells what happens in others:
 *
 * {"cmd":"connect","addr":"/ip4/.../p2p/..."} {"cmd":"disconnect","id":".."} {"cmd":"ping","id":".."}
 * {"cmd":"perf","peer":"..","up":N,"down":N} (with "cut": resets after so many bytes of the answer)
 * {"cmd":"peers"} {"cmd":"advertise","addr":"/ip4/..."}
 * {"cmd":"put","key":"..","value":".."} {"cmd":"get","key":".."} {"cmd":"provide","key":".."}
 * {"cmd":"find-providers","key":".."}
 * {"cmd":"find-peer","id":".."} (of the DHT; keys that are provided are hashed) {"cmd":"table"}
 * {"cmd":"bootstrap","addr":".."}
 * {"cmd":"ask","peer":"..","addr":"..","text":".."} (an echo by p2p_request) {"cmd":"exit"}
 * {"cmd":"fetch","peer":"..","line":"..","out":"FILE"} (of a bridge; with "open" our side does not end, with "stop" it
 * takes no more after so many bytes)
 *
 * It serves /perf/1.0.0, /test/echo/1.0.0 and with -dht the DHT, and ends with its input. */
#include <cjson/cJSON.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/decimal.h"
#include "core/err.h"
#include "crypto/sha256.h"
#include "host/keyfile.h"
#include "host/p2p_dht.h"
#include "host/p2p_ping.h"
#include "host/p2p_request.h"

#define PERF "/perf/1.0.0"
#define ECHO_NAME "/test/echo/1.0.0"
#define FETCH_NAME "/deboot/fetch/1.0.0"
#define LINE_BYTES_MAX 65536

static const char *const dht_names[] = {KAD_PROTOCOL_IPFS, KAD_PROTOCOL};
static const char *const perf_names[] = {PERF}, *const echo_names[] = {ECHO_NAME}, *const fetch_names[] = {FETCH_NAME};
static uv_loop_t loop;
static uv_poll_t input;
static struct p2p_node *node;
static struct p2p_dht *dht;
static char line[LINE_BYTES_MAX];
static size_t line_n;

/* --- what is said --- */

static void say(cJSON *object)
{
	char *text = cJSON_PrintUnformatted(object);
	(void)puts(text);
	(void)fflush(stdout);
	cJSON_free(text);
	cJSON_Delete(object);
}

static cJSON *event(const char *name)
{
	cJSON *object = cJSON_CreateObject();
	cJSON_AddStringToObject(object, "event", name);
	return object;
}

static void add_text(cJSON *object, const char *name, struct bytes text)
{
	char *copy = calloc(1, text.n + 1);
	if (text.n > 0)
		memcpy(copy, text.p, text.n);
	cJSON_AddStringToObject(object, name, copy);
	free(copy);
}

static void add_peer(cJSON *object, const char *name, const struct peer_id *peer)
{
	uint8_t text[PEER_ID_TEXT_MAX];
	struct writer w = writer_of(text, sizeof text);
	peer_id_write(&w, peer);
	add_text(object, name, writer_view(&w));
}

static void add_address(cJSON *object, const char *name, struct bytes address)
{
	uint8_t text[MULTIADDR_TEXT_MAX];
	struct writer w = writer_of(text, sizeof text);
	if (multiaddr_write_text(&w, address) == OK)
		add_text(object, name, writer_view(&w));
}

/* A command that is being carried out; freed with its answer. */
struct command {
	cJSON *answer;
	uint64_t up_left, down_left, got, cut, begun_ns;
	uint8_t head[8];
	size_t head_left;
	char *text; /* owned: to be said */
	bool leave_open;
	FILE *out; /* owned */
};

static struct command *command_new(const cJSON *from)
{
	struct command *c = calloc(1, sizeof *c);
	c->answer = cJSON_CreateObject();
	const cJSON *tag = cJSON_GetObjectItem(from, "tag");
	cJSON_AddItemToObject(c->answer, "cmd", cJSON_Duplicate(cJSON_GetObjectItem(from, "cmd"), true));
	if (tag != NULL)
		cJSON_AddItemToObject(c->answer, "tag", cJSON_Duplicate(tag, true));
	c->begun_ns = uv_hrtime();
	return c;
}

static void answer(struct command *c, int err)
{
	cJSON_AddBoolToObject(c->answer, "ok", err == OK);
	if (err != OK)
		cJSON_AddStringToObject(c->answer, "error", err_text(err));
	cJSON_AddNumberToObject(c->answer, "ms", (double)(uv_hrtime() - c->begun_ns) / 1e6);
	say(c->answer);
	free(c);
}

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
	for (size_t i = 0; i < id->protocols_n; i++) {
		cJSON *one = cJSON_CreateObject();
		add_text(one, "id", id->protocols[i]);
		cJSON_AddItemToArray(protocols, cJSON_DetachItemFromObject(one, "id"));
		cJSON_Delete(one);
	}
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

/* --- perf, the side that serves: eight bytes say how many to send back when the upload has ended --- */

static void give_down(struct p2p_stream *s)
{
	static const uint8_t zeros[65536];
	struct command *c = p2p_stream_context(s);
	for (size_t n = 1; c->down_left > 0 && n > 0; c->down_left -= n) {
		const size_t most = c->down_left < sizeof zeros ? (size_t)c->down_left : sizeof zeros;
		if (p2p_stream_write(s, bytes_of(zeros, most), &n) != OK)
			return;
	}
	if (c->down_left == 0)
		p2p_stream_close(s);
}

static void serve_opened(struct p2p_stream *s)
{
	struct command *c = calloc(1, sizeof *c);
	c->head_left = 8;
	p2p_stream_set_context(s, c);
}

static void serve_data(struct p2p_stream *s, struct bytes data)
{
	struct command *c = p2p_stream_context(s);
	p2p_stream_consumed(s, data.n);
	for (size_t i = 0; i < data.n && c->head_left > 0; i++, c->head_left--)
		c->down_left = c->down_left << 8 | data.p[i];
	c->got += data.n;
}

static void serve_writable(struct p2p_stream *s)
{
	struct command *c = p2p_stream_context(s);
	if (c->cut > 0) /* its upload has ended */
		give_down(s);
}

static void serve_ended(struct p2p_stream *s)
{
	struct command *c = p2p_stream_context(s);
	c->cut = 1;
	give_down(s);
}

static void serve_gone(struct p2p_stream *s, int err)
{
	struct command *c = p2p_stream_context(s);
	cJSON *e = event("served");
	cJSON_AddNumberToObject(e, "got", (double)c->got);
	cJSON_AddStringToObject(e, "error", err_text(err));
	say(e);
	free(c);
}

static const struct p2p_stream_user serve_user = {.opened = serve_opened,
						  .data = serve_data,
						  .writable = serve_writable,
						  .ended = serve_ended,
						  .gone = serve_gone};
static const struct p2p_service perf_service = {.name = PERF, .user = &serve_user};

/* --- perf, the side that asks --- */

static void ask_up(struct p2p_stream *s)
{
	static const uint8_t zeros[65536];
	struct command *c = p2p_stream_context(s);
	size_t n = 1;
	while (c->head_left > 0 && n > 0) {
		if (p2p_stream_write(s, bytes_of(c->head + 8 - c->head_left, c->head_left), &n) != OK)
			return;
		c->head_left -= n;
	}
	for (; c->head_left == 0 && c->up_left > 0 && n > 0; c->up_left -= n) {
		const size_t most = c->up_left < sizeof zeros ? (size_t)c->up_left : sizeof zeros;
		if (p2p_stream_write(s, bytes_of(zeros, most), &n) != OK)
			return;
	}
	if (c->head_left == 0 && c->up_left == 0)
		p2p_stream_close(s);
}

static void ask_told(struct command *c, int err)
{
	cJSON_AddNumberToObject(c->answer, "down", (double)c->got);
	answer(c, err == OK && c->got != c->down_left ? ERR_SIZE : err);
}

static void ask_data(struct p2p_stream *s, struct bytes data)
{
	struct command *c = p2p_stream_context(s);
	c->got += data.n;
	p2p_stream_consumed(s, data.n);
	if (c->cut == 0 || c->got < c->cut)
		return;
	p2p_stream_reset(s);
	ask_told(c, ERR_INTERRUPTED);
}

static void ask_gone(struct p2p_stream *s, int err)
{
	ask_told(p2p_stream_context(s), err);
}

static const struct p2p_stream_user ask_user = {.opened = ask_up,
						.data = ask_data,
						.writable = ask_up,
						.gone = ask_gone};

/* --- fetch: a line, and whatever comes for it --- */

static void fetch_opened(struct p2p_stream *s)
{
	struct command *c = p2p_stream_context(s);
	if (p2p_stream_send(s, bytes_text(c->text)) == OK && !c->leave_open)
		p2p_stream_close(s);
}

static void fetch_data(struct p2p_stream *s, struct bytes data)
{
	struct command *c = p2p_stream_context(s);
	(void)fwrite(data.p, 1, data.n, c->out);
	c->got += data.n;
	if (c->cut == 0 || c->got < c->cut)
		p2p_stream_consumed(s, data.n);
}

static void fetch_ended(struct p2p_stream *s)
{
	p2p_stream_close(s);
}

static void fetch_gone(struct p2p_stream *s, int err)
{
	struct command *c = p2p_stream_context(s);
	cJSON_AddNumberToObject(c->answer, "bytes", (double)c->got);
	(void)fclose(c->out);
	free(c->text);
	answer(c, err);
}

static const struct p2p_stream_user fetch_user = {.opened = fetch_opened,
						  .data = fetch_data,
						  .ended = fetch_ended,
						  .gone = fetch_gone};

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

/* --- the DHT --- */

static struct bytes member(const cJSON *from, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(from, name));
	return text == NULL ? BYTES_NONE : bytes_text(text);
}

static void list_peer(const struct peer_id *peer, void *context)
{
	cJSON *one = cJSON_CreateObject();
	add_peer(one, "id", peer);
	cJSON_AddItemToArray(context, one);
}

static void searched(struct p2p_dht *d, int err, const struct kad_lookup *l, const struct kad_contact *providers,
		     void *context)
{
	struct command *c = context;
	struct bytes value;
	unsigned told_n;
	(void)d;
	if (err == OK) {
		cJSON *all = cJSON_AddArrayToObject(c->answer, "providers");
		cJSON *values = cJSON_AddArrayToObject(c->answer, "values");
		for (unsigned i = 0; i < l->providers_n; i++)
			list_peer(&providers[i].id, all);
		for (unsigned i = 0; kad_lookup_value(l, i, &value, &told_n); i++) {
			cJSON *one = cJSON_CreateObject();
			add_text(one, "value", value);
			cJSON_AddNumberToObject(one, "told", told_n);
			cJSON_AddItemToArray(values, one);
		}
		cJSON_AddNumberToObject(c->answer, "stored", l->stored_n);
		cJSON_AddNumberToObject(c->answer, "answered", l->answered_n);
	}
	answer(c, err);
}

/* The multihash that stands for a text among providers. */
static struct bytes hashed(struct bytes text, uint8_t out[static 34])
{
	out[0] = 0x12;
	out[1] = SHA256_BYTES;
	sha256_of(text, out + 2);
	return bytes_of(out, 34);
}

static int search(struct bytes cmd, const cJSON *from, struct command *c)
{
	uint8_t multihash[34];
	struct bytes key = member(from, "key"), value = member(from, "value");
	struct peer_id peer;
	struct p2p_dht_question q = {.kind = KAD_LOOKUP_NODES, .key = key, .done = searched, .context = c};
	int err = OK;
	if (bytes_is(cmd, "put")) {
		q.value = &value;
	} else if (bytes_is(cmd, "get")) {
		q.kind = KAD_LOOKUP_VALUES;
	} else if (bytes_is(cmd, "provide")) {
		value = BYTES_NONE;
		q.key = hashed(key, multihash);
		q.value = &value;
	} else if (bytes_is(cmd, "find-providers")) {
		q.kind = KAD_LOOKUP_PROVIDERS;
		q.key = hashed(key, multihash);
	} else {
		err = peer_id_parse(&peer, member(from, "id"));
		q.key = peer_id_bytes(&peer);
	}
	return err != OK ? err : p2p_dht_search(dht, &q);
}

static int tell_table(struct command *c)
{
	cJSON_AddNumberToObject(c->answer, "n", p2p_dht_table(dht)->n);
	answer(c, OK);
	return OK;
}

static bool is_search(struct bytes cmd)
{
	return bytes_is(cmd, "put") || bytes_is(cmd, "get") || bytes_is(cmd, "provide") ||
	       bytes_is(cmd, "find-providers") || bytes_is(cmd, "find-peer");
}

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

static uint64_t number(const cJSON *from, const char *name)
{
	const cJSON *item = cJSON_GetObjectItem(from, name);
	return cJSON_IsNumber(item) ? (uint64_t)item->valuedouble : 0;
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

static int ask_perf(const cJSON *from, const struct peer_id *peer, struct command *c)
{
	struct p2p_stream *s;
	c->up_left = number(from, "up");
	c->down_left = number(from, "down");
	c->cut = number(from, "cut");
	c->head_left = 8;
	store_be64(c->head, c->down_left);
	return p2p_stream_open(node, peer, perf_names, 1, &ask_user, c, &s);
}

static int ask_fetch(const cJSON *from, const struct peer_id *peer, struct command *c)
{
	const struct bytes text = member(from, "line"), out = member(from, "out");
	struct p2p_stream *s;
	c->cut = number(from, "stop");
	c->leave_open = cJSON_IsTrue(cJSON_GetObjectItem(from, "open"));
	c->text = strdup((const char *)text.p);
	c->out = fopen((const char *)out.p, "wb");
	const int err = c->out == NULL ? ERR_IO : p2p_stream_open(node, peer, fetch_names, 1, &fetch_user, c, &s);
	if (err == OK)
		return OK;
	if (c->out != NULL)
		(void)fclose(c->out);
	free(c->text);
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
	if (dht != NULL && bytes_is(cmd, "table"))
		return tell_table(c);
	if (dht != NULL && is_search(cmd))
		return search(cmd, from, c);
	if (err == OK && bytes_is(cmd, "advertise")) {
		err = p2p_node_advertise(node, address);
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
		return ask_perf(from, &peer, c);
	if (bytes_is(cmd, "fetch"))
		return ask_fetch(from, &peer, c);
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

static int begin_dht(void)
{
	const struct p2p_dht_config config = {
		.node = node, .protocols = dht_names, .protocols_n = 2, .server = true, .rules = &kad_record_rules};
	return p2p_dht_new(&dht, &config);
}

static int begin(const uint8_t seed[static ED25519_SEED_BYTES], bool has_dht, char **addresses, int addresses_n)
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
	if (err == OK && has_dht)
		err = begin_dht();
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
		uint8_t bytes[MULTIADDR_BYTES_MAX];
		struct writer w = writer_of(bytes, sizeof bytes);
		cJSON *one = cJSON_CreateObject();
		write_bytes(&w, bytes_of(own[i].bytes, own[i].n));
		multiaddr_write_part(&w, MULTIADDR_P2P, peer_id_bytes(p2p_node_id(node)));
		add_address(one, "a", writer_view(&w));
		cJSON_AddItemToArray(all, cJSON_DetachItemFromObject(one, "a"));
		cJSON_Delete(one);
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
	const bool has_dht = argc > 1 && strcmp(argv[1], "-dht") == 0;
	char **words = argv + (has_dht ? 2 : 1);
	const int words_n = argc - (has_dht ? 2 : 1);
	if (words_n < 1 || uv_loop_init(&loop) != 0)
		return 2;
	int err = read_seed(words[0], seed);
	if (err == OK)
		err = begin(seed, has_dht, words + 1, words_n - 1);
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

/* kad_node [-seed N] [-listen MULTIADDR,...] [-proto ID] [-client]: a node of the DHT made of lib/host and lib/kad, for
 * tests against others. It takes one JSON object a line and answers with one, which has the same "tag":
 *
 * {"cmd":"connect","addr":"/ip4/.../p2p/.."} {"cmd":"put","key":"/x/..","value":".."} {"cmd":"get","key":".."}
 * {"cmd":"provide","key":".."} {"cmd":"find-providers","key":".."} (their keys are hashed) {"cmd":"peers"}
 * {"cmd":"exit"}
 *
 * Every value is good, and of several of a key the greatest is kept: as the programs have it that it meets. */
#include <cjson/cJSON.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/decimal.h"
#include "core/err.h"
#include "host/p2p_dht.h"

#define LINE_BYTES_MAX 65536
#define LISTEN_MAX 8

static uv_loop_t loop;
static uv_poll_t input;
static struct p2p_node *node;
static struct p2p_dht *dht;
static char line[LINE_BYTES_MAX];
static size_t line_n;

static void say(cJSON *object)
{
	char *text = cJSON_PrintUnformatted(object);
	(void)puts(text);
	(void)fflush(stdout);
	cJSON_free(text);
	cJSON_Delete(object);
}

static cJSON *text_of(struct bytes text)
{
	char *copy = calloc(1, text.n + 1);
	if (text.n > 0)
		memcpy(copy, text.p, text.n);
	cJSON *made = cJSON_CreateString(copy);
	free(copy);
	return made;
}

static cJSON *id_of(const struct peer_id *id)
{
	uint8_t text[PEER_ID_TEXT_MAX];
	struct writer w = writer_of(text, sizeof text);
	peer_id_write(&w, id);
	return text_of(writer_view(&w));
}

static void answer(cJSON *a, int err)
{
	cJSON_AddBoolToObject(a, "ok", err == OK);
	if (err != OK)
		cJSON_AddStringToObject(a, "error", err_text(err));
	say(a);
}

/* --- rules ---------------------------------------------------------------------------------- */

static int any_value(struct bytes key, struct bytes value, enum kad_scope least, struct wall now, uint64_t *left_s)
{
	(void)key, (void)value, (void)least, (void)now;
	*left_s = KAD_RECORD_TTL_MAX_S;
	return OK;
}

static enum kad_meeting greatest(struct bytes key, struct bytes there, struct bytes fresh)
{
	(void)key;
	return bytes_compare(fresh, there) < 0 ? KAD_OLDER : KAD_REPLACES;
}

static const struct kad_rules rules = {.check = any_value, .meet = greatest};

/* --- commands ------------------------------------------------------------------------------- */

static void add_found(cJSON *a, const struct kad_lookup *l, const struct kad_contact *found)
{
	struct bytes value, best = BYTES_NONE;
	unsigned told_n, n = 0;
	cJSON *providers = cJSON_AddArrayToObject(a, "providers");
	for (; kad_lookup_value(l, n, &value, &told_n); n++)
		best = n == 0 || bytes_compare(value, best) > 0 ? value : best;
	if (n > 0)
		cJSON_AddItemToObject(a, "value", text_of(best));
	for (unsigned i = 0; i < l->providers_n; i++) {
		cJSON *one = cJSON_CreateObject();
		cJSON_AddItemToObject(one, "id", id_of(&found[i].id));
		cJSON_AddItemToArray(providers, one);
	}
	cJSON_AddNumberToObject(a, "values", n);
	cJSON_AddNumberToObject(a, "stored", l->stored_n);
	cJSON_AddNumberToObject(a, "asked", l->asked_n);
}

static void done(struct p2p_dht *d, int err, const struct kad_lookup *l, const struct kad_contact *found, void *context)
{
	cJSON *a = context;
	const char *cmd = cJSON_GetStringValue(cJSON_GetObjectItem(a, "cmd"));
	(void)d;
	if (err == OK)
		add_found(a, l, found);
	if (err == OK &&
	    ((strcmp(cmd, "get") == 0 && l->values_n == 0) || (strcmp(cmd, "put") == 0 && l->stored_n == 0)))
		err = ERR_NOT_FOUND;
	answer(a, err);
}

static void connected(struct p2p_node *n, const struct peer_id *peer, int err, void *context)
{
	(void)n, (void)peer;
	answer(context, err);
}

static struct bytes member(const cJSON *from, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(from, name));
	return text == NULL ? BYTES_NONE : bytes_text(text);
}

static int connect_to(const cJSON *from, cJSON *a)
{
	uint8_t bytes[MULTIADDR_BYTES_MAX];
	struct writer w = writer_of(bytes, sizeof bytes);
	struct multiaddr_part part;
	struct peer_id id = {.n = 0};
	int err = multiaddr_parse(&w, member(from, "addr"));
	if (err != OK)
		return err;
	const struct bytes address = writer_view(&w);
	for (struct reader r = reader_of(address); multiaddr_next(&r, &part);)
		if (part.code == MULTIADDR_P2P)
			err = peer_id_read(&id, part.value);
	return err != OK ? err : p2p_node_connect(node, &id, &address, 1, true, connected, a);
}

static int search(const cJSON *from, struct bytes cmd, cJSON *a)
{
	uint8_t multihash[2 + SHA256_BYTES] = {0x12, SHA256_BYTES};
	enum kad_lookup_kind kind = KAD_LOOKUP_VALUES;
	struct bytes key = member(from, "key"), value = BYTES_NONE; /* empty: ourselves as provider */
	bool stores = bytes_is(cmd, "put") || bytes_is(cmd, "provide");
	if (bytes_is(cmd, "provide") || bytes_is(cmd, "find-providers")) {
		sha256_of(key, multihash + 2);
		kind = KAD_LOOKUP_PROVIDERS;
		key = bytes_of(multihash, sizeof multihash);
	} else if (bytes_is(cmd, "put")) {
		value = member(from, "value");
	} else if (!bytes_is(cmd, "get")) {
		return ERR_USAGE;
	}
	const struct p2p_dht_question q = {
		.kind = kind, .key = key, .value = stores ? &value : NULL, .done = done, .context = a};
	return p2p_dht_search(dht, &q);
}

static void list_peers(cJSON *a)
{
	const struct kad_table *t = p2p_dht_table(dht);
	cJSON *table = cJSON_AddArrayToObject(a, "table");
	for (unsigned i = 0; i < t->room; i++)
		if (t->entries[i].used)
			cJSON_AddItemToArray(table, id_of(&t->entries[i].contact.id));
	answer(a, OK);
}

/* False: there will be no more. */
static bool on_line(const char *text)
{
	cJSON *from = cJSON_Parse(text), *a;
	const struct bytes cmd = member(from, "cmd");
	if (bytes_is(cmd, "exit")) {
		cJSON_Delete(from);
		return false;
	}
	a = cJSON_CreateObject();
	cJSON_AddItemToObject(a, "cmd", text_of(cmd));
	if (cJSON_GetObjectItem(from, "tag") != NULL)
		cJSON_AddItemToObject(a, "tag", cJSON_Duplicate(cJSON_GetObjectItem(from, "tag"), true));
	if (bytes_is(cmd, "peers")) {
		list_peers(a);
	} else {
		const int err = bytes_is(cmd, "connect") ? connect_to(from, a) : search(from, cmd, a);
		if (err != OK)
			answer(a, err);
	}
	cJSON_Delete(from);
	return true;
}

static void on_input(uv_poll_t *poll, int status, int events)
{
	const ssize_t n = read(STDIN_FILENO, line + line_n, sizeof line - 1 - line_n);
	bool more = n > 0;
	(void)poll, (void)status, (void)events;
	line_n += more ? (size_t)n : 0;
	for (char *to; more && (to = memchr(line, '\n', line_n)) != NULL;) {
		*to = 0;
		more = on_line(line);
		const size_t used = (size_t)(to + 1 - line);
		memmove(line, line + used, line_n - used);
		line_n -= used;
	}
	if (more)
		return;
	(void)uv_poll_stop(&input);
	p2p_node_end(node);
}

/* --- the beginning -------------------------------------------------------------------------- */

static void on_identified(struct p2p_node *n, const struct peer_id *peer, const struct identify *identify)
{
	(void)n;
	p2p_dht_identified(dht, peer, identify);
}

static void on_ended(struct p2p_node *n)
{
	(void)n;
	p2p_dht_free(dht);
	uv_close((uv_handle_t *)&input, NULL);
}

static const struct p2p_node_user user = {.identified = on_identified, .ended = on_ended};

struct arguments {
	uint64_t seed;
	const char *listen, *protocol;
	bool client;
};

static bool read_arguments(int argc, char **argv, struct arguments *a)
{
	*a = (struct arguments){.seed = 4, .listen = "/ip4/127.0.0.1/tcp/0", .protocol = KAD_PROTOCOL};
	for (int i = 1; i < argc; i++) {
		const char *name = argv[i][0] == '-' && argv[i][1] == '-' ? argv[i] + 1 : argv[i];
		if (strcmp(name, "-client") == 0)
			a->client = true;
		else if (i + 1 == argc)
			return false;
		else if (strcmp(name, "-seed") == 0 && decimal_read(bytes_text(argv[i + 1]), &a->seed) != OK)
			return false;
		else if (strcmp(name, "-listen") == 0)
			a->listen = argv[i + 1];
		else if (strcmp(name, "-proto") == 0)
			a->protocol = argv[i + 1];
		i += strcmp(name, "-client") != 0;
	}
	return true;
}

static int listen_at(struct bytes text)
{
	uint8_t bytes[MULTIADDR_BYTES_MAX];
	int err = OK;
	while (err == OK && text.n > 0) {
		const uint8_t *comma = memchr(text.p, ',', text.n);
		const size_t n = comma == NULL ? text.n : (size_t)(comma - text.p);
		struct writer w = writer_of(bytes, sizeof bytes);
		err = multiaddr_parse(&w, bytes_of(text.p, n));
		if (err == OK)
			err = p2p_node_listen(node, writer_view(&w));
		text = bytes_skip(text, comma == NULL ? n : n + 1);
	}
	return err;
}

static void say_ready(void)
{
	cJSON *e = cJSON_CreateObject(), *all = cJSON_CreateArray();
	size_t n;
	const struct p2p_address *own = p2p_node_addresses(node, &n);
	for (size_t i = 0; i < n; i++) {
		uint8_t bytes[MULTIADDR_BYTES_MAX], text[MULTIADDR_TEXT_MAX];
		struct writer w = writer_of(bytes, sizeof bytes), t = writer_of(text, sizeof text);
		write_bytes(&w, bytes_of(own[i].bytes, own[i].n));
		multiaddr_write_part(&w, MULTIADDR_P2P, peer_id_bytes(p2p_node_id(node)));
		if (multiaddr_write_text(&t, writer_view(&w)) == OK)
			cJSON_AddItemToArray(all, text_of(writer_view(&t)));
	}
	cJSON_AddStringToObject(e, "event", "ready");
	cJSON_AddItemToObject(e, "id", id_of(p2p_node_id(node)));
	cJSON_AddItemToObject(e, "addrs", all);
	say(e);
}

int main(int argc, char **argv)
{
	uint8_t seed[ED25519_SEED_BYTES];
	struct arguments a;
	if (!read_arguments(argc, argv, &a) || uv_loop_init(&loop) != 0)
		return 2;
	memset(seed, (int)a.seed, sizeof seed);
	const struct p2p_node_config config = {.loop = &loop,
					       .identity_seed = seed,
					       .agent = "phase-test",
					       .limits = {.per_ip_max = 1000, .accept_burst = 1000},
					       .user = &user};
	struct p2p_dht_config of_dht = {.protocols = &a.protocol,
					.protocols_n = 1,
					.server = !a.client,
					.rules = &rules};
	int err = p2p_node_new(&node, &config);
	of_dht.node = node;
	if (err == OK)
		err = p2p_dht_new(&dht, &of_dht);
	if (err == OK)
		err = listen_at(bytes_text(a.listen));
	if (err != OK) {
		(void)fprintf(stderr, "kad_node: %s\n", err_text(err));
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

/* A DHT of some nodes in one loop, on the loopback interface. */
#include "host/p2p_dht.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/p2p_request.h"
#include "kad/message.h"
#include "p2p_pair.h"

#define NODES 6
#define KEY "/phase/stable/x86_64/manifest"

static struct member {
	struct p2p_node *node;
	struct p2p_dht *dht;
	uint8_t address[MULTIADDR_BYTES_MAX]; /* with its "/p2p" */
	size_t address_n;
	bool ended;
} members[NODES];

static const char *const names[] = {KAD_PROTOCOL};
static unsigned done_n, answered_n, values_n, providers_n, stored_n;
static int done_err;
static struct peer_id found;
static char value_found[512];

static void on_identified(struct p2p_node *node, const struct peer_id *peer, const struct identify *id)
{
	struct member *m = p2p_node_owner(node);
	p2p_dht_identified(m->dht, peer, id);
}

static void on_ended(struct p2p_node *node)
{
	struct member *m = p2p_node_owner(node);
	p2p_dht_free(m->dht);
	m->ended = true;
	m->node = NULL;
}

static const struct p2p_node_user user = {.identified = on_identified, .ended = on_ended};

static void begin_member(struct member *m, uint8_t number, bool server)
{
	uint8_t seed[ED25519_SEED_BYTES];
	size_t n;
	memset(m, 0, sizeof *m);
	memset(seed, number, sizeof seed);
	const struct p2p_node_config config = {
		.loop = &pair_loop, .identity_seed = seed, .agent = "test/1", .user = &user, .owner = m};
	struct writer w = writer_of(m->address, sizeof m->address);
	CHECK(p2p_node_new(&m->node, &config) == OK);
	const struct p2p_dht_config dht = {
		.node = m->node, .protocols = names, .protocols_n = 1, .server = server, .rules = &kad_record_rules};
	CHECK(p2p_dht_new(&m->dht, &dht) == OK);
	CHECK(multiaddr_parse(&w, bytes_text("/ip4/127.0.0.1/tcp/0")) == OK);
	CHECK(p2p_node_listen(m->node, writer_view(&w)) == OK);
	const struct p2p_address *own = p2p_node_addresses(m->node, &n);
	w = writer_of(m->address, sizeof m->address);
	write_bytes(&w, bytes_of(own->bytes, own->n));
	multiaddr_write_part(&w, MULTIADDR_P2P, peer_id_bytes(p2p_node_id(m->node)));
	m->address_n = w.n;
}

/* All enter by the first; those before clients are servers. */
static void begin(unsigned clients)
{
	CHECK(uv_loop_init(&pair_loop) == 0);
	done_n = values_n = providers_n = stored_n = 0;
	for (uint8_t i = 0; i < NODES; i++)
		begin_member(&members[i], (uint8_t)(i + 1), i + clients < NODES);
	for (unsigned i = 1; i < NODES; i++)
		CHECK(p2p_dht_bootstrap(members[i].dht, bytes_of(members[0].address, members[0].address_n)) == OK);
	for (unsigned i = 0; i < NODES; i++) {
		const uint64_t until = clock_now_ms() + PAIR_PATIENCE_MS;
		/* The first hears of every server, the others of the first at least. */
		const unsigned least = i == 0 ? NODES - clients - 1 : 1;
		while (p2p_dht_table(members[i].dht)->n < least && clock_now_ms() < until)
			pair_turn();
		CHECK(p2p_dht_table(members[i].dht)->n >= least);
	}
}

static void end_member(struct member *m)
{
	if (m->node != NULL)
		p2p_node_end(m->node);
	CHECK(pair_until(&m->ended));
}

static void end(void)
{
	for (unsigned i = 0; i < NODES; i++)
		end_member(&members[i]);
	CHECK(uv_run(&pair_loop, UV_RUN_DEFAULT) == 0 && uv_loop_close(&pair_loop) == 0);
}

static void on_done(struct p2p_dht *dht, int err, const struct kad_lookup *l, const struct kad_contact *providers,
		    void *context)
{
	struct bytes value;
	unsigned told_n;
	CHECK(dht == ((struct member *)context)->dht);
	done_n++;
	done_err = err;
	if (err != OK)
		return;
	stored_n = l->stored_n;
	providers_n = l->providers_n;
	if (providers_n > 0)
		found = providers[0].id;
	for (values_n = 0; kad_lookup_value(l, values_n, &value, &told_n); values_n++)
		(void)snprintf(value_found, sizeof value_found, "%.*s", (int)value.n, (const char *)value.p);
}

static void on_answered(struct p2p_dht *dht, int err, const struct kad_lookup *l, const struct kad_contact *providers,
			void *context)
{
	(void)providers;
	CHECK(dht == ((struct member *)context)->dht && err == OK);
	CHECK(l->answered_n > 0 || l->values_n > 0 || l->providers_n > 0);
	answered_n++;
}

static int begin_search(struct member *m, enum kad_lookup_kind kind, struct bytes key, const struct bytes *value)
{
	return p2p_dht_search(m->dht, &(struct p2p_dht_question){.kind = kind,
								 .key = key,
								 .value = value,
								 .answered = on_answered,
								 .done = on_done,
								 .context = m});
}

static int search(unsigned who, enum kad_lookup_kind kind, struct bytes key, const struct bytes *value)
{
	const unsigned before = done_n, answered_before = answered_n;
	const int err = begin_search(&members[who], kind, key, value);
	if (err != OK)
		return err;
	CHECK(pair_until_n(&done_n, before + 1) && answered_n > answered_before);
	return done_err;
}

static struct bytes record(char *text, size_t room, unsigned port)
{
	char date[WALL_TEXT_BYTES + 1] = "";
	CHECK(wall_write((struct wall){clock_wall_s()}, date) == OK);
	(void)snprintf(text, room,
		       "{\"channel\":\"stable\",\"arch\":\"x86_64\",\"manifest_url\":\"http://127.0.0.1:%u/m.json\","
		       "\"http_addr\":\"127.0.0.1:%u\",\"manifest_version\":\"0.1.0\",\"created_at\":\"%.20s\","
		       "\"ttl_secs\":3600}",
		       port, port, date);
	return bytes_text(text);
}

TEST(what_one_puts_all_get)
{
	char text[512];
	begin(0);
	const struct bytes value = record(text, sizeof text, 8001);
	CHECK(search(1, KAD_LOOKUP_NODES, BYTES_LITERAL(KEY), &value) == OK && stored_n >= NODES - 2);
	for (unsigned i = 0; i < NODES; i++) {
		CHECK(search(i, KAD_LOOKUP_VALUES, BYTES_LITERAL(KEY), NULL) == OK);
		CHECK(values_n == 1 && strcmp(value_found, text) == 0);
	}
	/* A third of them gone changes nothing. */
	end_member(&members[1]);
	end_member(&members[2]);
	for (unsigned i = 3; i < NODES; i++) {
		CHECK(search(i, KAD_LOOKUP_VALUES, BYTES_LITERAL(KEY), NULL) == OK);
		CHECK(values_n == 1 && strcmp(value_found, text) == 0);
	}
	end();
}

/* A program that runs once asks at once. */
TEST(who_has_just_begun_waits_for_those_it_enters_by)
{
	char text[512];
	static struct member late;
	begin(0);
	const struct bytes value = record(text, sizeof text, 8001),
			   at = bytes_of(members[0].address, members[0].address_n);
	CHECK(search(1, KAD_LOOKUP_NODES, BYTES_LITERAL(KEY), &value) == OK);
	begin_member(&late, 100, false);
	CHECK(p2p_dht_bootstrap(late.dht, at) == OK && p2p_dht_table(late.dht)->n == 0);
	CHECK(begin_search(&late, KAD_LOOKUP_VALUES, BYTES_LITERAL(KEY), NULL) == OK);
	CHECK(pair_until_n(&done_n, 2) && done_err == OK && values_n == 1 && strcmp(value_found, text) == 0);
	end_member(&late);
	/* Nobody is there: it ends, with nothing. */
	end_member(&members[0]);
	begin_member(&late, 101, false);
	CHECK(p2p_dht_bootstrap(late.dht, at) == OK);
	CHECK(begin_search(&late, KAD_LOOKUP_VALUES, BYTES_LITERAL(KEY), NULL) == OK);
	CHECK(pair_until_n(&done_n, 3) && done_err == OK && values_n == 0);
	end_member(&late);
	end();
}

TEST(providers_of_one_key_stand_beside_each_other)
{
	char first[512], second[512];
	begin(1);
	const struct bytes a = record(first, sizeof first, 8001), b = record(second, sizeof second, 8002);
	CHECK(search(1, KAD_LOOKUP_NODES, BYTES_LITERAL(KEY), &a) == OK);
	CHECK(search(2, KAD_LOOKUP_NODES, BYTES_LITERAL(KEY), &b) == OK);
	/* A server has both; of others each gives one of them: who asks them sees both, at the latest when it asks
	 * again. */
	CHECK(search(3, KAD_LOOKUP_VALUES, BYTES_LITERAL(KEY), NULL) == OK && values_n == 2);
	const uint64_t until = clock_now_ms() + PAIR_PATIENCE_MS;
	do
		CHECK(search(NODES - 1, KAD_LOOKUP_VALUES, BYTES_LITERAL(KEY), NULL) == OK && values_n > 0);
	while (values_n < 2 && clock_now_ms() < until);
	CHECK(values_n == 2);
	CHECK(search(4, KAD_LOOKUP_NODES, BYTES_LITERAL("a multihash"), &(struct bytes){NULL, 0}) == OK &&
	      stored_n > 0);
	CHECK(search(5, KAD_LOOKUP_PROVIDERS, BYTES_LITERAL("a multihash"), NULL) == OK && providers_n == 1);
	CHECK(peer_id_equal(&found, p2p_node_id(members[4].node)));
	end();
}

TEST(one_that_is_alone_finds_what_it_has)
{
	char text[512];
	static struct member alone;
	done_n = 0;
	CHECK(uv_loop_init(&pair_loop) == 0);
	begin_member(&alone, 100, true);
	const struct bytes value = record(text, sizeof text, 8001), ourselves = BYTES_NONE;
	CHECK(begin_search(&alone, KAD_LOOKUP_NODES, BYTES_LITERAL(KEY), &value) == OK);
	CHECK(begin_search(&alone, KAD_LOOKUP_NODES, BYTES_LITERAL("a multihash"), &ourselves) == OK);
	CHECK(pair_until_n(&done_n, 2) && done_err == OK && stored_n == 0);
	const unsigned before = answered_n;
	CHECK(begin_search(&alone, KAD_LOOKUP_VALUES, BYTES_LITERAL(KEY), NULL) == OK);
	CHECK(pair_until_n(&done_n, 3) && done_err == OK && values_n == 1 && strcmp(value_found, text) == 0);
	CHECK(begin_search(&alone, KAD_LOOKUP_PROVIDERS, BYTES_LITERAL("a multihash"), NULL) == OK);
	CHECK(pair_until_n(&done_n, 4) && done_err == OK && providers_n == 1);
	CHECK(peer_id_equal(&found, p2p_node_id(alone.node)) && answered_n == before + 2);
	CHECK(begin_search(&alone, KAD_LOOKUP_VALUES, BYTES_LITERAL("/phase/beta/x86_64/manifest"), NULL) == OK);
	CHECK(pair_until_n(&done_n, 5) && done_err == OK && values_n == 0 && answered_n == before + 2);
	end_member(&alone);
	CHECK(uv_run(&pair_loop, UV_RUN_DEFAULT) == 0 && uv_loop_close(&pair_loop) == 0);
}

/* The address that was dialled stands first, once; where somebody has come from is no address of his. */
TEST(tables_have_where_peers_were_reached)
{
	struct bytes address;
	begin(0);
	for (unsigned i = 1; i < NODES; i++) {
		struct kad_key first, own;
		size_t at = 0;
		kad_key_of(&first, peer_id_bytes(p2p_node_id(members[0].node)));
		kad_key_of(&own, peer_id_bytes(p2p_node_id(members[i].node)));
		const struct kad_contact *c = kad_table_find(p2p_dht_table(members[i].dht), &first);
		CHECK(c != NULL && kad_contact_next(c, &at, &address) && !kad_contact_next(c, &at, &address) &&
		      memcmp(address.p, members[0].address, address.n) == 0 && c->from_group == 0);
		c = kad_table_find(p2p_dht_table(members[0].dht), &own);
		at = 0;
		CHECK(c != NULL && kad_contact_next(c, &at, &address) && !kad_contact_next(c, &at, &address) &&
		      memcmp(address.p, members[i].address, address.n) == 0);
	}
	end();
}

TEST(clients_are_served_and_stand_in_no_table)
{
	char text[512];
	begin(3);
	const struct bytes value = record(text, sizeof text, 8001);
	CHECK(search(NODES - 1, KAD_LOOKUP_NODES, BYTES_LITERAL(KEY), &value) == OK && stored_n == NODES - 3);
	CHECK(search(NODES - 2, KAD_LOOKUP_VALUES, BYTES_LITERAL(KEY), NULL) == OK && values_n == 1);
	CHECK(p2p_dht_table(members[0].dht)->n == NODES - 3 - 1);
	end();
}

TEST(what_is_no_record_is_not_stored)
{
	static uint8_t much[KAD_VALUE_BYTES_MAX + 1];
	begin(0);
	const struct bytes bad = BYTES_LITERAL("no record"), large = bytes_of(much, sizeof much);
	CHECK(search(1, KAD_LOOKUP_NODES, BYTES_LITERAL(KEY), &bad) == ERR_SYNTAX);
	CHECK(search(1, KAD_LOOKUP_NODES, BYTES_LITERAL(KEY), &large) == ERR_VALUE);
	CHECK(search(1, KAD_LOOKUP_NODES, (struct bytes){NULL, 0}, NULL) == ERR_VALUE && done_n == 0);
	end();
}

/* A server that was away knows again what it keeps, and finds those that are still there without being told of any. */
TEST(what_was_kept_is_taken_up_again)
{
	static uint8_t room[KAD_SNAPSHOT_BYTES_MAX];
	struct kad_snapshot_taken taken;
	char text[512];
	begin(0);
	const struct bytes value = record(text, sizeof text, 8001);
	const uint64_t changes = p2p_dht_changes(members[0].dht), until = clock_now_ms() + PAIR_PATIENCE_MS;
	CHECK(search(1, KAD_LOOKUP_NODES, BYTES_LITERAL(KEY), &value) == OK && stored_n >= NODES - 2);
	CHECK(p2p_dht_changes(members[0].dht) > changes);
	struct writer w = writer_of(room, sizeof room);
	p2p_dht_keep(members[0].dht, &w);
	end_member(&members[0]);
	end_member(&members[3]);
	begin_member(&members[0], 1, true);
	CHECK(p2p_dht_restore(members[0].dht, bytes_of(room, w.n - 1), &taken) == ERR_TRUNCATED);
	CHECK(p2p_dht_restore(members[0].dht, writer_view(&w), &taken) == OK);
	CHECK(taken.contacts_n == NODES - 1 && taken.values_n == 1 && p2p_dht_table(members[0].dht)->n == 0);
	/* Also when it is kept again before anybody has answered. */
	w = writer_of(room, sizeof room);
	p2p_dht_keep(members[0].dht, &w);
	CHECK(p2p_dht_restore(members[0].dht, writer_view(&w), &taken) == OK && taken.contacts_n == NODES - 1);
	while (p2p_dht_table(members[0].dht)->n < NODES - 2 && clock_now_ms() < until)
		pair_turn();
	CHECK(p2p_dht_table(members[0].dht)->n == NODES - 2);
	end();
}

TEST(it_ends_in_the_middle_of_a_search)
{
	begin(0);
	CHECK(begin_search(&members[1], KAD_LOOKUP_VALUES, BYTES_LITERAL(KEY), NULL) == OK);
	end_member(&members[1]);
	CHECK(done_n == 1 && done_err == ERR_INTERRUPTED);
	CHECK(begin_search(&members[2], KAD_LOOKUP_VALUES, BYTES_LITERAL(KEY), NULL) == OK);
	pair_turn();
	end_member(&members[2]);
	CHECK(done_n == 2);
	end();
}

/* --- a peer that makes others dial --- */

static struct kad_contact told[2];

static void tell(struct kad_contact *c, const struct peer_id *id, struct bytes address)
{
	kad_contact_init(c, id);
	c->bytes[0] = (uint8_t)address.n; /* kad_contact_add would refuse some */
	memcpy(c->bytes + 1, address.p, address.n);
	c->n = (uint8_t)(1 + address.n);
}

static int on_asked(void *context, struct p2p_node *node, const struct peer_id *from, struct bytes request,
		    struct writer *w)
{
	struct kad_message m;
	(void)context, (void)node, (void)from;
	if (kad_message_read(&m, request) != OK)
		return ERR_PROTOCOL;
	kad_message_begin(w, m.type, m.key);
	for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
		kad_message_write_peer(w, KAD_CLOSER, &told[i]);
	return OK;
}

/* A socket of this machine that nobody should come to. */
static int begin_sink(unsigned *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof at;
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	CHECK(fd >= 0 && bind(fd, (const struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 8) == 0);
	CHECK(getsockname(fd, (struct sockaddr *)&at, &n) == 0);
	*port = ntohs(at.sin_port);
	return fd;
}

/* Whoever it is told by, even at an address that is believed about any other; the one that it tells of beside is
 * asked, by its address. */
TEST(no_name_that_is_told_is_dialled)
{
	static struct p2p_server server = {.name = KAD_PROTOCOL,
					   .answer = on_asked,
					   .request_bytes_max = 65536,
					   .answer_bytes_max = 16384,
					   .idle_ms = PAIR_PATIENCE_MS};
	static struct member asker, honest;
	static struct pair_side liar;
	uint8_t name[64], at[MULTIADDR_BYTES_MAX];
	char text[64];
	unsigned port;
	struct writer n = writer_of(name, sizeof name), w = writer_of(at, sizeof at);
	const struct peer_id nobody = {.n = 34, .bytes = {0x12, 0x20}};
	const int sink = begin_sink(&port);
	CHECK(uv_loop_init(&pair_loop) == 0);
	done_n = answered_n = 0;
	pair_side_begin(&liar, 90, "liar", NULL);
	CHECK(p2p_serve(liar.node, &server) == OK);
	begin_member(&honest, 91, true);
	begin_member(&asker, 92, false);
	(void)snprintf(text, sizeof text, "/dns4/127.0.0.1/tcp/%u", port);
	CHECK(multiaddr_parse(&n, bytes_text(text)) == OK);
	tell(&told[0], &nobody, writer_view(&n));
	tell(&told[1], p2p_node_id(honest.node), bytes_of(honest.address, honest.address_n));
	write_bytes(&w, bytes_of(liar.address, liar.address_n));
	multiaddr_write_part(&w, MULTIADDR_P2P, peer_id_bytes(&liar.id));
	CHECK(p2p_dht_bootstrap(asker.dht, writer_view(&w)) == OK);
	CHECK(begin_search(&asker, KAD_LOOKUP_NODES, BYTES_LITERAL(KEY), NULL) == OK);
	CHECK(pair_until_n(&done_n, 1) && done_err == OK && answered_n == 2);
	CHECK(accept(sink, NULL, NULL) < 0 && errno == EAGAIN);
	(void)close(sink);
	end_member(&asker);
	end_member(&honest);
	pair_side_end(&liar);
	CHECK(uv_run(&pair_loop, UV_RUN_DEFAULT) == 0 && uv_loop_close(&pair_loop) == 0);
}

int main(void)
{
	RUN(what_one_puts_all_get);
	RUN(who_has_just_begun_waits_for_those_it_enters_by);
	RUN(providers_of_one_key_stand_beside_each_other);
	RUN(one_that_is_alone_finds_what_it_has);
	RUN(tables_have_where_peers_were_reached);
	RUN(clients_are_served_and_stand_in_no_table);
	RUN(what_is_no_record_is_not_stored);
	RUN(what_was_kept_is_taken_up_again);
	RUN(it_ends_in_the_middle_of_a_search);
	RUN(no_name_that_is_told_is_dialled);
	return test_end();
}

#include "kad/server.h"

#include "core/hex.h"
#include "kad_peers.h"

#define KEY BYTES_LITERAL("/phase/stable/x86_64/manifest")
#define WALL_S 1767323045

static struct kad_table table;
static struct kad_table_entry entries[KAD_TABLE_ROOM];
static struct kad_slot value_slots[64], provider_slots[64];
static struct kad_values_entry value_entries[64];
static struct kad_provider provider_entries[64];
static struct kad_values values;
static struct kad_providers providers;
static struct kad_contact self;
static struct kad_server server;
static uint8_t bytes[65536], asked[70000], answered[KAD_SENT_BYTES_MAX];
static struct kad_message m; /* the last answer */
static struct kad_now now = {5000, {WALL_S}};

static void begin(void)
{
	self = test_contact(0, "/ip4/8.0.0.1/tcp/4001");
	kad_table_init(&table, &self.id, entries, KAD_TABLE_ROOM, 1000);
	kad_values_init(&values, &kad_record_rules, value_slots, value_entries, 64, bytes, sizeof bytes);
	kad_providers_init(&providers, provider_slots, provider_entries, 64);
	kad_server_init(&server, &self, &table, &values, &providers);
	for (unsigned i = 1; i <= 60; i++) {
		char text[64];
		(void)snprintf(text, sizeof text, "/ip4/%u.%u.0.1/tcp/4001", i % 50 == 7 ? 10 : 20, i);
		const struct kad_contact c = test_contact(i, text);
		(void)!kad_table_heard(&table, &c, 1000);
	}
}

/* What peer number from says at an address. */
static int ask_from(unsigned from, const char *address, struct bytes request)
{
	const struct peer_id id = test_peer_id(from);
	const struct kad_asker asker = {&id, test_address(address)};
	struct writer w = writer_of(answered, sizeof answered);
	const int err = kad_server_answer(&server, &asker, request, now, &w);
	memset(&m, 0, sizeof m);
	if (err != OK)
		CHECK(w.n == 0);
	else if (w.n > 0)
		CHECK(kad_message_read(&m, writer_view(&w)) == OK);
	return err;
}

static int ask(struct bytes request)
{
	return ask_from(1, "/ip4/20.1.0.1/tcp/50000", request);
}

static struct bytes request(enum kad_type type, struct bytes key)
{
	struct writer w = writer_of(asked, sizeof asked);
	kad_message_begin(&w, type, key);
	return writer_view(&w);
}

static struct bytes put_request(struct bytes key, struct bytes record_key, const char *value)
{
	struct writer w = writer_of(asked, sizeof asked);
	kad_message_begin(&w, KAD_PUT_VALUE, key);
	kad_message_write_record(&w, record_key, bytes_text(value), BYTES_LITERAL("2020-01-01T00:00:00Z"));
	return writer_view(&w);
}

static struct bytes provide_request(unsigned who, const char *address)
{
	struct writer w = writer_of(asked, sizeof asked);
	const struct kad_contact c = test_contact(who, address);
	kad_message_begin(&w, KAD_ADD_PROVIDER, BYTES_LITERAL("provided"));
	kad_message_write_peer(&w, KAD_PROVIDERS, &c);
	return writer_view(&w);
}

static unsigned peers_of(enum kad_field field, struct kad_contact out[static KAD_PEERS_MAX])
{
	unsigned n = 0;
	for (struct kad_peers p = kad_message_peers(&m, field); kad_peers_next(&p, KAD_SCOPE_LOOPBACK, &out[n]);)
		n++;
	return n;
}

static const char good[] = "{\"channel\":\"stable\",\"arch\":\"x86_64\",\"manifest_url\":\"http://8.8.8.8/m.json\","
			   "\"http_addr\":\"8.8.8.8:80\",\"manifest_version\":\"1\",\"created_at\":"
			   "\"2026-01-02T03:04:05Z\",\"ttl_secs\":3600}";

TEST(find_node)
{
	struct kad_contact out[KAD_PEERS_MAX];
	begin();
	const struct peer_id target = test_peer_id(3), asker = test_peer_id(1);
	CHECK(ask(request(KAD_FIND_NODE, peer_id_bytes(&target))) == OK && m.type == KAD_FIND_NODE);
	CHECK(peers_of(KAD_CLOSER, out) == KAD_K && peer_id_equal(&out[0].id, &target));
	for (unsigned i = 0; i < KAD_K; i++) {
		CHECK(!peer_id_equal(&out[i].id, &asker) && !peer_id_equal(&out[i].id, &self.id));
		CHECK(kad_contact_scope(&out[i]) == KAD_SCOPE_PUBLIC); /* of no use to it otherwise */
	}
	CHECK(ask(request(KAD_FIND_NODE, peer_id_bytes(&self.id))) == OK);
	CHECK(peers_of(KAD_CLOSER, out) == KAD_K && peer_id_equal(&out[0].id, &self.id));
	CHECK(ask(request(KAD_FIND_NODE, peer_id_bytes(&asker))) == OK && peers_of(KAD_CLOSER, out) == KAD_K);
	CHECK(!peer_id_equal(&out[0].id, &asker));
	/* A neighbour hears of neighbours. */
	const struct peer_id near = test_peer_id(7);
	CHECK(ask_from(2, "/ip4/10.9.9.9/tcp/1", request(KAD_FIND_NODE, peer_id_bytes(&near))) == OK);
	CHECK(peers_of(KAD_CLOSER, out) == KAD_K && peer_id_equal(&out[0].id, &near));
}

TEST(values_are_stored_and_found)
{
	struct kad_contact out[KAD_PEERS_MAX];
	begin();
	CHECK(ask(request(KAD_GET_VALUE, KEY)) == OK && !m.has_record && peers_of(KAD_CLOSER, out) == KAD_K);
	CHECK(ask(put_request(KEY, KEY, good)) == OK && m.type == KAD_PUT_VALUE && m.has_record);
	CHECK(bytes_equal(m.key, KEY) && bytes_equal(m.record_key, KEY) && bytes_is(m.value, good));
	CHECK(ask_from(2, "/ip4/9.9.9.9/tcp/1", request(KAD_GET_VALUE, KEY)) == OK && m.has_record);
	CHECK(bytes_equal(m.record_key, KEY) && bytes_is(m.value, good) && peers_of(KAD_CLOSER, out) == KAD_K);
	CHECK(bytes_is(m.time_received, "2026-01-02T03:04:05Z")); /* our clock, not the sender's */
}

/* The record of good's provider, of another date, life and version. */
static const char *record_of(int64_t created_s, unsigned ttl_s, const char *version)
{
	static char text[512];
	char date[WALL_TEXT_BYTES];
	CHECK(wall_write((struct wall){created_s}, date) == OK);
	(void)snprintf(text, sizeof text,
		       "{\"channel\":\"stable\",\"arch\":\"x86_64\",\"manifest_url\":\"http://8.8.8.8/m.json\","
		       "\"http_addr\":\"8.8.8.8:80\",\"manifest_version\":\"%s\",\"created_at\":\"%.*s\","
		       "\"ttl_secs\":%u}",
		       version, (int)sizeof date, date, ttl_s);
	return text;
}

/* Whether any of the next answers has a record of this version. */
static bool is_told(const char *version)
{
	char member[64];
	(void)snprintf(member, sizeof member, "\"manifest_version\":\"%s\"", version);
	for (unsigned i = 0; i < KAD_VALUES_PER_KEY; i++) {
		CHECK(ask_from(3, "/ip4/9.9.9.9/tcp/1", request(KAD_GET_VALUE, KEY)) == OK);
		if (m.has_record && memmem(m.value.p, m.value.n, member, strlen(member)) != NULL)
			return true;
		now.wall.s += 10; /* the next round gives the next value */
		now.ms += 10000;
	}
	return false;
}

static void later(uint64_t s)
{
	now.ms += s * 1000;
	now.wall.s += (int64_t)s;
}

TEST(nobody_takes_back_the_record_of_another)
{
	const char *const honest = "/ip4/20.1.0.1/tcp/50000", *const stranger = "/ip4/20.1.0.9/tcp/50000";
	now = (struct kad_now){5000, {WALL_S}};
	begin();
	CHECK(ask_from(1, honest, put_request(KEY, KEY, record_of(now.wall.s, 3600, "1"))) == OK);
	CHECK(ask_from(2, stranger, put_request(KEY, KEY, record_of(now.wall.s + 290, 1, "gone"))) == OK);
	later(600);
	CHECK(is_told("1") && !is_told("gone"));
	CHECK(ask_from(2, stranger, put_request(KEY, KEY, record_of(now.wall.s + 290, 172800, "evil"))) == OK);
	CHECK(ask_from(1, honest, put_request(KEY, KEY, record_of(now.wall.s, 3600, "2"))) == OK);
	CHECK(is_told("2") && is_told("evil") && !is_told("1"));
	/* Who has put it does, with another id, too. */
	CHECK(ask_from(5, honest, put_request(KEY, KEY, record_of(now.wall.s, 1, "3"))) == OK);
	later(2);
	CHECK(!is_told("2") && !is_told("3") && is_told("evil"));
	now = (struct kad_now){5000, {WALL_S}};
}

TEST(values_that_are_refused)
{
	begin();
	CHECK(ask(put_request(KEY, BYTES_LITERAL("/phase/stable/amd64/manifest"), good)) == ERR_PROTOCOL);
	CHECK(ask(request(KAD_PUT_VALUE, KEY)) == ERR_PROTOCOL);
	CHECK(ask(put_request(BYTES_LITERAL("/ipns/x"), BYTES_LITERAL("/ipns/x"), good)) == ERR_VALUE);
	CHECK(ask(put_request(KEY, KEY, "http://10.0.0.1/m.json")) == ERR_VALUE); /* a neighbour of whom? */
	CHECK(ask_from(2, "/ip4/10.1.1.1/tcp/9", put_request(KEY, KEY, "http://10.0.0.1/m.json")) == OK);
	CHECK(ask(put_request(KEY, KEY, "junk")) != OK && values.n == 1);
	static uint8_t key[KAD_RECORD_KEY_BYTES_MAX + 1];
	CHECK(ask(request(KAD_GET_VALUE, bytes_of(key, sizeof key))) == ERR_PROTOCOL);
	CHECK(ask(request(KAD_GET_VALUE, BYTES_NONE)) == ERR_PROTOCOL);
	CHECK(ask(request(KAD_FIND_NODE, BYTES_NONE)) == ERR_PROTOCOL);
	CHECK(ask(bytes_of(asked, KAD_REQUEST_BYTES_MAX + 1)) == ERR_LIMIT);
}

TEST(providers_speak_for_themselves)
{
	struct kad_contact out[KAD_PEERS_MAX];
	const struct bytes key = BYTES_LITERAL("provided");
	begin();
	CHECK(ask(provide_request(2, "/ip4/20.2.0.1/tcp/1")) == ERR_PROTOCOL);
	CHECK(ask(provide_request(1, "/ip4/10.0.0.1/tcp/1")) == ERR_PROTOCOL); /* nobody could reach that */
	CHECK(ask(provide_request(1, NULL)) == ERR_PROTOCOL);
	CHECK(ask(provide_request(1, "/ip4/20.1.0.1/tcp/1")) == OK && m.whole.n == 0);
	CHECK(ask_from(2, "/ip4/20.2.0.1/tcp/1", request(KAD_GET_PROVIDERS, key)) == OK);
	const struct peer_id provider = test_peer_id(1);
	CHECK(peers_of(KAD_PROVIDERS, out) == 1 && peer_id_equal(&out[0].id, &provider));
	CHECK(peers_of(KAD_CLOSER, out) == KAD_K);
	CHECK(ask(request(KAD_GET_PROVIDERS, BYTES_LITERAL("else"))) == OK && peers_of(KAD_PROVIDERS, out) == 0);
}

TEST(ping_and_the_words_of_others)
{
	cJSON *json = test_vectors("kad-messages.json");
	const cJSON *messages = cJSON_GetObjectItemCaseSensitive(json, "messages");
	uint8_t raw[256];
	const char *names[] = {"PING", "GET_VALUE", "FIND_NODE", "GET_PROVIDERS"};
	begin();
	for (size_t i = 0; i < 4; i++) {
		const char *hex = test_text(messages, names[i]);
		CHECK(hex_decode(bytes_text(hex), raw, strlen(hex) / 2) == OK);
		CHECK(ask(bytes_of(raw, strlen(hex) / 2)) == OK && m.whole.n > 0);
		CHECK(i != 0 || (m.type == KAD_PING && m.whole.n == 2));
	}
	cJSON_Delete(json);
}

#define SERVERS 60

/* The value in the last answer, "http://8.N.8.8/m.json", as bit N. */
static unsigned value_told(void)
{
	return CHECK(m.value.p != NULL && m.value.n == 21) ? 1U << (m.value.p[9] - '0') : 0;
}

/* Whether a server does not know another one. */
static bool is_unknown(unsigned who, unsigned other, unsigned of_100, struct kad_now at)
{
	const int64_t seed[] = {who, other, at.wall.s};
	struct kad_key any;
	kad_key_of(&any, bytes_of(seed, sizeof seed));
	return load_be64(any.bytes) % 100 < of_100;
}

/* Server number who, with this many values, that came in an order of its own, and of the other servers those that it
 * knows; what it answers, as a bit for each value. */
static unsigned value_told_by(unsigned who, unsigned values_n, unsigned unknown_of_100, struct kad_now at)
{
	char text[512];
	self = test_contact(who, "/ip4/8.0.0.1/tcp/4001");
	kad_table_init(&table, &self.id, entries, KAD_TABLE_ROOM, 1000);
	kad_values_init(&values, &kad_record_rules, value_slots, value_entries, 64, bytes, sizeof bytes);
	kad_server_init(&server, &self, &table, &values, &providers);
	for (unsigned i = 1; i <= SERVERS; i++) {
		(void)snprintf(text, sizeof text, "/ip4/20.%u.0.1/tcp/4001", i);
		const struct kad_contact c = test_contact(i, text);
		if (i != who && !is_unknown(who, i, unknown_of_100, at))
			(void)!kad_table_heard(&table, &c, 1000);
	}
	for (unsigned i = 0; i < values_n; i++) {
		struct kad_owner owner;
		const unsigned n = (i * 3 + who) % values_n;
		const struct peer_id id = test_peer_id(200 + n);
		(void)snprintf(text, sizeof text, "http://8.%u.8.8/m.json", n);
		kad_owner_of(&owner, &id, test_address("/ip4/9.9.9.9/tcp/1"));
		CHECK(kad_values_put(&values, KEY, bytes_text(text), &owner, KAD_SCOPE_PUBLIC, 0, at) == OK);
	}
	const struct peer_id id = test_peer_id(100);
	const struct kad_asker asker = {&id, test_address("/ip4/30.0.0.1/tcp/5")};
	struct writer w = writer_of(answered, sizeof answered);
	CHECK(kad_server_answer(&server, &asker, request(KAD_GET_VALUE, KEY), at, &w) == OK);
	CHECK(kad_message_read(&m, writer_view(&w)) == OK && m.has_record);
	return value_told();
}

/* Of the values, those that a look-up sees: it asks the servers nearest to the key. */
static unsigned look_up(unsigned values_n, unsigned unknown_of_100, struct kad_now at)
{
	struct kad_key target;
	struct kad_contact near[SERVERS];
	unsigned number[SERVERS], seen = 0;
	kad_key_of(&target, KEY);
	for (unsigned i = 0; i < SERVERS; i++) {
		const struct kad_contact c = test_contact(i + 1, NULL);
		unsigned k = i;
		for (; k > 0 && kad_key_order(&target, &c.key, &near[k - 1].key) < 0; k--) {
			near[k] = near[k - 1];
			number[k] = number[k - 1];
		}
		near[k] = c;
		number[k] = i + 1;
	}
	for (unsigned i = 0; i < KAD_K; i++)
		seen |= value_told_by(number[i], values_n, unknown_of_100, at);
	return (unsigned)__builtin_popcount(seen);
}

/* Each server gives one; nobody wants to ask for minutes to hear of all. */
TEST(one_look_up_sees_all_values_of_a_key)
{
	const unsigned rounds = 20;
	unsigned seen = 0;
	for (unsigned n = 1; n <= KAD_VALUES_PER_KEY; n++)
		for (unsigned i = 0; i < 5; i++)
			CHECK(look_up(n, 0, (struct kad_now){5000, {WALL_S + i * 10}}) == n);
	/* And nearly all of them where servers do not know all others. */
	for (unsigned i = 0; i < rounds; i++)
		seen += look_up(KAD_VALUES_PER_KEY, 10, (struct kad_now){5000, {WALL_S + i * 10}});
	if (!CHECK(seen * 20 >= rounds * KAD_VALUES_PER_KEY * 19))
		printf("# %u of %u\n", seen, rounds * KAD_VALUES_PER_KEY);
	/* No value depends on one server: what that gives changes. */
	unsigned told = 0;
	for (unsigned i = 0; i < 60; i++)
		told |= value_told_by(1, KAD_VALUES_PER_KEY, 0, (struct kad_now){5000, {WALL_S + i * 10}});
	CHECK(told == (1U << KAD_VALUES_PER_KEY) - 1);
}

/* One that has no neighbours gives them all in turn, however quickly it is asked. */
TEST(a_server_alone_gives_all_values)
{
	unsigned told = value_told_by(1, KAD_VALUES_PER_KEY, 100, now);
	CHECK(table.n == 0);
	for (unsigned i = 1; i < KAD_VALUES_PER_KEY; i++) {
		CHECK(ask(request(KAD_GET_VALUE, KEY)) == OK);
		told |= value_told();
	}
	CHECK(told == (1U << KAD_VALUES_PER_KEY) - 1);
}

/* The largest value and twenty peers with as many addresses as are kept fit what rust-libp2p reads. */
TEST(answers_are_bounded)
{
	struct kad_contact out[KAD_PEERS_MAX];
	begin();
	for (unsigned i = 0; i < KAD_TABLE_ROOM; i++)
		for (unsigned port = 1; entries[i].used && port < 100; port++) {
			char text[64];
			(void)snprintf(text, sizeof text, "/ip6/2a00::%x/udp/%u/quic-v1", i, port);
			(void)kad_contact_add(&entries[i].contact, test_address(text), KAD_SCOPE_PUBLIC,
					      KAD_CONTACT_BYTES);
		}
	CHECK(ask(put_request(KEY, KEY, good)) == OK);
	CHECK(ask(request(KAD_GET_VALUE, KEY)) == OK && m.has_record && peers_of(KAD_CLOSER, out) == KAD_K);
	for (size_t room = 0; room < m.whole.n; room += 37) {
		const struct peer_id id = test_peer_id(1);
		const struct kad_asker asker = {&id, test_address("/ip4/20.1.0.1/tcp/1")};
		struct writer w = writer_of(answered, room);
		const int err = kad_server_answer(&server, &asker, request(KAD_GET_VALUE, KEY), now, &w);
		CHECK(err == OK || (err == ERR_NO_SPACE && w.n == 0));
		CHECK(err != OK || kad_message_read(&m, writer_view(&w)) == OK);
	}
}

int main(void)
{
	RUN(find_node);
	RUN(values_are_stored_and_found);
	RUN(nobody_takes_back_the_record_of_another);
	RUN(values_that_are_refused);
	RUN(providers_speak_for_themselves);
	RUN(ping_and_the_words_of_others);
	RUN(one_look_up_sees_all_values_of_a_key);
	RUN(a_server_alone_gives_all_values);
	RUN(answers_are_bounded);
	return test_end();
}

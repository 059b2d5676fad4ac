#include "kad/message.h"

#include "core/hex.h"
#include "core/protobuf.h"
#include "kad_peers.h"

static uint8_t raw[4096], made[4096];

static struct bytes from_hex(const char *hex)
{
	const size_t n = strlen(hex) / 2;
	if (n > sizeof raw || hex_decode(bytes_text(hex), raw, n) != OK)
		abort();
	return bytes_of(raw, n);
}

/* Writes again what was read. */
static struct bytes again(const struct kad_message *m)
{
	struct writer w = writer_of(made, sizeof made);
	struct kad_contact c;
	kad_message_begin(&w, m->type, m->key);
	if (m->has_record)
		kad_message_write_record(&w, m->record_key, m->value, m->time_received);
	static const enum kad_field fields[] = {KAD_CLOSER, KAD_PROVIDERS};
	for (size_t i = 0; i < 2; i++)
		for (struct kad_peers p = kad_message_peers(m, fields[i]); kad_peers_next(&p, KAD_SCOPE_LOOPBACK, &c);)
			kad_message_write_peer(&w, fields[i], &c);
	return writer_view(&w);
}

static unsigned count(const struct kad_message *m, enum kad_field field, enum kad_scope least)
{
	struct kad_contact c;
	unsigned n = 0;
	for (struct kad_peers p = kad_message_peers(m, field); kad_peers_next(&p, least, &c);)
		n++;
	return n;
}

static const char *const names[] = {"PUT_VALUE",      "GET_VALUE", "ADD_PROVIDER", "GET_PROVIDERS",
				    "FIND_NODE_RESP", "PING",      "FIND_NODE"};

/* What js-libp2p writes is written here byte for byte. */
TEST(messages_of_js_libp2p)
{
	static const enum kad_type types[] = {KAD_PUT_VALUE, KAD_GET_VALUE, KAD_ADD_PROVIDER, KAD_GET_PROVIDERS,
					      KAD_FIND_NODE, KAD_PING,      KAD_FIND_NODE};
	cJSON *json = test_vectors("kad-messages.json");
	const cJSON *messages = cJSON_GetObjectItemCaseSensitive(json, "messages");
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct kad_message m = {.key = BYTES_NONE};
		const struct bytes in = from_hex(test_text(messages, names[i]));
		CHECK(in.n > 0 && kad_message_read(&m, in) == OK && m.type == types[i]);
		CHECK(bytes_equal(again(&m), in));
		CHECK(count(&m, KAD_CLOSER, KAD_SCOPE_LOOPBACK) == (i == 4));
		CHECK(count(&m, KAD_PROVIDERS, KAD_SCOPE_LOOPBACK) == (i == 2));
		CHECK(count(&m, KAD_PROVIDERS, KAD_SCOPE_PRIVATE) == 0); /* they are at 127.0.0.1 */
		CHECK(m.has_record == (i == 0));
		if (i == 0)
			CHECK(bytes_equal(m.key, m.record_key) && bytes_is(m.value, "{\"seq\":1}") &&
			      bytes_is(m.key, "/phase/stable/x86_64/manifest"));
	}
	cJSON_Delete(json);
}

TEST(messages_of_rust_libp2p)
{
	cJSON *json = test_vectors("phase-dht.json"), *record;
	unsigned n = 0;
	cJSON_ArrayForEach(record, cJSON_GetObjectItemCaseSensitive(json, "records"))
	{
		struct kad_message m = {.key = BYTES_NONE};
		CHECK(kad_message_read(&m, from_hex(test_text(record, "put_value_message_hex"))) == OK);
		CHECK(m.type == KAD_PUT_VALUE && m.ttl_s == 172800 && bytes_equal(m.key, m.record_key));
		CHECK(bytes_is(m.key, test_text(record, "key_text")) && bytes_is(m.value, test_text(record, "value")));
		CHECK(kad_message_read(&m, from_hex(test_text(record, "get_value_message_hex"))) == OK);
		CHECK(m.type == KAD_GET_VALUE && bytes_is(m.key, test_text(record, "key_text")) && !m.has_record);
		n++;
	}
	CHECK(n == 3);
	cJSON_Delete(json);
}

static void try_all(const struct kad_message *m)
{
	(void)count(m, KAD_CLOSER, KAD_SCOPE_LOOPBACK);
	(void)count(m, KAD_PROVIDERS, KAD_SCOPE_LOOPBACK);
	CHECK(m->type <= KAD_PING && m->key.n + m->value.n + m->record_key.n <= m->whole.n);
}

TEST(cut_and_flipped)
{
	cJSON *json = test_vectors("kad-messages.json");
	const cJSON *messages = cJSON_GetObjectItemCaseSensitive(json, "messages");
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const struct bytes in = from_hex(test_text(messages, names[i]));
		struct kad_message m = {.key = BYTES_NONE};
		for (size_t n = 0; n < in.n; n++) {
			m = (struct kad_message){.ttl_s = 77};
			if (kad_message_read(&m, bytes_of(in.p, n)) == OK)
				try_all(&m);
			else
				CHECK(m.ttl_s == 77); /* untouched */
		}
		for (size_t bit = 0; bit < 8 * in.n; bit++) {
			raw[bit / 8] ^= (uint8_t)(1U << bit % 8);
			if (kad_message_read(&m, in) == OK)
				try_all(&m);
			raw[bit / 8] ^= (uint8_t)(1U << bit % 8);
		}
	}
	cJSON_Delete(json);
}

TEST(what_is_no_message)
{
	struct kad_message m = {.key = BYTES_NONE};
	CHECK(kad_message_read(&m, BYTES_NONE) == OK && m.type == KAD_PUT_VALUE && m.key.n == 0);
	CHECK(kad_message_read(&m, BYTES_LITERAL("\x08\x06")) == ERR_PROTOCOL);         /* type 6 */
	CHECK(kad_message_read(&m, BYTES_LITERAL("\x0a\x00")) == ERR_PROTOCOL);         /* a type in text */
	CHECK(kad_message_read(&m, BYTES_LITERAL("\x10\x05")) == ERR_PROTOCOL);         /* a key in digits */
	CHECK(kad_message_read(&m, BYTES_LITERAL("\x1a\x01\x08")) == ERR_PROTOCOL);     /* a record cut short */
	CHECK(kad_message_read(&m, BYTES_LITERAL("\x1a\x02\x08\x01")) == ERR_PROTOCOL); /* its key in digits */
	CHECK(kad_message_read(&m, BYTES_LITERAL("\x42\x02\x0a\x05")) == ERR_PROTOCOL); /* a peer cut short */
	CHECK(kad_message_read(&m, BYTES_LITERAL("\x4a\x02\x10\x01")) == ERR_PROTOCOL); /* an address in digits */
	static uint8_t large[KAD_MESSAGE_BYTES_MAX + 1];
	CHECK(kad_message_read(&m, bytes_of(large, sizeof large)) == ERR_PROTOCOL);
}

/* Junk among the peers costs nobody else; more than the limit is left out. */
TEST(peers_of_all_kinds)
{
	static uint8_t room[65536];
	struct writer w = writer_of(room, sizeof room);
	struct kad_message m = {.key = BYTES_NONE};
	struct kad_contact c;
	kad_message_begin(&w, KAD_FIND_NODE, BYTES_LITERAL("key"));
	write_bytes(&w, BYTES_LITERAL("\x42\x00"));          /* no id */
	write_bytes(&w, BYTES_LITERAL("\x42\x03\x0a\x01x")); /* an id that is none */
	c = test_contact(1, NULL);
	kad_message_write_peer(&w, KAD_CLOSER, &c); /* no address */
	c = test_contact(2, "/ip4/8.8.8.8/tcp/1");
	kad_message_write_peer(&w, KAD_CLOSER, &c);
	/* An address of an unknown protocol before a good one, and the id after both. */
	c = test_contact(3, NULL);
	const size_t begun = protobuf_write_begin(&w, KAD_CLOSER);
	protobuf_write_bytes(&w, 2, BYTES_LITERAL("\x89\x06\x01"));
	protobuf_write_bytes(&w, 2, test_address("/ip4/9.9.9.9/tcp/2"));
	protobuf_write_bytes(&w, 1, peer_id_bytes(&c.id));
	protobuf_write_end(&w, begun);
	CHECK(kad_message_read(&m, writer_view(&w)) == OK);
	struct kad_peers p = kad_message_peers(&m, KAD_CLOSER);
	CHECK(kad_peers_next(&p, KAD_SCOPE_PUBLIC, &c) && c.n == 9);
	CHECK(kad_peers_next(&p, KAD_SCOPE_PUBLIC, &c) && c.n == 9 && c.id.bytes[2] == test_peer_id(3).bytes[2]);
	CHECK(!kad_peers_next(&p, KAD_SCOPE_PUBLIC, &c));
	for (unsigned i = 0; i < 1000; i++) {
		c = test_contact(i, "/ip4/8.8.8.8/tcp/1");
		kad_message_write_peer(&w, KAD_CLOSER, &c);
	}
	CHECK(!w.full && kad_message_read(&m, writer_view(&w)) == OK);
	CHECK(count(&m, KAD_CLOSER, KAD_SCOPE_PUBLIC) == KAD_PEERS_MAX - 3);
}

int main(void)
{
	RUN(messages_of_js_libp2p);
	RUN(messages_of_rust_libp2p);
	RUN(cut_and_flipped);
	RUN(what_is_no_message);
	RUN(peers_of_all_kinds);
	return test_end();
}

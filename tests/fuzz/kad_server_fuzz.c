/* A server and a look-up among strangers. The input is a row of frames, each with three bytes before it: how long it
 * is, and who sends it where to. Whatever comes: an answer is a message that fits, stores hold what they may, and a
 * look-up ends. */
#include <assert.h>

#include "core/err.h"
#include "kad/lookup.h"
#include "kad/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROOM 32
#define KEY BYTES_LITERAL("/phase/stable/x86_64/manifest")

static struct kad_table table;
static struct kad_table_entry entries[ROOM];
static struct kad_slot value_slots[ROOM], provider_slots[ROOM];
static struct kad_values_entry value_entries[ROOM];
static struct kad_provider provider_entries[ROOM];
static struct kad_values values;
static struct kad_providers providers;
static struct kad_contact self, told[ROOM];
static uint8_t bytes[8192], collected[4096];

/* Peer n, at a public address or a private one. */
static void make(struct kad_contact *c, uint8_t n)
{
	struct peer_id id = {.n = 34, .bytes = {0x12, 0x20, n}};
	uint8_t address[] = {4, n % 4 == 0 ? 10 : 20, n, 0, 1, 6, 0x0f, 0xa1};
	kad_contact_init(c, &id);
	(void)kad_contact_add(c, bytes_of(address, sizeof address), KAD_SCOPE_LOOPBACK, KAD_CONTACT_BYTES);
}

static void serve(struct kad_server *server, uint8_t from, struct bytes frame, uint64_t now_ms)
{
	static uint8_t room[KAD_SENT_BYTES_MAX + 100];
	struct kad_contact c;
	struct kad_message m;
	struct bytes address;
	size_t at = 0;
	make(&c, from);
	if (!kad_contact_next(&c, &at, &address))
		return;
	const struct kad_asker asker = {&c.id, address};
	struct writer w = writer_of(room, sizeof room);
	const int err = kad_server_answer(server, &asker, frame, (struct kad_now){now_ms, {1767323045}}, &w);
	assert(w.n <= KAD_SENT_BYTES_MAX && (err == OK || w.n == 0) && err != ERR_NO_SPACE);
	if (w.n > 0)
		assert(kad_message_read(&m, writer_view(&w)) == OK);
	assert(values.n <= ROOM && values.bytes_n <= sizeof bytes);
	if (from % 3 == 0)
		(void)!kad_table_heard(&table, &c, now_ms);
	else if (from % 3 == 1)
		kad_table_failed(&table, &c.id, now_ms);
	assert(table.n <= ROOM);
}

static void look_up(struct kad_lookup *l, struct bytes frame, uint64_t *now_ms)
{
	struct kad_lookup_want want;
	kad_lookup_next(l, *now_ms, &want);
	if (want.kind == KAD_LOOKUP_ASK) {
		*now_ms += 10;
		(void)!kad_lookup_answered(l, want.peer, frame, (struct kad_now){*now_ms, {1767323045}});
	} else if (want.kind == KAD_LOOKUP_STORE) {
		kad_lookup_put_answered(l, want.peer, frame, BYTES_LITERAL("v"));
	} else if (want.kind == KAD_LOOKUP_WAIT) {
		assert(want.at_ms > *now_ms);
		*now_ms = want.at_ms;
	}
}

/* Nobody answers any more. */
static void finish(struct kad_lookup *l, uint64_t now_ms)
{
	for (unsigned i = 0; !l->done; i++) {
		struct kad_lookup_want want;
		assert(i < 2000);
		kad_lookup_next(l, now_ms, &want);
		if (want.kind == KAD_LOOKUP_WAIT)
			now_ms = want.at_ms;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct kad_lookup lookups[3];
	struct kad_server server;
	struct reader r = reader_of(bytes_of(data, size));
	uint64_t now_ms = 1000;
	const struct kad_lookup_room room = {.rules = &kad_record_rules,
					     .values = collected,
					     .values_bytes = sizeof collected,
					     .providers = told,
					     .providers_max = ROOM};
	make(&self, 255);
	kad_table_init(&table, &self.id, entries, ROOM, now_ms);
	kad_values_init(&values, &kad_record_rules, value_slots, value_entries, ROOM, bytes, sizeof bytes);
	kad_providers_init(&providers, provider_slots, provider_entries, ROOM);
	kad_server_init(&server, &self, &table, &values, &providers);
	for (unsigned i = 0; i < 3; i++) {
		kad_lookup_init(&lookups[i], (enum kad_lookup_kind)i, KEY, &self.id, &room);
		for (uint8_t n = 0; n < 8; n++) {
			struct kad_contact c;
			make(&c, n);
			kad_lookup_seed(&lookups[i], &c);
		}
	}
	while (r.left.n > 2 && !r.dead) {
		const uint16_t n = read_be16(&r);
		const uint8_t from = read_u8(&r);
		const struct bytes frame = read_bytes(&r, n < r.left.n ? n : r.left.n);
		if (from < 128)
			serve(&server, from, frame, now_ms += 1000);
		else
			look_up(&lookups[from % 3], frame, &now_ms);
	}
	for (unsigned i = 0; i < 3; i++) {
		finish(&lookups[i], now_ms);
		kad_lookup_store(&lookups[i], BYTES_LITERAL("v"), now_ms);
		finish(&lookups[i], now_ms);
		assert(lookups[i].stored_n <= KAD_K && lookups[i].peers_n <= KAD_LOOKUP_PEERS_MAX);
	}
	return 0;
}

/* What a server of the DHT reads when it begins anew. The input is taken as a whole file, and as the entries of one
 * whose hash is right. Whatever it is: stores hold what they may, everything taken up lives no longer than allowed,
 * and what was taken up can be written and is read again as it is. */
#include <assert.h>
#include <string.h>

#include "core/err.h"
#include "kad/snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROOM 16
#define NOW_S 1767323045
#define NOW_MS 1000000
#define HEAD_BYTES (19 + 1 + 8 + 4)
#define ENTRIES_MAX 16384

struct stores {
	struct kad_table table;
	struct kad_values values;
	struct kad_providers providers;
	struct kad_table_entry entries[ROOM];
	struct kad_slot value_slots[ROOM], provider_slots[ROOM];
	struct kad_values_entry value_entries[ROOM];
	struct kad_provider provider_entries[ROOM];
	struct kad_contact contacts[ROOM];
	struct kad_snapshot_taken taken;
	uint8_t bytes[8192];
};

static struct stores first, second;
static uint8_t whole[HEAD_BYTES + ENTRIES_MAX + SHA256_BYTES], again[1 << 17];

static int take(struct stores *s, struct bytes file)
{
	const struct peer_id self = {.n = 34, .bytes = {0x12, 0x20, 255}};
	const struct kad_snapshot into = {&s->values, &s->providers, s->contacts, ROOM};
	kad_table_init(&s->table, &self, s->entries, ROOM, NOW_MS);
	kad_values_init(&s->values, &kad_record_rules, s->value_slots, s->value_entries, ROOM, s->bytes,
			sizeof s->bytes);
	kad_providers_init(&s->providers, s->provider_slots, s->provider_entries, ROOM);
	return kad_snapshot_read(&into, file, (struct kad_now){NOW_MS, {NOW_S}}, &s->taken);
}

static void check_values(const struct stores *s)
{
	struct kad_value v;
	unsigned n = 0;
	for (unsigned at = 0; kad_values_next(&s->values, &at, NOW_MS, &v); n++)
		assert(v.at_ms <= NOW_MS && v.until_ms <= NOW_MS + KAD_VALUES_AGE_MS &&
		       v.owner->group != KAD_QUOTA_OURS);
	assert(n == s->values.n && n <= s->taken.values_n && s->values.bytes_n <= sizeof s->bytes);
}

static unsigned check_providers(const struct stores *s)
{
	const struct kad_provider *p;
	const struct kad_slot *slot;
	unsigned n = 0;
	for (unsigned at = 0; (p = kad_providers_next(&s->providers, &at, NOW_MS, &slot)) != NULL; n++)
		assert(p->contact.n > 0 && slot->at_ms <= NOW_MS && slot->until_ms <= NOW_MS + KAD_PROVIDERS_AGE_MS);
	return n;
}

static void try(struct bytes file)
{
	if (take(&first, file) != OK)
		return;
	assert(first.taken.contacts_n <= ROOM);
	check_values(&first);
	const unsigned providers_n = check_providers(&first);
	for (unsigned i = 0; i < first.taken.contacts_n; i++) {
		assert(first.contacts[i].n > 0);
		(void)!kad_table_heard(&first.table, &first.contacts[i], NOW_MS - i);
	}
	struct writer w = writer_of(again, sizeof again);
	kad_snapshot_write(&w, &first.table, NULL, 0, &first.values, &first.providers,
			   (struct kad_now){NOW_MS, {NOW_S}});
	assert(!w.full && take(&second, writer_view(&w)) == OK);
	assert(second.taken.contacts_n == first.table.n && second.taken.left_n == 0 &&
	       second.values.n == first.values.n);
	assert(second.taken.values_n == first.values.n && second.taken.providers_n == providers_n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t hash[SHA256_BYTES];
	struct writer w = writer_of(whole, sizeof whole);
	try(bytes_of(data, size));
	if (size > ENTRIES_MAX)
		return 0;
	write_text(&w, "phase-kad-snapshot\n");
	write_u8(&w, 2);
	write_be64(&w, NOW_S);
	write_be32(&w, (uint32_t)size);
	write_bytes(&w, bytes_of(data, size));
	sha256_of(writer_view(&w), hash);
	write_bytes(&w, bytes_of(hash, sizeof hash));
	try(writer_view(&w));
	return 0;
}

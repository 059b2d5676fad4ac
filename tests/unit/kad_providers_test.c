#include "kad/providers.h"

#include "kad_peers.h"

#define ROOM 200
#define KEY                      \
	BYTES_LITERAL("\x12\x20" \
		      "0123456789abcdef0123456789abcdef")

static struct kad_slot slots[ROOM];
static struct kad_provider entries[ROOM];
static struct kad_providers providers;
static const struct kad_contact *out[KAD_PROVIDERS_PER_KEY];

static void begin(void)
{
	kad_providers_init(&providers, slots, entries, ROOM);
}

static int add(struct bytes key, unsigned peer, const char *address, uint64_t now_ms)
{
	struct kad_owner owner;
	const struct kad_contact c = test_contact(peer, address);
	kad_owner_of(&owner, &c.id, test_address(address));
	return kad_providers_add(&providers, key, &c, &owner, now_ms);
}

static unsigned get(uint64_t now_ms)
{
	return kad_providers_get(&providers, KEY, 0, now_ms, out);
}

TEST(several_of_one_key)
{
	begin();
	CHECK(get(0) == 0);
	CHECK(add(KEY, 1, "/ip4/8.8.8.8/tcp/1", 1000) == OK && add(KEY, 2, "/ip4/9.9.9.9/tcp/1", 2000) == OK);
	CHECK(add(BYTES_LITERAL("other"), 3, "/ip4/9.9.9.9/tcp/1", 2000) == OK);
	CHECK(get(3000) == 2 && out[0]->id.bytes[5] == test_peer_id(1).bytes[5]);
	CHECK(kad_providers_get(&providers, KEY, 1, 3000, out) == 2 && out[0]->id.bytes[5] == test_peer_id(2).bytes[5]);
	/* Again, from elsewhere. */
	CHECK(add(KEY, 1, "/ip4/8.8.4.4/tcp/1", 5000) == OK && get(5000) == 2);
	const struct kad_contact moved = test_contact(1, "/ip4/8.8.4.4/tcp/1");
	CHECK(memcmp(out[0]->bytes, moved.bytes, moved.n) == 0);
	CHECK(get(2000 + KAD_PROVIDERS_AGE_MS) == 1 && get(5000 + KAD_PROVIDERS_AGE_MS) == 0);
}

TEST(a_flood_leaves_room_for_others)
{
	char text[64];
	begin();
	for (unsigned i = 1; i <= 5; i++) {
		(void)snprintf(text, sizeof text, "/ip4/20.%u.0.1/tcp/1", i);
		CHECK(add(KEY, i, text, 1000) == OK);
	}
	for (unsigned i = 1000; i < 1500; i++)
		(void)!add(KEY, i, "/ip4/66.6.6.6/tcp/1", 2000 + i);
	CHECK(get(9000) == KAD_PROVIDERS_PER_KEY);
	for (unsigned i = 6; i <= 10; i++) {
		(void)snprintf(text, sizeof text, "/ip4/20.%u.0.1/tcp/1", i);
		CHECK(add(KEY, i, text, 9000) == OK);
	}
	unsigned honest = 0;
	const unsigned n = get(9000);
	for (unsigned i = 0; i < n; i++)
		honest += out[i]->bytes[2] == 20;
	CHECK(n == KAD_PROVIDERS_PER_KEY && honest == 10);
}

TEST(limits)
{
	static uint8_t key[KAD_PROVIDERS_KEY_BYTES_MAX + 1];
	unsigned kept = 0;
	begin();
	CHECK(add(BYTES_NONE, 1, "/ip4/8.8.8.8/tcp/1", 1) == ERR_LIMIT);
	CHECK(add(bytes_of(key, sizeof key), 1, "/ip4/8.8.8.8/tcp/1", 1) == ERR_LIMIT);
	CHECK(add(bytes_of(key, sizeof key - 1), 1, "/ip4/8.8.8.8/tcp/1", 1) == OK);
	for (unsigned i = 0; i < ROOM; i++)
		kept += add(bytes_of(&i, sizeof i), 1, "/ip4/8.8.8.8/tcp/1", 1) == OK;
	CHECK(kept == KAD_PROVIDERS_PER_PEER - 1);
}

int main(void)
{
	RUN(several_of_one_key);
	RUN(a_flood_leaves_room_for_others);
	RUN(limits);
	return test_end();
}

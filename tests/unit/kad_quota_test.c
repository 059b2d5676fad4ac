#include "kad/quota.h"

#include "kad_peers.h"

#define ROOM 100

static struct kad_slot slots[ROOM];
static uint64_t clock_ms;

static struct kad_owner owner(unsigned peer, const char *address)
{
	struct kad_owner o;
	const struct peer_id id = test_peer_id(peer);
	kad_owner_of(&o, &id, test_address(address));
	return o;
}

static bool place(const struct kad_owner *o, unsigned per_peer)
{
	const unsigned at = kad_quota_place(slots, ROOM, o, per_peer);
	if (at == KAD_QUOTA_NONE)
		return false;
	slots[at] = (struct kad_slot){.used = true, .owner = *o, .at_ms = ++clock_ms};
	return true;
}

static unsigned count(uint32_t group)
{
	unsigned n = 0;
	for (unsigned i = 0; i < ROOM; i++)
		n += slots[i].used && slots[i].owner.group == group;
	return n;
}

TEST(whose_it_is)
{
	CHECK(owner(1, "/ip4/8.8.8.8/tcp/1").group == owner(2, "/ip4/8.8.9.9/tcp/1").group);
	CHECK(owner(1, "/ip4/8.8.8.8/tcp/1").group != owner(2, "/ip4/8.9.9.9/tcp/1").group);
	CHECK(owner(1, "/ip4/10.0.0.1/tcp/1").group == owner(2, "/ip4/10.0.0.1/tcp/9").group);
	CHECK(owner(1, "/ip4/10.0.0.1/tcp/1").group != owner(1, "/ip4/10.0.0.2/tcp/1").group);
	CHECK(owner(1, "/ip4/127.0.0.1/tcp/1").group != owner(2, "/ip4/127.0.0.1/tcp/1").group);
	CHECK(owner(1, "/ip6/::1/tcp/1").group == owner(1, "/ip4/127.0.0.1/tcp/2").group);
	CHECK(owner(1, "/ip4/10.0.0.1/tcp/1").group >= 0x80000000U);
}

static bool same(const struct kad_owner a, const struct kad_owner b)
{
	return kad_owner_same(&a, &b) && kad_owner_same(&b, &a);
}

TEST(who_is_the_same)
{
	struct kad_owner ours;
	kad_owner_ours(&ours);
	CHECK(same(owner(1, "/ip4/8.8.8.8/tcp/1"), owner(1, "/ip4/9.9.9.9/tcp/1")));
	CHECK(same(owner(1, "/ip4/8.8.8.8/tcp/1"), owner(2, "/ip4/8.8.8.8/tcp/2")));
	CHECK(!same(owner(1, "/ip4/8.8.8.8/tcp/1"), owner(2, "/ip4/8.8.8.9/tcp/1")));
	CHECK(!same(owner(1, "/ip4/127.0.0.1/tcp/1"), owner(2, "/ip4/127.0.0.1/tcp/1")));
	CHECK(same(ours, ours) && !same(ours, owner(1, "/ip4/127.0.0.1/tcp/1")));
}

TEST(a_peer_has_its_share)
{
	memset(slots, 0, sizeof slots);
	const struct kad_owner o = owner(1, "/ip4/8.8.8.8/tcp/1");
	struct kad_owner ours;
	for (unsigned i = 0; i < 10; i++)
		CHECK(place(&o, 10));
	CHECK(!place(&o, 10));
	kad_owner_ours(&ours);
	for (unsigned i = 0; i < 90; i++)
		CHECK(place(&ours, 1));
	CHECK(count(KAD_QUOTA_OURS) == 90);
}

/* A flood of ids from one network leaves what others have. */
TEST(a_flood_displaces_itself)
{
	char text[64];
	memset(slots, 0, sizeof slots);
	for (unsigned i = 1; i <= 20; i++) {
		(void)snprintf(text, sizeof text, "/ip4/20.%u.0.1/tcp/1", i);
		const struct kad_owner o = owner(i, text);
		CHECK(place(&o, 2) && place(&o, 2));
	}
	for (unsigned i = 1000; i < 2000; i++) {
		const struct kad_owner o = owner(i, "/ip4/66.6.1.1/tcp/1");
		(void)place(&o, 2);
	}
	const uint32_t flood = owner(1, "/ip4/66.6.1.1/tcp/1").group;
	CHECK(count(flood) == ROOM - 40);
	/* And who comes late has room, too: the oldest of the flood goes. */
	uint64_t oldest = UINT64_MAX;
	for (unsigned i = 0; i < ROOM; i++)
		if (slots[i].owner.group == flood && slots[i].at_ms < oldest)
			oldest = slots[i].at_ms;
	const struct kad_owner late = owner(30, "/ip4/20.30.0.1/tcp/1");
	CHECK(place(&late, 2) && count(flood) == ROOM - 41);
	for (unsigned i = 0; i < ROOM; i++)
		CHECK(slots[i].at_ms != oldest);
}

TEST(where_all_have_the_same_nobody_gives)
{
	char text[64];
	memset(slots, 0, sizeof slots);
	for (unsigned i = 1; i <= ROOM; i++) {
		(void)snprintf(text, sizeof text, "/ip4/20.%u.0.1/tcp/1", i);
		const struct kad_owner o = owner(i, text);
		CHECK(place(&o, 2));
	}
	const struct kad_owner late = owner(1, "/ip4/30.1.0.1/tcp/1");
	CHECK(!place(&late, 2));
	/* Of those that are marked only. */
	bool among[ROOM] = {false};
	slots[3].owner.group = slots[4].owner.group = slots[5].owner.group;
	CHECK(place(&late, 2) && count(slots[5].owner.group) == 2);
	CHECK(kad_quota_victim(slots, ROOM, &late, among) == KAD_QUOTA_NONE);
	struct kad_owner ours;
	kad_owner_ours(&ours);
	for (unsigned i = 0; i < ROOM; i++)
		slots[i].owner = ours;
	CHECK(!place(&late, 2) && !place(&ours, 2));
}

int main(void)
{
	RUN(whose_it_is);
	RUN(who_is_the_same);
	RUN(a_peer_has_its_share);
	RUN(a_flood_displaces_itself);
	RUN(where_all_have_the_same_nobody_gives);
	return test_end();
}

#include "kad/quota.h"

#include <string.h>

#define NOT_PUBLIC 0x80000000U /* a bit that no public group has */

void kad_owner_of(struct kad_owner *owner, const struct peer_id *peer, struct bytes address)
{
	struct kad_key machine;
	kad_key_of(&owner->peer, peer_id_bytes(peer));
	/* Several on this very machine are different ones: that is how a network is tried out. */
	machine = owner->peer;
	if (kad_scope_of(address) > KAD_SCOPE_LOOPBACK)
		kad_key_of(&machine, kad_machine_of(address));
	owner->machine = load_be32(machine.bytes);
	owner->group = kad_group_of(address);
	if (owner->group == 0)
		owner->group = NOT_PUBLIC | owner->machine;
}

void kad_owner_ours(struct kad_owner *owner)
{
	memset(owner, 0, sizeof *owner);
}

bool kad_owner_same(const struct kad_owner *a, const struct kad_owner *b)
{
	return kad_key_equal(&a->peer, &b->peer) || (a->group == b->group && a->machine == b->machine);
}

static unsigned count_of(const struct kad_slot *slots, unsigned room, uint32_t group, const bool *among)
{
	unsigned n = 0;
	for (unsigned i = 0; i < room; i++)
		n += slots[i].used && slots[i].owner.group == group && (among == NULL || among[i]);
	return n;
}

unsigned kad_quota_victim(const struct kad_slot *slots, unsigned room, const struct kad_owner *owner, const bool *among)
{
	unsigned victim = KAD_QUOTA_NONE, most = 1;
	if (owner->group != KAD_QUOTA_OURS)
		most += count_of(slots, room, owner->group, among);
	for (unsigned i = 0; i < room; i++) {
		const struct kad_slot *s = &slots[i];
		if (!s->used || s->owner.group == KAD_QUOTA_OURS || (among != NULL && !among[i]))
			continue;
		if (victim != KAD_QUOTA_NONE && s->owner.group == slots[victim].owner.group) {
			victim = s->at_ms < slots[victim].at_ms ? i : victim;
			continue;
		}
		const unsigned n = count_of(slots, room, s->owner.group, among);
		if (n > most) {
			most = n;
			victim = i;
		}
	}
	return victim;
}

unsigned kad_quota_place(const struct kad_slot *slots, unsigned room, const struct kad_owner *owner, unsigned per_peer)
{
	unsigned free = KAD_QUOTA_NONE, own = 0;
	for (unsigned i = 0; i < room; i++) {
		if (!slots[i].used)
			free = free == KAD_QUOTA_NONE ? i : free;
		else
			own += kad_key_equal(&slots[i].owner.peer, &owner->peer);
	}
	if (owner->group != KAD_QUOTA_OURS && own >= per_peer)
		return KAD_QUOTA_NONE;
	return free != KAD_QUOTA_NONE ? free : kad_quota_victim(slots, room, owner, NULL);
}

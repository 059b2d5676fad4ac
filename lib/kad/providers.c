#include "kad/providers.h"

#include <assert.h>
#include <string.h>

#include "core/err.h"

void kad_providers_init(struct kad_providers *p, struct kad_slot *slots, struct kad_provider *entries, unsigned room)
{
	assert(room <= KAD_PROVIDERS_ROOM_MAX);
	*p = (struct kad_providers){.slots = slots, .entries = entries, .room = room};
	for (unsigned i = 0; i < room; i++)
		slots[i].used = false;
}

/* fresh: how it is to stand there. */
static int add(struct kad_providers *p, const struct kad_provider *provider, const struct kad_slot *fresh,
	       uint64_t now_ms)
{
	bool of_key[KAD_PROVIDERS_ROOM_MAX] = {false};
	const struct kad_owner *owner = &fresh->owner;
	unsigned n = 0, slot = KAD_QUOTA_NONE;
	for (unsigned i = 0; i < p->room; i++) {
		struct kad_slot *s = &p->slots[i];
		s->used = s->used && s->until_ms > now_ms;
		of_key[i] = s->used && kad_key_equal(&p->entries[i].of, &provider->of);
		n += of_key[i];
		if (of_key[i] && peer_id_equal(&p->entries[i].contact.id, &provider->contact.id))
			slot = i;
	}
	if (slot == KAD_QUOTA_NONE)
		slot = kad_quota_place(p->slots, p->room, owner, KAD_PROVIDERS_PER_PEER);
	if (slot != KAD_QUOTA_NONE && !of_key[slot] && n >= KAD_PROVIDERS_PER_KEY)
		slot = kad_quota_victim(p->slots, p->room, owner, of_key);
	if (slot == KAD_QUOTA_NONE)
		return ERR_LIMIT;
	p->slots[slot] = *fresh;
	p->entries[slot] = *provider;
	p->changes++;
	return OK;
}

int kad_providers_add(struct kad_providers *p, struct bytes key, const struct kad_contact *contact,
		      const struct kad_owner *owner, uint64_t now_ms)
{
	struct kad_provider provider = {.contact = *contact};
	const struct kad_slot slot = {.used = true,
				      .owner = *owner,
				      .at_ms = now_ms,
				      .until_ms = now_ms + KAD_PROVIDERS_AGE_MS};
	if (key.n == 0 || key.n > KAD_PROVIDERS_KEY_BYTES_MAX)
		return ERR_LIMIT;
	kad_key_of(&provider.of, key);
	return add(p, &provider, &slot, now_ms);
}

int kad_providers_restore(struct kad_providers *p, const struct kad_provider *provider, const struct kad_owner *owner,
			  uint64_t age_ms, uint64_t left_s, uint64_t now_ms)
{
	const uint64_t left_ms = left_s < KAD_PROVIDERS_AGE_MS / 1000 ? left_s * 1000 : KAD_PROVIDERS_AGE_MS;
	const struct kad_slot slot = {.used = true,
				      .owner = *owner,
				      .at_ms = now_ms > age_ms ? now_ms - age_ms : 0,
				      .until_ms = now_ms + left_ms};
	return left_s == 0 ? ERR_EXPIRED : add(p, provider, &slot, now_ms);
}

const struct kad_provider *kad_providers_next(const struct kad_providers *p, unsigned *at, uint64_t now_ms,
					      const struct kad_slot **slot)
{
	while (*at < p->room) {
		const unsigned i = (*at)++;
		if (!p->slots[i].used || p->slots[i].until_ms <= now_ms)
			continue;
		*slot = &p->slots[i];
		return &p->entries[i];
	}
	return NULL;
}

unsigned kad_providers_get(const struct kad_providers *p, struct bytes key, unsigned turn, uint64_t now_ms,
			   const struct kad_contact *out[static KAD_PROVIDERS_PER_KEY])
{
	const struct kad_contact *found[KAD_PROVIDERS_PER_KEY];
	struct kad_key of;
	unsigned n = 0;
	kad_key_of(&of, key);
	for (unsigned i = 0; i < p->room && n < KAD_PROVIDERS_PER_KEY; i++)
		if (p->slots[i].used && p->slots[i].until_ms > now_ms && kad_key_equal(&p->entries[i].of, &of))
			found[n++] = &p->entries[i].contact;
	for (unsigned i = 0; i < n; i++)
		out[i] = found[(turn + i) % n];
	return n;
}

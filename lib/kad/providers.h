/* Who provides what, as its providers themselves have said to a server of the DHT, each for 48 hours. Quotas are
 * those of kad/quota.h; the memory is the caller's: slots and entries of the same number. */
#ifndef KAD_PROVIDERS_H
#define KAD_PROVIDERS_H

#include "kad/quota.h"

#define KAD_PROVIDERS_ROOM_MAX 4096
#define KAD_PROVIDERS_PER_KEY 20
#define KAD_PROVIDERS_PER_PEER 64      /* keys */
#define KAD_PROVIDERS_KEY_BYTES_MAX 80 /* as go */
#define KAD_PROVIDERS_AGE_MS (48 * 3600 * 1000ULL)

struct kad_provider {
	struct kad_key of; /* what it provides */
	struct kad_contact contact;
};

struct kad_providers {
	struct kad_slot *slots;
	struct kad_provider *entries;
	unsigned room;
	uint64_t changes; /* grows with everything that is added */
};

/* room is at most KAD_PROVIDERS_ROOM_MAX; both must outlive p. */
void kad_providers_init(struct kad_providers *p, struct kad_slot *slots, struct kad_provider *entries, unsigned room);
/* contact, who is owner, provides key. ERR_LIMIT: the key is empty or too long, or there is no room for it. */
MUST_CHECK int kad_providers_add(struct kad_providers *p, struct bytes key, const struct kad_contact *contact,
				 const struct kad_owner *owner, uint64_t now_ms);
/* Takes up again what was kept elsewhere for age_ms, as before a restart, for left_s seconds at most. ERR_EXPIRED:
 * there are none; ERR_LIMIT. */
MUST_CHECK int kad_providers_restore(struct kad_providers *p, const struct kad_provider *provider,
				     const struct kad_owner *owner, uint64_t age_ms, uint64_t left_s, uint64_t now_ms);
/* All of them, from *at = 0 on, with the slot that each is in; NULL at the end. */
const struct kad_provider *kad_providers_next(const struct kad_providers *p, unsigned *at, uint64_t now_ms,
					      const struct kad_slot **slot);
/* The providers of key, beginning with another one at each turn. Gives how many; views are valid until p changes. */
unsigned kad_providers_get(const struct kad_providers *p, struct bytes key, unsigned turn, uint64_t now_ms,
			   const struct kad_contact *out[static KAD_PROVIDERS_PER_KEY]);

#endif

/* The values that a server of the DHT keeps for others, each for at most 48 hours.
 *
 * There may be several of one key. A value replaces only what the same owner (kad_owner_same) has put before, and what
 * of that is for the rules to say (kad/record.h); what others have put stands beside it, whatever it says, until its
 * life ends. So nobody can take away or cut short what somebody else has put. Where a stranger can write, only so much
 * is anybody's: see kad/quota.h. The memory is the caller's: slots and entries of the same number, and bytes for keys
 * and values together. */
#ifndef KAD_VALUES_H
#define KAD_VALUES_H

#include "kad/message.h"
#include "kad/quota.h"
#include "kad/record.h"

#define KAD_VALUES_ROOM_MAX 1024 /* slots, as rust-libp2p has */
#define KAD_VALUES_PER_KEY 8
#define KAD_VALUES_PER_PEER 32
#define KAD_VALUES_AGE_MS (48 * 3600 * 1000ULL)

/* Time of both kinds: for how long something is here, and what is judged by dates in it. */
struct kad_now {
	uint64_t ms;
	struct wall wall;
};

struct kad_values_entry {
	uint32_t at; /* in bytes: the key, then the value */
	uint16_t key_n, value_n;
};

struct kad_values {
	const struct kad_rules *rules;
	struct kad_slot *slots;
	struct kad_values_entry *entries;
	unsigned room, n;
	uint8_t *bytes;
	size_t bytes_room, bytes_n;
	uint64_t changes; /* grows with everything that is put: who writes values down knows whether to do so again */
};

/* Views into the store, valid until it changes. */
struct kad_value {
	struct bytes key, value;
	const struct kad_owner *owner;
	uint64_t at_ms, until_ms; /* when it came, and for how long it is kept */
};

/* room is at most KAD_VALUES_ROOM_MAX; all must outlive v. */
void kad_values_init(struct kad_values *v, const struct kad_rules *rules, struct kad_slot *slots,
		     struct kad_values_entry *entries, unsigned room, uint8_t *bytes, size_t bytes_room);
/* Keeps a value that owner, whose address has the scope least, has sent; for ttl_s seconds at most, when that is
 * not 0. What this owner has put already is kept for longer. ERR_EXPIRED: a newer one of its own is there, or its life
 * ends now; ERR_LIMIT:
 * too large, or no room for this owner; what the rules say otherwise. */
MUST_CHECK int kad_values_put(struct kad_values *v, struct bytes key, struct bytes value, const struct kad_owner *owner,
			      enum kad_scope least, uint64_t ttl_s, struct kad_now now);
/* Takes up again what was kept elsewhere for age_ms, as before a restart, for left_s seconds at most. Errors as
 * kad_values_put. */
MUST_CHECK int kad_values_restore(struct kad_values *v, struct bytes key, struct bytes value,
				  const struct kad_owner *owner, uint64_t age_ms, uint64_t left_s, struct kad_now now);
/* The values of key, in an order that is the same in every store; what several have put is told once. Gives how
 * many. */
unsigned kad_values_of(const struct kad_values *v, struct bytes key, uint64_t now_ms,
		       struct kad_value out[static KAD_VALUES_PER_KEY]);
/* All values, from *at = 0 on; false at the end. */
bool kad_values_next(const struct kad_values *v, unsigned *at, uint64_t now_ms, struct kad_value *out);

#endif

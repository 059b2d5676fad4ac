#include "kad/values.h"

#include <assert.h>
#include <string.h>

void kad_values_init(struct kad_values *v, const struct kad_rules *rules, struct kad_slot *slots,
		     struct kad_values_entry *entries, unsigned room, uint8_t *bytes, size_t bytes_room)
{
	assert(room <= KAD_VALUES_ROOM_MAX && bytes_room <= UINT32_MAX);
	*v = (struct kad_values){.rules = rules,
				 .slots = slots,
				 .entries = entries,
				 .room = room,
				 .bytes = bytes,
				 .bytes_room = bytes_room};
	for (unsigned i = 0; i < room; i++)
		slots[i].used = false;
}

static struct bytes key_of(const struct kad_values *v, unsigned i)
{
	return bytes_of(v->bytes + v->entries[i].at, v->entries[i].key_n);
}

static struct bytes value_of(const struct kad_values *v, unsigned i)
{
	return bytes_of(v->bytes + v->entries[i].at + v->entries[i].key_n, v->entries[i].value_n);
}

static size_t size_of(const struct kad_values *v, unsigned i)
{
	return (size_t)v->entries[i].key_n + v->entries[i].value_n;
}

/* Closes the gap in bytes, too. */
static void drop(struct kad_values *v, unsigned i)
{
	const size_t n = size_of(v, i), at = v->entries[i].at;
	memmove(v->bytes + at, v->bytes + at + n, v->bytes_n - at - n);
	v->bytes_n -= n;
	for (unsigned j = 0; j < v->room; j++)
		if (v->slots[j].used && v->entries[j].at > at)
			v->entries[j].at = (uint32_t)(v->entries[j].at - n);
	v->slots[i].used = false;
	v->n--;
}

static void drop_expired(struct kad_values *v, uint64_t now_ms)
{
	for (unsigned i = 0; i < v->room; i++)
		if (v->slots[i].used && v->slots[i].until_ms <= now_ms)
			drop(v, i);
}

/* What a new value meets. */
struct met {
	unsigned same;     /* this very value, of this owner */
	unsigned copy;     /* or of another */
	unsigned replaced; /* the first that it takes the place of; others only go */
	unsigned n;        /* values of the key */
	bool older;
	bool of_key[KAD_VALUES_ROOM_MAX];
	bool goes[KAD_VALUES_ROOM_MAX];
};

/* What others have put is never touched. This very value, too, has each for itself: who put it first might take it
 * back, or be displaced. */
static void meet_all(const struct kad_values *v, struct bytes key, struct bytes value, const struct kad_owner *owner,
		     struct wall now, struct met *met)
{
	memset(met, 0, sizeof *met);
	met->same = met->copy = met->replaced = KAD_QUOTA_NONE;
	for (unsigned i = 0; i < v->room; i++) {
		if (!v->slots[i].used || !bytes_equal(key_of(v, i), key))
			continue;
		met->n++;
		met->of_key[i] = true;
		const bool own = kad_owner_same(&v->slots[i].owner, owner);
		if (bytes_equal(value_of(v, i), value)) {
			*(own ? &met->same : &met->copy) = i;
			continue;
		}
		if (!own)
			continue;
		const enum kad_meeting m = v->rules->meet(key, value_of(v, i), value, now);
		met->older = met->older || m == KAD_OLDER;
		met->goes[i] = m == KAD_REPLACES;
		if (m == KAD_REPLACES && met->replaced == KAD_QUOTA_NONE)
			met->replaced = i;
	}
}

/* The slot for a value that is new, emptied; KAD_QUOTA_NONE: nothing was changed. */
static unsigned make_place(struct kad_values *v, const struct met *met, const struct kad_owner *owner)
{
	unsigned slot = met->replaced;
	if (slot == KAD_QUOTA_NONE)
		slot = kad_quota_place(v->slots, v->room, owner, KAD_VALUES_PER_PEER);
	if (slot != KAD_QUOTA_NONE && met->replaced == KAD_QUOTA_NONE && met->n >= KAD_VALUES_PER_KEY)
		slot = kad_quota_victim(v->slots, v->room, owner, met->of_key);
	return slot;
}

/* Makes room for so many bytes more, at the cost of others but keep. */
static bool make_bytes(struct kad_values *v, size_t n, const struct kad_owner *owner, unsigned keep)
{
	const size_t freed = v->slots[keep].used ? size_of(v, keep) : 0;
	bool among[KAD_VALUES_ROOM_MAX];
	memset(among, true, sizeof among);
	among[keep] = false;
	while (n > v->bytes_room - v->bytes_n + freed) {
		const unsigned victim = kad_quota_victim(v->slots, v->room, owner, among);
		if (victim == KAD_QUOTA_NONE)
			return false;
		drop(v, victim);
	}
	return true;
}

static void append(struct kad_values *v, unsigned slot, struct bytes key, struct bytes value)
{
	v->entries[slot] = (struct kad_values_entry){.at = (uint32_t)v->bytes_n,
						     .key_n = (uint16_t)key.n,
						     .value_n = (uint16_t)value.n};
	memcpy(v->bytes + v->bytes_n, key.p, key.n);
	memcpy(v->bytes + v->bytes_n + key.n, value.p, value.n);
	v->bytes_n += key.n + value.n;
	v->n++;
}

static int prolong(struct kad_values *v, unsigned i, uint64_t until_ms)
{
	v->slots[i].until_ms = until_ms > v->slots[i].until_ms ? until_ms : v->slots[i].until_ms;
	v->changes++;
	return OK;
}

static int put(struct kad_values *v, struct bytes key, struct bytes value, const struct kad_owner *owner,
	       enum kad_scope least, uint64_t ttl_s, uint64_t at_ms, struct kad_now now)
{
	uint64_t left_s;
	struct met met;
	if (key.n == 0 || key.n > KAD_RECORD_KEY_BYTES_MAX || value.n == 0 || value.n > KAD_VALUE_BYTES_MAX)
		return ERR_LIMIT;
	const int err = v->rules->check(key, value, least, now.wall, &left_s);
	if (err != OK)
		return err;
	drop_expired(v, now.ms);
	meet_all(v, key, value, owner, now.wall, &met);
	left_s = ttl_s != 0 && ttl_s < left_s ? ttl_s : left_s;
	const uint64_t left_ms = left_s < KAD_VALUES_AGE_MS / 1000 ? left_s * 1000 : KAD_VALUES_AGE_MS;
	if (left_ms == 0)
		return ERR_EXPIRED;
	if (met.same != KAD_QUOTA_NONE)
		return prolong(v, met.same, now.ms + left_ms);
	if (met.older)
		return ERR_EXPIRED;
	const unsigned slot = make_place(v, &met, owner);
	if (slot == KAD_QUOTA_NONE || !make_bytes(v, key.n + value.n, owner, slot))
		return slot == KAD_QUOTA_NONE && met.copy != KAD_QUOTA_NONE ? prolong(v, met.copy, now.ms + left_ms)
									    : ERR_LIMIT;
	met.goes[slot] = true;
	for (unsigned i = 0; i < v->room; i++)
		if (met.goes[i] && v->slots[i].used)
			drop(v, i);
	append(v, slot, key, value);
	v->slots[slot] = (struct kad_slot){.used = true, .owner = *owner, .at_ms = at_ms, .until_ms = now.ms + left_ms};
	v->changes++;
	return OK;
}

int kad_values_put(struct kad_values *v, struct bytes key, struct bytes value, const struct kad_owner *owner,
		   enum kad_scope least, uint64_t ttl_s, struct kad_now now)
{
	return put(v, key, value, owner, least, ttl_s, now.ms, now);
}

int kad_values_restore(struct kad_values *v, struct bytes key, struct bytes value, const struct kad_owner *owner,
		       uint64_t age_ms, uint64_t left_s, struct kad_now now)
{
	/* How far its teller's address carried was judged when it came. */
	if (left_s == 0)
		return ERR_EXPIRED;
	return put(v, key, value, owner, KAD_SCOPE_LOOPBACK, left_s, now.ms > age_ms ? now.ms - age_ms : 0, now);
}

static void view(const struct kad_values *v, unsigned i, struct kad_value *out)
{
	*out = (struct kad_value){.key = key_of(v, i),
				  .value = value_of(v, i),
				  .owner = &v->slots[i].owner,
				  .at_ms = v->slots[i].at_ms,
				  .until_ms = v->slots[i].until_ms};
}

bool kad_values_next(const struct kad_values *v, unsigned *at, uint64_t now_ms, struct kad_value *out)
{
	while (*at < v->room) {
		const unsigned i = (*at)++;
		if (v->slots[i].used && v->slots[i].until_ms > now_ms) {
			view(v, i, out);
			return true;
		}
	}
	return false;
}

unsigned kad_values_of(const struct kad_values *v, struct bytes key, uint64_t now_ms,
		       struct kad_value out[static KAD_VALUES_PER_KEY])
{
	struct kad_value one;
	unsigned n = 0;
	for (unsigned at = 0; n < KAD_VALUES_PER_KEY && kad_values_next(v, &at, now_ms, &one);) {
		if (!bytes_equal(one.key, key))
			continue;
		unsigned i = n;
		while (i > 0 && bytes_compare(one.value, out[i - 1].value) < 0)
			i--;
		if (i > 0 && bytes_equal(one.value, out[i - 1].value)) {
			out[i - 1] = one.until_ms > out[i - 1].until_ms ? one : out[i - 1];
			continue;
		}
		memmove(out + i + 1, out + i, (n - i) * sizeof *out);
		out[i] = one;
		n++;
	}
	return n;
}

#include "kad/table.h"

#include <string.h>

#include "core/err.h"

#define NOBODY UINT32_MAX

void kad_table_init(struct kad_table *t, const struct peer_id *self, struct kad_table_entry *entries, unsigned room,
		    uint64_t now_ms)
{
	memset(t, 0, sizeof *t);
	kad_key_of(&t->self, peer_id_bytes(self));
	t->entries = entries;
	t->room = room;
	for (unsigned i = 0; i < room; i++)
		entries[i] = (struct kad_table_entry){.used = false};
	t->bootstrap_ms = t->self_ms = now_ms;
	for (unsigned i = 0; i <= KAD_TARGET_COMMON_MAX; i++)
		t->refresh_ms[i] = now_ms;
}

static unsigned index_of(const struct kad_table *t, const struct kad_key *key)
{
	const unsigned bucket = kad_key_common(&t->self, key);
	for (unsigned i = 0; i < t->room; i++)
		if (t->entries[i].bucket == bucket && t->entries[i].used &&
		    kad_key_equal(&t->entries[i].contact.key, key))
			return i;
	return NOBODY;
}

static unsigned index_of_id(const struct kad_table *t, const struct peer_id *id)
{
	struct kad_key key;
	kad_key_of(&key, peer_id_bytes(id));
	return index_of(t, &key);
}

const struct kad_contact *kad_table_find(const struct kad_table *t, const struct kad_key *key)
{
	const unsigned i = index_of(t, key);
	return i == NOBODY ? NULL : &t->entries[i].contact;
}

static bool group_has_room(const struct kad_table *t, uint32_t group, unsigned bucket, unsigned besides)
{
	unsigned all = 0, here = 0;
	for (unsigned i = 0; i < t->room; i++) {
		const struct kad_table_entry *e = &t->entries[i];
		if (!e->used || i == besides || !kad_groups_have(&e->groups, group))
			continue;
		all++;
		here += e->bucket == bucket;
	}
	return all < KAD_TABLE_GROUP_MAX && here < KAD_TABLE_GROUP_BUCKET_MAX;
}

/* Whether one more of all the networks of contact may come into the bucket; besides is not counted. */
static bool networks_have_room(const struct kad_table *t, const struct kad_contact *contact, unsigned bucket,
			       unsigned besides)
{
	struct kad_groups groups;
	kad_contact_groups(contact, &groups);
	for (unsigned i = 0; i < groups.n; i++)
		if (!group_has_room(t, groups.of[i], bucket, besides))
			return false;
	return true;
}

static struct kad_table_newcomer *newcomer_for(struct kad_table *t, unsigned entry)
{
	for (unsigned i = 0; i < KAD_TABLE_PINGS_MAX; i++)
		if (t->newcomers[i].used && t->newcomers[i].entry == entry)
			return &t->newcomers[i];
	return NULL;
}

static bool same_contact(const struct kad_contact *a, const struct kad_contact *b)
{
	return kad_key_equal(&a->key, &b->key) && bytes_equal(bytes_of(a->bytes, a->n), bytes_of(b->bytes, b->n));
}

static void put(struct kad_table *t, unsigned at, const struct kad_contact *contact, uint64_t now_ms)
{
	struct kad_table_entry *e = &t->entries[at];
	struct kad_table_newcomer *waits = newcomer_for(t, at);
	if (waits != NULL)
		waits->used = false;
	if (!e->used)
		t->n++;
	if (!e->used || !same_contact(&e->contact, contact))
		t->changes++;
	*e = (struct kad_table_entry){.contact = *contact,
				      .bucket = (uint16_t)kad_key_common(&t->self, &contact->key),
				      .used = true,
				      .heard_ms = now_ms,
				      .asked_ms = now_ms};
	kad_contact_groups(contact, &e->groups);
}

static void drop(struct kad_table *t, unsigned at)
{
	struct kad_table_newcomer *waits = newcomer_for(t, at);
	if (waits != NULL)
		waits->used = false;
	t->entries[at].used = false;
	t->n--;
	t->changes++;
}

static void heard_again(struct kad_table *t, unsigned at, const struct kad_contact *contact, uint64_t now_ms)
{
	struct kad_table_entry *e = &t->entries[at];
	if (networks_have_room(t, contact, e->bucket, at)) {
		put(t, at, contact, now_ms);
		return;
	}
	/* It moved to where there are enough already: it is known where it was. */
	struct kad_contact before = e->contact;
	put(t, at, &before, now_ms);
}

/* A place that is free or whose holder failed; the bucket's count and its longest silent one. */
static unsigned place_in(const struct kad_table *t, unsigned bucket, unsigned *silent)
{
	unsigned here = 0, free = NOBODY, failed = NOBODY;
	*silent = NOBODY;
	for (unsigned i = 0; i < t->room; i++) {
		const struct kad_table_entry *e = &t->entries[i];
		if (!e->used) {
			free = free == NOBODY ? i : free;
			continue;
		}
		if (e->bucket != bucket)
			continue;
		here++;
		if (e->failures > 0)
			failed = i;
		if (*silent == NOBODY || e->heard_ms < t->entries[*silent].heard_ms)
			*silent = i;
	}
	return here < KAD_K && free != NOBODY ? free : failed;
}

/* Lets a newcomer wait for what a ping of at says. */
static void wait_for(struct kad_table *t, unsigned at, const struct kad_contact *contact, uint64_t now_ms)
{
	if (newcomer_for(t, at) != NULL || now_ms - t->entries[at].heard_ms < KAD_TABLE_FRESH_MS)
		return;
	for (unsigned i = 0; i < KAD_TABLE_PINGS_MAX; i++)
		if (!t->newcomers[i].used) {
			t->newcomers[i] = (struct kad_table_newcomer){.used = true,
								      .entry = at,
								      .contact = *contact,
								      .until_ms = now_ms + KAD_TABLE_PING_MS};
			return;
		}
}

int kad_table_heard(struct kad_table *t, const struct kad_contact *contact, uint64_t now_ms)
{
	const unsigned known = index_of(t, &contact->key), bucket = kad_key_common(&t->self, &contact->key);
	unsigned silent;
	if (contact->n == 0 || bucket == KAD_KEY_BITS)
		return ERR_VALUE;
	t->heard_ms = now_ms;
	if (known != NOBODY) {
		heard_again(t, known, contact, now_ms);
		return OK;
	}
	const unsigned place = place_in(t, bucket, &silent);
	if (!networks_have_room(t, contact, bucket, place))
		return ERR_LIMIT;
	if (place != NOBODY) {
		put(t, place, contact, now_ms);
		return OK;
	}
	if (silent != NOBODY)
		wait_for(t, silent, contact, now_ms);
	return ERR_LIMIT;
}

static void failed_at(struct kad_table *t, unsigned at, uint64_t now_ms)
{
	struct kad_table_entry *e = &t->entries[at];
	const struct kad_table_newcomer *waits = newcomer_for(t, at);
	if (waits != NULL) {
		const struct kad_contact contact = waits->contact;
		drop(t, at);
		if (index_of(t, &contact.key) == NOBODY && networks_have_room(t, &contact, e->bucket, at))
			put(t, at, &contact, now_ms);
		return;
	}
	if (e->failures > 0 && t->heard_ms <= e->failed_ms)
		return; /* nobody answers: it need not be this one's fault */
	e->failures++;
	e->failed_ms = e->asked_ms = now_ms;
	if (e->failures >= KAD_TABLE_FAILURES_MAX)
		drop(t, at);
}

void kad_table_failed(struct kad_table *t, const struct peer_id *id, uint64_t now_ms)
{
	const unsigned at = index_of_id(t, id);
	if (at != NOBODY)
		failed_at(t, at, now_ms);
}

void kad_table_remove(struct kad_table *t, const struct peer_id *id)
{
	const unsigned at = index_of_id(t, id);
	if (at != NOBODY)
		drop(t, at);
}

unsigned kad_table_closest(const struct kad_table *t, const struct kad_key *target, const struct peer_id *except,
			   const struct kad_contact **out, unsigned max)
{
	unsigned n = 0;
	for (unsigned i = 0; i < t->room; i++) {
		const struct kad_table_entry *e = &t->entries[i];
		const struct kad_contact *c = &e->contact;
		if (!e->used || e->failures > 0 || (except != NULL && peer_id_equal(&c->id, except)))
			continue;
		if (n == max && (max == 0 || kad_key_order(target, &c->key, &out[max - 1]->key) > 0))
			continue;
		unsigned at = n < max ? n++ : n - 1;
		for (; at > 0 && kad_key_order(target, &c->key, &out[at - 1]->key) < 0; at--)
			out[at] = out[at - 1];
		out[at] = c;
	}
	return n;
}

static void sooner(struct kad_table_want *want, uint64_t at_ms)
{
	if (at_ms < want->at_ms)
		want->at_ms = at_ms;
}

/* Of an entry for whose place somebody waits, or that was silent for too long. */
static bool next_ping(struct kad_table *t, uint64_t now_ms, struct kad_table_want *want)
{
	for (unsigned i = 0; i < KAD_TABLE_PINGS_MAX; i++) {
		struct kad_table_newcomer *waits = &t->newcomers[i];
		if (waits->used && waits->until_ms <= now_ms)
			failed_at(t, waits->entry, now_ms);
		if (waits->used && !waits->told) {
			waits->told = true;
			want->contact = &t->entries[waits->entry].contact;
			return true;
		}
		if (waits->used)
			sooner(want, waits->until_ms);
	}
	for (unsigned i = 0; i < t->room; i++) {
		struct kad_table_entry *e = &t->entries[i];
		if (!e->used)
			continue;
		const uint64_t last_ms = e->asked_ms > e->heard_ms ? e->asked_ms : e->heard_ms;
		const uint64_t due_ms = last_ms + (e->failures > 0 ? KAD_TABLE_DOUBT_MS : KAD_TABLE_QUIET_MS);
		if (due_ms <= now_ms) {
			e->asked_ms = now_ms;
			want->contact = &e->contact;
			return true;
		}
		sooner(want, due_ms);
	}
	return false;
}

/* A bucket that is full of peers that were heard of lately needs no look-up. Those beyond the last that has a
 * peer are what the look-up of our own id is for. */
static bool next_lookup(struct kad_table *t, uint64_t now_ms, struct kad_table_want *want)
{
	unsigned fresh[KAD_TARGET_COMMON_MAX + 1] = {0}, last = 0;
	if (t->n == 0)
		return false;
	if (t->self_ms <= now_ms) {
		t->self_ms = now_ms + KAD_TABLE_REFRESH_MS;
		want->self = true;
		return true;
	}
	sooner(want, t->self_ms);
	for (unsigned i = 0; i < t->room; i++) {
		const struct kad_table_entry *e = &t->entries[i];
		if (!e->used || e->bucket > KAD_TARGET_COMMON_MAX)
			continue;
		last = e->bucket > last ? e->bucket : last;
		fresh[e->bucket] += now_ms - e->heard_ms < KAD_TABLE_REFRESH_MS;
	}
	for (unsigned common = 0; common <= last; common++) {
		if (t->refresh_ms[common] <= now_ms) {
			t->refresh_ms[common] = now_ms + KAD_TABLE_REFRESH_MS;
			if (fresh[common] < KAD_K) {
				want->common = common;
				return true;
			}
		}
		sooner(want, t->refresh_ms[common]);
	}
	return false;
}

void kad_table_next(struct kad_table *t, uint64_t now_ms, struct kad_table_want *want)
{
	*want = (struct kad_table_want){.kind = KAD_TABLE_WAIT, .at_ms = UINT64_MAX};
	if (t->n < KAD_TABLE_FEW) {
		if (t->bootstrap_ms <= now_ms) {
			t->bootstrap_ms = now_ms + (t->n == 0 ? KAD_TABLE_ALONE_MS : KAD_TABLE_BOOTSTRAP_MS);
			want->kind = KAD_TABLE_BOOTSTRAP;
			return;
		}
		sooner(want, t->bootstrap_ms);
	}
	if (next_ping(t, now_ms, want))
		want->kind = KAD_TABLE_PING;
	else if (next_lookup(t, now_ms, want))
		want->kind = KAD_TABLE_LOOKUP;
}

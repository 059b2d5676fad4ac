#include "kad/snapshot.h"

#include <string.h>

#include "core/err.h"

#define MAGIC "phase-kad-snapshot\n"
#define VERSION_NOW 2

enum kind { CONTACT = 1, VALUE = 2, PROVIDER = 3 };

/* How a record stands in its store. */
struct stand {
	struct kad_owner owner;
	uint64_t age_s, left_s;
};

/* --- writing --- */

/* Gives where the length stands, for end. */
static size_t begin_length(struct writer *w)
{
	write_be32(w, 0);
	return w->n;
}

static void end_length(struct writer *w, size_t begun)
{
	if (!w->full)
		store_be32(w->p + begun - 4, (uint32_t)(w->n - begun));
}

static size_t begin_entry(struct writer *w, enum kind kind)
{
	write_u8(w, (uint8_t)kind);
	return begin_length(w);
}

static void write_peer(struct writer *w, const struct kad_contact *c)
{
	write_u8(w, c->id.n);
	write_bytes(w, peer_id_bytes(&c->id));
	write_u8(w, c->n);
	write_bytes(w, bytes_of(c->bytes, c->n));
}

static void write_stand(struct writer *w, const struct kad_owner *owner, uint64_t at_ms, uint64_t until_ms,
			uint64_t now_ms)
{
	const uint64_t age_s = (now_ms - at_ms) / 1000;
	write_bytes(w, bytes_of(owner->peer.bytes, sizeof owner->peer.bytes));
	write_be32(w, owner->group);
	write_be32(w, owner->machine);
	write_be32(w, age_s < UINT32_MAX ? (uint32_t)age_s : UINT32_MAX);
	write_be32(w, (uint32_t)((until_ms - now_ms) / 1000));
}

static bool is_kept(const struct kad_owner *owner, uint64_t until_ms, uint64_t now_ms)
{
	return owner->group != KAD_QUOTA_OURS && until_ms >= now_ms + 1000;
}

/* The entry that was heard of last before the one given (NULL: of all), of those that have failed since or of the
 * others; of one moment the first in the table is. */
static const struct kad_table_entry *heard_before(const struct kad_table *t, const struct kad_table_entry *than,
						  bool failed)
{
	const struct kad_table_entry *last = NULL;
	for (unsigned i = 0; i < t->room; i++) {
		const struct kad_table_entry *e = &t->entries[i];
		if (!e->used || (e->failures > 0) != failed)
			continue;
		if (than != NULL && (e->heard_ms > than->heard_ms || (e->heard_ms == than->heard_ms && e <= than)))
			continue;
		last = last == NULL || e->heard_ms > last->heard_ms ? e : last;
	}
	return last;
}

static void write_contact(struct writer *w, const struct kad_contact *c)
{
	const size_t begun = begin_entry(w, CONTACT);
	write_peer(w, c);
	end_length(w, begun);
}

static void write_contacts(struct writer *w, const struct kad_table *t, const struct kad_contact *remembered,
			   unsigned remembered_n)
{
	for (const struct kad_table_entry *e = NULL; (e = heard_before(t, e, false)) != NULL;)
		write_contact(w, &e->contact);
	for (const struct kad_table_entry *e = NULL; (e = heard_before(t, e, true)) != NULL;)
		write_contact(w, &e->contact);
	for (unsigned i = 0; i < remembered_n; i++)
		if (remembered[i].n > 0 && kad_table_find(t, &remembered[i].key) == NULL)
			write_contact(w, &remembered[i]);
}

static void write_values(struct writer *w, const struct kad_values *values, uint64_t now_ms)
{
	struct kad_value v;
	for (unsigned at = 0; kad_values_next(values, &at, now_ms, &v);) {
		if (!is_kept(v.owner, v.until_ms, now_ms))
			continue;
		const size_t begun = begin_entry(w, VALUE);
		write_stand(w, v.owner, v.at_ms, v.until_ms, now_ms);
		write_be16(w, (uint16_t)v.key.n);
		write_bytes(w, v.key);
		write_be16(w, (uint16_t)v.value.n);
		write_bytes(w, v.value);
		end_length(w, begun);
	}
}

static void write_providers(struct writer *w, const struct kad_providers *providers, uint64_t now_ms)
{
	const struct kad_provider *p;
	const struct kad_slot *s;
	for (unsigned at = 0; (p = kad_providers_next(providers, &at, now_ms, &s)) != NULL;) {
		if (!is_kept(&s->owner, s->until_ms, now_ms))
			continue;
		const size_t begun = begin_entry(w, PROVIDER);
		write_stand(w, &s->owner, s->at_ms, s->until_ms, now_ms);
		write_bytes(w, bytes_of(p->of.bytes, sizeof p->of.bytes));
		write_peer(w, &p->contact);
		end_length(w, begun);
	}
}

void kad_snapshot_write(struct writer *w, const struct kad_table *table, const struct kad_contact *remembered,
			unsigned remembered_n, const struct kad_values *values, const struct kad_providers *providers,
			struct kad_now now)
{
	uint8_t hash[SHA256_BYTES];
	const size_t begun = w->n;
	write_text(w, MAGIC);
	write_u8(w, VERSION_NOW);
	write_be64(w, now.wall.s > 0 ? (uint64_t)now.wall.s : 0);
	const size_t entries = begin_length(w);
	write_contacts(w, table, remembered, remembered_n);
	write_values(w, values, now.ms);
	write_providers(w, providers, now.ms);
	end_length(w, entries);
	if (!w->full) {
		sha256_of(bytes_of(w->p + begun, w->n - begun), hash);
		write_bytes(w, bytes_of(hash, sizeof hash));
	}
}

/* --- reading --- */

struct reading {
	const struct kad_snapshot *into; /* NULL: it is only looked at */
	struct kad_now now;
	uint64_t gone_s; /* since it was written */
	struct kad_snapshot_taken taken;
};

static void read_key(struct reader *r, struct kad_key *key)
{
	const struct bytes b = read_bytes(r, sizeof key->bytes);
	if (!r->dead)
		memcpy(key->bytes, b.p, sizeof key->bytes);
}

/* Addresses that are none any more are left out: what can be dialled may change with the program. */
static int read_contact(struct reader *r, struct kad_contact *c)
{
	struct peer_id id;
	if (peer_id_read(&id, read_bytes(r, read_u8(r))) != OK)
		return ERR_VALUE;
	kad_contact_init(c, &id);
	struct reader addresses = reader_of(read_bytes(r, read_u8(r)));
	while (addresses.left.n > 0 && !addresses.dead)
		(void)kad_contact_add(c, read_bytes(&addresses, read_u8(&addresses)), KAD_SCOPE_LOOPBACK,
				      KAD_CONTACT_BYTES);
	return addresses.dead || r->dead ? ERR_VALUE : OK;
}

static int read_stand(struct reader *r, uint64_t left_max_ms, struct stand *s)
{
	read_key(r, &s->owner.peer);
	s->owner.group = read_be32(r);
	s->owner.machine = read_be32(r);
	s->age_s = read_be32(r);
	s->left_s = read_be32(r);
	const bool good =
		!r->dead && s->owner.group != KAD_QUOTA_OURS && s->left_s > 0 && s->left_s <= left_max_ms / 1000;
	return good ? OK : ERR_VALUE;
}

/* What remains of its life after the time that is gone; 0: nothing. */
static uint64_t left_now_s(const struct reading *g, const struct stand *s)
{
	return s->left_s > g->gone_s && !g->taken.clock_behind ? s->left_s - g->gone_s : 0;
}

static uint64_t age_now_ms(const struct reading *g, const struct stand *s)
{
	return (s->age_s + g->gone_s) * 1000; /* both are far from overflow: gone_s is below left_s then */
}

static int take_contact(struct reading *g, struct reader *r)
{
	struct kad_contact c;
	const int err = read_contact(r, &c);
	if (err == OK && g->into != NULL && c.n > 0 && g->taken.contacts_n < g->into->contacts_max)
		g->into->contacts[g->taken.contacts_n++] = c;
	return err;
}

static int take_value(struct reading *g, struct reader *r)
{
	struct stand s;
	int err = read_stand(r, KAD_VALUES_AGE_MS, &s);
	const struct bytes key = read_bytes(r, read_be16(r));
	const struct bytes value = read_bytes(r, read_be16(r));
	if (err != OK || r->dead)
		return ERR_VALUE;
	if (g->into == NULL)
		return OK;
	const uint64_t left_s = left_now_s(g, &s);
	err = left_s == 0
		      ? ERR_EXPIRED
		      : kad_values_restore(g->into->values, key, value, &s.owner, age_now_ms(g, &s), left_s, g->now);
	g->taken.values_n += err == OK;
	g->taken.left_n += err != OK;
	return OK;
}

static int take_provider(struct reading *g, struct reader *r)
{
	struct kad_provider p;
	struct stand s;
	int err = read_stand(r, KAD_PROVIDERS_AGE_MS, &s);
	read_key(r, &p.of);
	if (err != OK || r->dead || read_contact(r, &p.contact) != OK)
		return ERR_VALUE;
	if (g->into == NULL)
		return OK;
	const uint64_t left_s = p.contact.n > 0 ? left_now_s(g, &s) : 0;
	err = left_s == 0
		      ? ERR_EXPIRED
		      : kad_providers_restore(g->into->providers, &p, &s.owner, age_now_ms(g, &s), left_s, g->now.ms);
	g->taken.providers_n += err == OK;
	g->taken.left_n += err != OK;
	return OK;
}

static int take_entry(struct reading *g, uint8_t kind, struct reader *r)
{
	switch (kind) {
	case CONTACT:
		return take_contact(g, r);
	case VALUE:
		return take_value(g, r);
	case PROVIDER:
		return take_provider(g, r);
	default:
		return ERR_VALUE;
	}
}

static int take_all(struct reading *g, struct bytes entries)
{
	struct reader r = reader_of(entries);
	while (r.left.n > 0) {
		const uint8_t kind = read_u8(&r);
		struct reader entry = reader_of(read_bytes(&r, read_be32(&r)));
		if (r.dead || take_entry(g, kind, &entry) != OK || !reader_done(&entry))
			return ERR_VALUE;
	}
	return OK;
}

/* Everything around the entries. */
static int read_frame(struct bytes file, uint64_t *written_s, struct bytes *entries)
{
	uint8_t hash[SHA256_BYTES];
	struct reader r = reader_of(file);
	if (!bytes_starts(file, MAGIC))
		return file.n < sizeof MAGIC - 1 ? ERR_TRUNCATED : ERR_TYPE;
	(void)read_bytes(&r, sizeof MAGIC - 1);
	const uint8_t version = read_u8(&r);
	if (!r.dead && version != VERSION_NOW)
		return ERR_VERSION;
	*written_s = read_be64(&r);
	*entries = read_bytes(&r, read_be32(&r));
	const struct bytes hashed = bytes_of(file.p, file.n - r.left.n);
	const struct bytes told = read_bytes(&r, SHA256_BYTES);
	if (r.dead)
		return ERR_TRUNCATED;
	if (r.left.n > 0)
		return ERR_TRAILING;
	sha256_of(hashed, hash);
	if (!bytes_equal(told, bytes_of(hash, sizeof hash)))
		return ERR_HASH;
	return *written_s <= INT64_MAX ? OK : ERR_VALUE;
}

int kad_snapshot_read(const struct kad_snapshot *into, struct bytes file, struct kad_now now,
		      struct kad_snapshot_taken *taken)
{
	struct reading g = {.now = now};
	struct bytes entries;
	uint64_t written_s;
	int err = read_frame(file, &written_s, &entries);
	if (err == OK)
		err = take_all(&g, entries);
	if (err != OK)
		return err;
	const uint64_t now_s = now.wall.s > 0 ? (uint64_t)now.wall.s : 0;
	g.into = into;
	g.gone_s = now_s > written_s ? now_s - written_s : 0;
	g.taken.clock_behind = written_s > now_s && written_s - now_s > KAD_RECORD_SKEW_S;
	err = take_all(&g, entries);
	*taken = g.taken;
	return err;
}

#include <string.h>

#include "kad/lookup_parts.h"

#define HOPS_MAX 100 /* of which no more is told */

static bool add_addresses(struct kad_contact *to, const struct kad_contact *from, size_t room_max)
{
	struct bytes address;
	bool added = false;
	for (size_t at = 0; kad_contact_next(from, &at, &address);)
		added = kad_contact_add(to, address, KAD_SCOPE_LOOPBACK, room_max) || added;
	return added;
}

static unsigned find(const struct kad_lookup *l, const struct kad_key *key)
{
	for (unsigned i = 0; i < l->peers_n; i++)
		if (kad_key_equal(&l->peers[i].contact.key, key))
			return i;
	return LOOKUP_NOBODY;
}

/* Those of groups that there are enough peers of, besides one of them. */
static void full_groups(const struct kad_lookup *l, const struct kad_groups *groups,
			const struct kad_lookup_peer *besides, struct kad_groups *full)
{
	full->n = 0;
	for (unsigned i = 0; i < groups->n; i++) {
		unsigned n = 0;
		for (unsigned j = 0; j < l->peers_n; j++)
			n += &l->peers[j] != besides && kad_groups_have(&l->peers[j].groups, groups->of[i]);
		if (n >= KAD_LOOKUP_GROUP_MAX)
			full->of[full->n++] = groups->of[i];
	}
}

/* More of where it is, unless there are enough of there; one that failed where others said has one more chance. */
static void told_again(struct kad_lookup *l, struct kad_lookup_peer *p, const struct kad_contact *contact)
{
	struct kad_contact more = p->contact;
	struct kad_groups groups, full;
	if (p->state != LOOKUP_HEARD && (p->state != LOOKUP_FAILED || p->told_again))
		return;
	if (!add_addresses(&more, contact, KAD_CONTACT_BYTES))
		return;
	kad_contact_groups(&more, &groups);
	full_groups(l, &groups, p, &full);
	if (full.n > 0)
		return;
	p->contact = more;
	p->groups = groups;
	if (p->state == LOOKUP_FAILED) {
		p->told_again = true;
		p->state = LOOKUP_HEARD;
	}
}

bool kad_lookup_connected(struct kad_lookup *l, unsigned peer, uint32_t group)
{
	struct kad_lookup_peer *p = &l->peers[peer];
	struct kad_groups full;
	if (group == 0 || kad_groups_have(&p->groups, group))
		return true;
	p->contact.from_group = group;
	kad_contact_groups(&p->contact, &p->groups);
	full_groups(l, &p->groups, p, &full);
	return full.n == 0;
}

static bool have_all(const struct kad_groups *groups, const struct kad_groups *of)
{
	for (unsigned i = 0; i < of->n; i++)
		if (!kad_groups_have(groups, of->of[i]))
			return false;
	return true;
}

/* The farthest that was not asked, among those that are in all these groups. */
static unsigned farthest_heard(const struct kad_lookup *l, const struct kad_groups *groups)
{
	for (unsigned i = l->peers_n; i > 0; i--) {
		const struct kad_lookup_peer *p = &l->peers[l->order[i - 1]];
		if (p->state == LOOKUP_HEARD && !p->told_again && have_all(&p->groups, groups))
			return l->order[i - 1];
	}
	return LOOKUP_NOBODY;
}

/* Whose place a new one takes: a free one, or that of the farthest of its networks, or of all, when it is nearer. */
static unsigned place_for(const struct kad_lookup *l, const struct kad_key *key, const struct kad_groups *groups)
{
	struct kad_groups full;
	full_groups(l, groups, NULL, &full);
	if (full.n == 0 && l->peers_n < KAD_LOOKUP_PEERS_MAX)
		return l->peers_n;
	unsigned place = farthest_heard(l, &full);
	if (place != LOOKUP_NOBODY && kad_key_order(&l->target, key, &l->peers[place].contact.key) > 0)
		place = LOOKUP_NOBODY;
	return place;
}

static void sort_in(struct kad_lookup *l, unsigned place)
{
	unsigned at = 0;
	if (place == l->peers_n) {
		at = l->peers_n++;
	} else {
		while (l->order[at] != place)
			at++;
		memmove(l->order + at, l->order + at + 1, l->peers_n - at - 1);
		at = l->peers_n - 1;
	}
	const struct kad_key *key = &l->peers[place].contact.key;
	for (; at > 0 && kad_key_order(&l->target, key, &l->peers[l->order[at - 1]].contact.key) < 0; at--)
		l->order[at] = l->order[at - 1];
	l->order[at] = (uint8_t)place;
}

void lookup_consider(struct kad_lookup *l, const struct kad_contact *contact, size_t room_max, unsigned hops)
{
	const unsigned known = find(l, &contact->key);
	if (contact->n == 0 || kad_key_equal(&contact->key, &l->self))
		return;
	if (known != LOOKUP_NOBODY) {
		told_again(l, &l->peers[known], contact);
		return;
	}
	struct kad_lookup_peer peer = {.hops = (uint8_t)(hops < HOPS_MAX ? hops : HOPS_MAX)};
	peer.contact = *contact;
	peer.contact.n = 0;
	(void)add_addresses(&peer.contact, contact, room_max);
	kad_contact_groups(&peer.contact, &peer.groups);
	const unsigned place = place_for(l, &contact->key, &peer.groups);
	if (place == LOOKUP_NOBODY || peer.contact.n == 0)
		return;
	l->peers[place] = peer;
	sort_in(l, place);
}

/* A value is kept once, with how many gave it. Its number plus one; 0: there is no room for it. */
static unsigned add_value(struct kad_lookup *l, struct bytes value)
{
	size_t used = 0;
	for (unsigned i = 0; i < l->values_n; i++) {
		struct kad_lookup_value *v = &l->values[i];
		used = v->at + v->n;
		if (!bytes_equal(bytes_of(l->room.values + v->at, v->n), value))
			continue;
		v->told_n++;
		return i + 1;
	}
	if (l->values_n == KAD_LOOKUP_VALUES_MAX || value.n > l->room.values_bytes - used)
		return 0;
	memcpy(l->room.values + used, value.p, value.n);
	l->values[l->values_n++] = (struct kad_lookup_value){.at = (uint32_t)used, .n = (uint32_t)value.n, .told_n = 1};
	return l->values_n;
}

static void take_value(struct kad_lookup *l, struct kad_lookup_peer *p, const struct kad_message *m, struct kad_now now)
{
	const enum kad_scope scope = kad_contact_scope(&p->contact);
	uint64_t left_s;
	if (!m->has_record || l->room.rules == NULL)
		return;
	if (!bytes_equal(m->record_key, l->key) ||
	    l->room.rules->check(l->key, m->value, scope, now.wall, &left_s) != OK) {
		l->refused_n++;
		return;
	}
	p->value = (uint8_t)add_value(l, m->value);
	l->told_n += p->value > 0;
}

/* What the peers of p's networks have given of all that is there for providers. */
static bool part_is_full(const struct kad_lookup *l, const struct kad_lookup_peer *p)
{
	unsigned n = p->providers_n;
	for (unsigned i = 0; i < l->peers_n; i++) {
		const struct kad_lookup_peer *other = &l->peers[i];
		bool meet = false;
		for (unsigned j = 0; j < p->groups.n; j++)
			meet |= kad_groups_have(&other->groups, p->groups.of[j]);
		n += other != p && meet ? other->providers_n : 0;
	}
	return n >= (l->room.providers_max + KAD_LOOKUP_PROVIDERS_PART - 1) / KAD_LOOKUP_PROVIDERS_PART;
}

/* Of a new one no more addresses than fit into room_max bytes are kept. from: who told it; NULL: ourselves. */
static void add_provider(struct kad_lookup *l, struct kad_lookup_peer *from, const struct kad_contact *c,
			 size_t room_max)
{
	unsigned i = 0;
	while (i < l->providers_n && !kad_key_equal(&l->room.providers[i].key, &c->key))
		i++;
	if (i < l->providers_n) {
		(void)add_addresses(&l->room.providers[i], c, KAD_CONTACT_BYTES);
		return;
	}
	if (l->providers_n == l->room.providers_max || (from != NULL && part_is_full(l, from)))
		return;
	if (from != NULL)
		from->providers_n++;
	struct kad_contact *kept = &l->room.providers[l->providers_n++];
	*kept = *c;
	kept->n = 0;
	(void)add_addresses(kept, c, room_max);
}

static void take_providers(struct kad_lookup *l, struct kad_lookup_peer *p, const struct kad_message *m)
{
	struct kad_peers told = kad_message_peers(m, KAD_PROVIDERS);
	struct kad_contact c;
	for (unsigned n = 0; n < KAD_LOOKUP_PROVIDERS_TOLD_MAX; n++) {
		if (!kad_peers_next(&told, kad_contact_scope(&p->contact), &c))
			return;
		add_provider(l, p, &c, KAD_CONTACT_BYTES / 2);
	}
}

static void take_closer(struct kad_lookup *l, unsigned peer, const struct kad_message *m)
{
	struct kad_peers told = kad_message_peers(m, KAD_CLOSER);
	const enum kad_scope scope = kad_contact_scope(&l->peers[peer].contact);
	const unsigned hops = l->peers[peer].hops + 1U;
	struct kad_contact c;
	while (kad_peers_next(&told, scope, &c))
		lookup_consider(l, &c, KAD_CONTACT_BYTES / 2, hops);
}

void kad_lookup_own_value(struct kad_lookup *l, struct bytes value)
{
	(void)add_value(l, value);
}

void kad_lookup_own_provider(struct kad_lookup *l, const struct kad_contact *provider)
{
	add_provider(l, NULL, provider, KAD_CONTACT_BYTES);
}

int kad_lookup_answered(struct kad_lookup *l, unsigned peer, struct bytes answer, struct kad_now now)
{
	static const enum kad_type types[] = {[KAD_LOOKUP_NODES] = KAD_FIND_NODE,
					      [KAD_LOOKUP_VALUES] = KAD_GET_VALUE,
					      [KAD_LOOKUP_PROVIDERS] = KAD_GET_PROVIDERS};
	struct kad_message m;
	const bool good = kad_message_read(&m, answer) == OK && m.type == types[l->kind];
	if (peer >= l->peers_n || l->peers[peer].state != LOOKUP_ASKED || l->done)
		return good ? OK : ERR_PROTOCOL;
	struct kad_lookup_peer *p = &l->peers[peer];
	if (!good) {
		kad_lookup_failed(l, peer);
		return ERR_PROTOCOL;
	}
	const uint64_t took_ms = now.ms > p->asked_ms ? now.ms - p->asked_ms : 1;
	l->mean_ms = l->mean_ms == 0 ? took_ms : (7 * l->mean_ms + took_ms) / 8;
	l->mean_ms = l->mean_ms == 0 ? 1 : l->mean_ms;
	p->state = LOOKUP_ANSWERED;
	l->answered_n++;
	if (l->kind == KAD_LOOKUP_VALUES)
		take_value(l, p, &m, now);
	else if (l->kind == KAD_LOOKUP_PROVIDERS)
		take_providers(l, p, &m);
	take_closer(l, peer, &m);
	return OK;
}

#include "kad/lookup.h"

#include <string.h>

#include "kad/lookup_parts.h"

void kad_lookup_init(struct kad_lookup *l, enum kad_lookup_kind kind, struct bytes key, const struct peer_id *self,
		     const struct kad_lookup_room *room)
{
	memset(l, 0, sizeof *l);
	l->kind = kind;
	l->key = key;
	l->room = *room;
	kad_key_of(&l->target, key);
	kad_key_of(&l->self, peer_id_bytes(self));
}

void kad_lookup_seed(struct kad_lookup *l, const struct kad_contact *contact)
{
	lookup_consider(l, contact, KAD_CONTACT_BYTES, 0);
}

void kad_lookup_request(const struct kad_lookup *l, struct writer *w)
{
	static const enum kad_type types[] = {[KAD_LOOKUP_NODES] = KAD_FIND_NODE,
					      [KAD_LOOKUP_VALUES] = KAD_GET_VALUE,
					      [KAD_LOOKUP_PROVIDERS] = KAD_GET_PROVIDERS};
	kad_message_begin(w, types[l->kind], l->key);
}

static uint64_t within(uint64_t v, uint64_t least, uint64_t most)
{
	return v < least ? least : v > most ? most : v;
}

/* After how long another one is asked, and after how long it is not waited for. */
static uint64_t slow_ms(const struct kad_lookup *l)
{
	return l->mean_ms == 0 ? KAD_LOOKUP_SLOW_MAX_MS
			       : within(2 * l->mean_ms, KAD_LOOKUP_SLOW_MIN_MS, KAD_LOOKUP_SLOW_MAX_MS);
}

static uint64_t silent_ms(const struct kad_lookup *l)
{
	return l->mean_ms == 0 ? KAD_LOOKUP_SILENT_MAX_MS
			       : within(3 * l->mean_ms, KAD_LOOKUP_SILENT_MIN_MS, KAD_LOOKUP_SILENT_MAX_MS);
}

/* What is under way. */
struct flight {
	unsigned all, prompt;
	uint64_t at_ms; /* when that changes by itself */
};

static void until(struct flight *f, uint64_t at_ms, uint64_t now_ms)
{
	if (at_ms > now_ms && at_ms < f->at_ms)
		f->at_ms = at_ms;
}

static struct flight look_around(struct kad_lookup *l, uint64_t now_ms)
{
	struct flight f = {.at_ms = l->end_ms};
	for (unsigned i = 0; i < l->peers_n; i++) {
		struct kad_lookup_peer *p = &l->peers[i];
		if (p->state != LOOKUP_ASKED && p->state != LOOKUP_STORING)
			continue;
		if (now_ms - p->asked_ms >= KAD_LOOKUP_FAILED_MS) {
			kad_lookup_failed(l, i);
			continue;
		}
		f.all++;
		f.prompt += now_ms - p->asked_ms < slow_ms(l);
		until(&f, p->asked_ms + slow_ms(l), now_ms);
		until(&f, p->asked_ms + silent_ms(l), now_ms);
		until(&f, p->asked_ms + KAD_LOOKUP_FAILED_MS, now_ms);
	}
	return f;
}

/* Whether nothing more is expected of a peer: of one that is silent only when others have answered meanwhile. */
static bool given_up(const struct kad_lookup *l, const struct kad_lookup_peer *p, uint64_t now_ms)
{
	return p->state == LOOKUP_FAILED ||
	       (p->state == LOOKUP_ASKED && l->answered_n > 0 && now_ms - p->asked_ms >= silent_ms(l));
}

/* Whether the nearest so many that are not given up have answered; *next is the nearest of them that has not been
 * asked. */
static bool nearest_answered(const struct kad_lookup *l, unsigned n, uint64_t now_ms, unsigned *next)
{
	bool all = true;
	*next = LOOKUP_NOBODY;
	for (unsigned i = 0; i < l->peers_n && n > 0; i++) {
		const struct kad_lookup_peer *p = &l->peers[l->order[i]];
		if (given_up(l, p, now_ms))
			continue;
		n--;
		if (p->state == LOOKUP_HEARD && *next == LOOKUP_NOBODY)
			*next = l->order[i];
		all = all && p->state == LOOKUP_ANSWERED;
	}
	return all;
}

static void want_peer(struct kad_lookup *l, unsigned peer, enum kad_lookup_want_kind kind, uint64_t now_ms,
		      struct kad_lookup_want *want)
{
	struct kad_lookup_peer *p = &l->peers[peer];
	p->state = kind == KAD_LOOKUP_STORE ? LOOKUP_STORING : LOOKUP_ASKED;
	p->asked_ms = now_ms;
	*want = (struct kad_lookup_want){.kind = kind, .peer = peer, .contact = &p->contact};
}

static void next_to_store(struct kad_lookup *l, uint64_t now_ms, const struct flight *f, struct kad_lookup_want *want)
{
	bool waiting = false;
	want->at_ms = f->at_ms;
	for (unsigned i = 0; i < l->peers_n; i++) {
		const struct kad_lookup_peer *p = &l->peers[l->order[i]];
		if (p->state == LOOKUP_TO_STORE) {
			want_peer(l, l->order[i], KAD_LOOKUP_STORE, now_ms, want);
			return;
		}
		const uint64_t give_up_ms = p->asked_ms + KAD_LOOKUP_SILENT_MAX_MS;
		if (p->state != LOOKUP_STORING || give_up_ms <= now_ms)
			continue;
		waiting = true;
		want->at_ms = give_up_ms < want->at_ms ? give_up_ms : want->at_ms;
	}
	l->done = !waiting || now_ms >= l->end_ms;
	want->kind = l->done ? KAD_LOOKUP_DONE : KAD_LOOKUP_WAIT;
}

static bool enough(const struct kad_lookup *l, uint64_t now_ms)
{
	return now_ms >= l->end_ms || (l->room.quorum > 0 && l->told_n >= l->room.quorum);
}

void kad_lookup_next(struct kad_lookup *l, uint64_t now_ms, struct kad_lookup_want *want)
{
	unsigned next;
	*want = (struct kad_lookup_want){.kind = KAD_LOOKUP_DONE, .at_ms = UINT64_MAX};
	if (l->done)
		return;
	if (!l->begun) {
		l->begun = true;
		l->end_ms = now_ms + KAD_LOOKUP_ALL_MS;
	}
	const struct flight f = look_around(l, now_ms);
	if (l->storing) {
		next_to_store(l, now_ms, &f, want);
		return;
	}
	if (!l->converged)
		l->converged = nearest_answered(l, KAD_BETA, now_ms, &next);
	if (enough(l, now_ms) || (nearest_answered(l, KAD_K, now_ms, &next) && l->converged)) {
		l->done = true;
		return;
	}
	if (next == LOOKUP_NOBODY && !l->converged)
		(void)nearest_answered(l, KAD_LOOKUP_PEERS_MAX, now_ms, &next);
	if (next != LOOKUP_NOBODY && f.prompt < KAD_ALPHA && f.all < KAD_LOOKUP_ASKED_MAX) {
		want_peer(l, next, KAD_LOOKUP_ASK, now_ms, want);
		l->asked_n++;
		return;
	}
	want->kind = KAD_LOOKUP_WAIT;
	want->at_ms = f.at_ms;
}

void kad_lookup_failed(struct kad_lookup *l, unsigned peer)
{
	if (peer >= l->peers_n || (l->peers[peer].state != LOOKUP_ASKED && l->peers[peer].state != LOOKUP_STORING))
		return;
	if (l->peers[peer].state == LOOKUP_ASKED)
		l->failed_n++;
	l->peers[peer].state = LOOKUP_FAILED;
}

unsigned kad_lookup_closest(const struct kad_lookup *l, const struct kad_contact **out, unsigned max)
{
	unsigned n = 0;
	for (unsigned i = 0; i < l->peers_n && n < max; i++)
		if (l->peers[l->order[i]].state >= LOOKUP_ANSWERED)
			out[n++] = &l->peers[l->order[i]].contact;
	return n;
}

bool kad_lookup_value(const struct kad_lookup *l, unsigned i, struct bytes *value, unsigned *told_n)
{
	if (i >= l->values_n)
		return false;
	*value = bytes_of(l->room.values + l->values[i].at, l->values[i].n);
	*told_n = l->values[i].told_n;
	return true;
}

unsigned kad_lookup_hops(const struct kad_lookup *l)
{
	for (unsigned i = 0; i < l->peers_n; i++)
		if (l->peers[l->order[i]].state >= LOOKUP_ANSWERED)
			return l->peers[l->order[i]].hops + 1U;
	return 0;
}

void kad_lookup_store(struct kad_lookup *l, struct bytes value, uint64_t now_ms)
{
	unsigned left = KAD_K;
	l->storing = true;
	l->done = false;
	l->stored_n = 0;
	l->end_ms = now_ms + KAD_LOOKUP_ALL_MS;
	for (unsigned i = 0; i < l->peers_n && left > 0; i++) {
		struct kad_lookup_peer *p = &l->peers[l->order[i]];
		struct bytes given;
		unsigned told_n;
		if (p->state < LOOKUP_ANSWERED)
			continue;
		left--;
		if (value.n > 0 && p->value > 0 && kad_lookup_value(l, p->value - 1U, &given, &told_n) &&
		    bytes_equal(given, value)) {
			l->stored_n++;
			p->state = LOOKUP_STORED;
			continue;
		}
		p->state = LOOKUP_TO_STORE;
	}
}

void kad_lookup_stored(struct kad_lookup *l, unsigned peer)
{
	if (peer >= l->peers_n || l->peers[peer].state != LOOKUP_STORING)
		return;
	l->peers[peer].state = LOOKUP_STORED;
	l->stored_n++;
}

void kad_lookup_put_answered(struct kad_lookup *l, unsigned peer, struct bytes answer, struct bytes value)
{
	struct kad_message m;
	if (kad_message_read(&m, answer) == OK && m.type == KAD_PUT_VALUE && m.has_record &&
	    bytes_equal(m.value, value))
		kad_lookup_stored(l, peer);
	else
		kad_lookup_failed(l, peer);
}

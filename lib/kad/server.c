#include "kad/server.h"

#include <string.h>

#define ROUND_S 10                   /* longer than a look-up takes, most of the time */
#define CLOSER_TRIED_MAX (2 * KAD_K) /* some may have no address that is of use to the asker */

void kad_server_init(struct kad_server *s, const struct kad_contact *self, const struct kad_table *table,
		     struct kad_values *values, struct kad_providers *providers)
{
	*s = (struct kad_server){.self = self, .table = table, .values = values, .providers = providers};
}

/* One request, on its way to an answer. */
struct asked {
	struct kad_server *s;
	const struct kad_asker *asker;
	enum kad_scope scope; /* of the asker's address */
	struct kad_message m;
	struct kad_now now;
	struct writer *w;
};

enum written { WRITTEN, USELESS, NO_ROOM };

/* Writes a peer with the addresses that are of use to the asker. */
static enum written write_peer(struct asked *a, enum kad_field field, const struct kad_contact *c)
{
	const struct writer before = *a->w;
	struct kad_contact told;
	struct bytes address;
	told = *c;
	told.n = 0;
	for (size_t at = 0; kad_contact_next(c, &at, &address);)
		(void)kad_contact_add(&told, address, a->scope, KAD_CONTACT_BYTES);
	if (told.n == 0)
		return USELESS;
	kad_message_write_peer(a->w, field, &told);
	if (!a->w->full)
		return WRITTEN;
	*a->w = before;
	return NO_ROOM;
}

/* Those nearest to the key that are of use, ourselves first when it is our own id. */
static void write_closer(struct asked *a)
{
	const struct kad_contact *found[CLOSER_TRIED_MAX];
	struct kad_key target;
	enum written said = USELESS;
	unsigned told = 0;
	kad_key_of(&target, a->m.key);
	if (a->m.type == KAD_FIND_NODE && kad_key_equal(&target, &a->s->self->key))
		said = write_peer(a, KAD_CLOSER, a->s->self);
	const unsigned n = kad_table_closest(a->s->table, &target, a->asker->id, found, CLOSER_TRIED_MAX);
	told += said == WRITTEN;
	for (unsigned i = 0; i < n && told < KAD_K && said != NO_ROOM; i++) {
		said = write_peer(a, KAD_CLOSER, found[i]);
		told += said == WRITTEN;
	}
}

/* How often this key was asked for, or one that shares its count. */
static unsigned turn_of(struct asked *a)
{
	struct kad_key key;
	kad_key_of(&key, a->m.key);
	return a->s->turns[key.bytes[SHA256_BYTES - 1] % KAD_SERVER_TURNS]++;
}

/* Where the order of a key's values begins now: the same for all whose clocks are right. */
static unsigned round_of(struct wall now)
{
	uint8_t number[8];
	struct kad_key any;
	store_be64(number, (uint64_t)(now.s / ROUND_S));
	kad_key_of(&any, bytes_of(number, sizeof number));
	return (unsigned)(load_be64(any.bytes) % UINT16_MAX);
}

/* Which of the n values of a key this answer has. Who looks for a key asks the KAD_K nearest to it: of these each gives
 * the next one of the order that all have, so that one look-up sees all values. Where there are not as many servers as
 * values, each answer has the next. */
static unsigned value_for(struct asked *a, unsigned n)
{
	const struct kad_contact *near[KAD_K];
	struct kad_key target;
	unsigned nearer = 0;
	kad_key_of(&target, a->m.key);
	const unsigned others = kad_table_closest(a->s->table, &target, a->asker->id, near, KAD_K);
	while (nearer < others && kad_key_order(&target, &near[nearer]->key, &a->s->self->key) < 0)
		nearer++;
	return (nearer + (others + 1 < n ? turn_of(a) : round_of(a->now.wall))) % n;
}

static int answer_get_value(struct asked *a)
{
	struct kad_value all[KAD_VALUES_PER_KEY];
	const unsigned n = kad_values_of(a->s->values, a->m.key, a->now.ms, all);
	if (n > 0) {
		const struct kad_value v = all[value_for(a, n)];
		const int64_t age_s = (int64_t)((a->now.ms - v.at_ms) / 1000);
		char time[WALL_TEXT_BYTES];
		const bool dated = wall_write((struct wall){a->now.wall.s - age_s}, time) == OK;
		kad_message_write_record(a->w, v.key, v.value, bytes_of(time, dated ? sizeof time : 0));
	}
	write_closer(a);
	return OK;
}

static int answer_put_value(struct asked *a)
{
	struct kad_owner owner;
	if (!a->m.has_record || !bytes_equal(a->m.key, a->m.record_key))
		return ERR_PROTOCOL;
	kad_owner_of(&owner, a->asker->id, a->asker->address);
	const int err = kad_values_put(a->s->values, a->m.key, a->m.value, &owner, a->scope, a->m.ttl_s, a->now);
	if (err == OK) /* go and js-libp2p compare what comes back */
		kad_message_write_record(a->w, a->m.record_key, a->m.value, BYTES_NONE);
	return err;
}

static int take_provider(struct asked *a)
{
	struct kad_peers peers = kad_message_peers(&a->m, KAD_PROVIDERS);
	struct kad_contact c;
	struct kad_owner owner;
	while (kad_peers_next(&peers, a->scope, &c)) {
		if (!peer_id_equal(&c.id, a->asker->id))
			continue;
		kad_owner_of(&owner, a->asker->id, a->asker->address);
		return kad_providers_add(a->s->providers, a->m.key, &c, &owner, a->now.ms);
	}
	return ERR_PROTOCOL;
}

static int answer_get_providers(struct asked *a)
{
	const struct kad_contact *found[KAD_PROVIDERS_PER_KEY];
	const unsigned n = kad_providers_get(a->s->providers, a->m.key, turn_of(a), a->now.ms, found);
	for (unsigned i = 0; i < n; i++)
		if (!peer_id_equal(&found[i]->id, a->asker->id) && write_peer(a, KAD_PROVIDERS, found[i]) == NO_ROOM)
			break;
	write_closer(a);
	return OK;
}

static int answer(struct asked *a)
{
	if (a->m.type == KAD_ADD_PROVIDER)
		return take_provider(a);
	kad_message_begin(a->w, a->m.type, a->m.key);
	switch (a->m.type) {
	case KAD_PUT_VALUE:
		return answer_put_value(a);
	case KAD_GET_VALUE:
		return answer_get_value(a);
	case KAD_GET_PROVIDERS:
		return answer_get_providers(a);
	case KAD_FIND_NODE:
		write_closer(a);
		return OK;
	case KAD_PING:
	case KAD_ADD_PROVIDER:
	default:
		return OK;
	}
}

int kad_server_answer(struct kad_server *s, const struct kad_asker *asker, struct bytes request, struct kad_now now,
		      struct writer *answered)
{
	const size_t room = answered->room - answered->n;
	struct writer w = writer_of(answered->p + answered->n, room < KAD_SENT_BYTES_MAX ? room : KAD_SENT_BYTES_MAX);
	struct asked a = {.s = s, .asker = asker, .scope = kad_scope_of(asker->address), .now = now, .w = &w};
	if (request.n > KAD_REQUEST_BYTES_MAX)
		return ERR_LIMIT;
	int err = kad_message_read(&a.m, request);
	if (err == OK && a.m.type != KAD_PING && (a.m.key.n == 0 || a.m.key.n > KAD_RECORD_KEY_BYTES_MAX))
		err = ERR_PROTOCOL;
	if (err == OK)
		err = answer(&a);
	if (err == OK && w.full)
		err = ERR_NO_SPACE;
	if (err == OK)
		answered->n += w.n;
	return err;
}

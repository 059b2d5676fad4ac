/* Look-ups of the DHT, carried out. */
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "host/p2p_dht_parts.h"

#define VALUES_BYTES 65536 /* of what one search collects */
#define PROVIDERS_MAX 64

struct p2p_search {
	struct p2p_search *next;
	struct p2p_dht *dht;
	struct kad_lookup l;
	bool looked; /* into our own store */
	bool begun, stores, storing, over;
	unsigned under_way_n;
	p2p_dht_told *answered, *done;
	void *context;
	size_t key_n, value_n;
	uint8_t key[KAD_RECORD_KEY_BYTES_MAX], value[KAD_VALUE_BYTES_MAX];
	struct kad_contact providers[PROVIDERS_MAX];
	uint8_t values[VALUES_BYTES];
};

/* A question under way. */
struct asked {
	struct p2p_search *search;
	unsigned peer;
	bool store;
	struct kad_contact contact;
};

static struct bytes key_of(const struct p2p_search *v)
{
	return bytes_of(v->key, v->key_n);
}

static struct bytes value_of(const struct p2p_search *v)
{
	return bytes_of(v->value, v->value_n);
}

/* --- answers --- */

static int answered(struct p2p_search *v, unsigned peer, struct bytes answer)
{
	const int err = kad_lookup_answered(&v->l, peer, answer, p2p_dht_now());
	if (err == OK && v->answered != NULL && !v->over)
		v->answered(v->dht, OK, &v->l, v->providers, v->context);
	return err;
}

static void on_answer(struct p2p_node *node, const struct peer_id *peer, int err, struct bytes answer, void *context)
{
	struct asked *a = context;
	struct p2p_search *v = a->search;
	v->under_way_n--;
	/* js-libp2p resets the stream of a message that has no answer, also when it keeps what is in there. */
	if (a->store && v->value_n == 0 && err == ERR_CLOSED && p2p_node_is_connected(node, peer))
		err = OK;
	if (err != OK)
		kad_lookup_failed(&v->l, a->peer);
	else if (!a->store)
		err = answered(v, a->peer, answer);
	else if (v->value_n > 0)
		kad_lookup_put_answered(&v->l, a->peer, answer, value_of(v));
	else
		kad_lookup_stored(&v->l, a->peer);
	/* Who refuses to keep something is no worse a peer for it. */
	if (!a->store || err == OK || err == ERR_INTERRUPTED)
		p2p_dht_report(v->dht, &a->contact, err);
	p2p_dht_wake(v->dht);
	free(a);
}

static void write_question(struct p2p_search *v, bool store, struct writer *w)
{
	if (!store) {
		kad_lookup_request(&v->l, w);
	} else if (v->value_n > 0) {
		kad_message_begin(w, KAD_PUT_VALUE, key_of(v));
		kad_message_write_record(w, key_of(v), value_of(v), BYTES_NONE);
	} else {
		kad_message_begin(w, KAD_ADD_PROVIDER, key_of(v));
		kad_message_write_peer(w, KAD_PROVIDERS, p2p_dht_self(v->dht));
	}
}

/* What is asked over a connection that is there counts where that leads. */
static bool may_ask(struct p2p_search *v, const struct kad_lookup_want *want)
{
	struct p2p_address remote;
	enum connection_role role;
	return !p2p_node_remote(v->dht->node, &want->contact->id, &remote, &role) ||
	       kad_lookup_connected(&v->l, want->peer, kad_group_of(bytes_of(remote.bytes, remote.n)));
}

static void ask(struct p2p_search *v, const struct kad_lookup_want *want)
{
	uint8_t request[KAD_SENT_BYTES_MAX];
	struct writer w = writer_of(request, sizeof request);
	struct asked *a = malloc(sizeof *a);
	int err = ERR_NO_MEMORY;
	const bool store = want->kind == KAD_LOOKUP_STORE;
	if (a != NULL && (store || may_ask(v, want))) {
		*a = (struct asked){.search = v, .peer = want->peer, .store = store, .contact = *want->contact};
		write_question(v, store, &w);
		const size_t max = store && v->value_n == 0 ? 0 : KAD_MESSAGE_BYTES_MAX;
		err = w.full ? ERR_NO_SPACE : p2p_dht_ask(v->dht, &a->contact, writer_view(&w), max, on_answer, a);
	}
	if (err == OK) {
		v->under_way_n++;
		return;
	}
	free(a);
	kad_lookup_failed(&v->l, want->peer);
}

/* --- the course --- */

/* What a server keeps itself is found without asking anybody. */
static void look_at_home(struct p2p_search *v)
{
	struct p2p_dht *dht = v->dht;
	struct kad_value values[KAD_VALUES_PER_KEY];
	const struct kad_contact *providers[KAD_PROVIDERS_PER_KEY];
	const uint64_t now_ms = p2p_dht_now().ms;
	unsigned n = 0;
	v->looked = true;
	if (v->l.kind == KAD_LOOKUP_VALUES) {
		n = kad_values_of(&dht->values, key_of(v), now_ms, values);
		for (unsigned i = 0; i < n; i++)
			kad_lookup_own_value(&v->l, values[i].value);
	} else if (v->l.kind == KAD_LOOKUP_PROVIDERS) {
		n = kad_providers_get(&dht->providers, key_of(v), 0, now_ms, providers);
		for (unsigned i = 0; i < n; i++)
			kad_lookup_own_provider(&v->l, providers[i]);
	}
	if (n > 0 && v->answered != NULL)
		v->answered(dht, OK, &v->l, v->providers, v->context);
}

/* Whoever is known is asked, however far. Nobody yet: it waits for the peers that the network is entered by. */
static void begin(struct p2p_search *v)
{
	const struct kad_contact *near[KAD_K];
	const unsigned n = kad_table_closest(&v->dht->table, &v->l.target, NULL, near, KAD_K);
	v->begun = n > 0 || v->dht->entering_n == 0;
	for (unsigned i = 0; i < n; i++)
		kad_lookup_seed(&v->l, near[i]);
}

static void finish(struct p2p_search *v, int err)
{
	v->over = true;
	if (v->done != NULL)
		v->done(v->dht, err, err == OK ? &v->l : NULL, v->providers, v->context);
}

/* Until it waits or is over; gives until when. */
static uint64_t turn(struct p2p_search *v, uint64_t now_ms)
{
	struct kad_lookup_want want;
	if (!v->looked)
		look_at_home(v);
	if (!v->begun && !v->dht->ended)
		begin(v);
	for (;;) {
		if (v->dht->ended || !v->begun)
			return UINT64_MAX; /* woken when they have answered */
		kad_lookup_next(&v->l, now_ms, &want);
		if (want.kind == KAD_LOOKUP_WAIT)
			return want.at_ms;
		if (want.kind != KAD_LOOKUP_DONE) {
			ask(v, &want);
		} else if (v->stores && !v->storing) {
			v->storing = true;
			kad_lookup_store(&v->l, value_of(v), now_ms);
		} else {
			finish(v, OK);
			return UINT64_MAX;
		}
	}
}

uint64_t p2p_dht_searches_turn(struct p2p_dht *dht, uint64_t now_ms)
{
	uint64_t next = UINT64_MAX;
	/* New ones are put before. */
	for (struct p2p_search *v = dht->searches; v != NULL && !dht->ended; v = v->next) {
		if (v->over)
			continue;
		const uint64_t at = turn(v, now_ms);
		next = at < next ? at : next;
	}
	for (struct p2p_search **at = &dht->searches; *at != NULL;) {
		struct p2p_search *v = *at;
		if (dht->ended && !v->over)
			finish(v, ERR_INTERRUPTED);
		if (!v->over || v->under_way_n > 0) {
			at = &v->next;
			continue;
		}
		*at = v->next;
		dht->searches_n--;
		free(v);
	}
	return next;
}

/* What is stored at others, a server has, too. */
static int keep(struct p2p_dht *dht, struct bytes key, struct bytes value)
{
	struct kad_owner ours;
	const struct kad_now now = p2p_dht_now();
	uint64_t left_s;
	kad_owner_ours(&ours);
	const enum kad_scope scope = KAD_SCOPE_LOOPBACK; /* our own may be anywhere */
	if (value.n == 0)
		return dht->server ? kad_providers_add(&dht->providers, key, p2p_dht_self(dht), &ours, now.ms) : OK;
	if (dht->server)
		return kad_values_put(&dht->values, key, value, &ours, scope, 0, now);
	return dht->rules->check(key, value, scope, now.wall, &left_s);
}

int p2p_dht_search(struct p2p_dht *dht, const struct p2p_dht_question *q)
{
	struct p2p_search *v;
	const struct bytes *value = q->value;
	if (dht->ended)
		return ERR_INTERRUPTED;
	if (q->key.n == 0 || q->key.n > sizeof v->key || (value != NULL && value->n > sizeof v->value))
		return ERR_VALUE;
	if (dht->searches_n == P2P_DHT_SEARCHES_MAX)
		return ERR_LIMIT;
	const int err = value == NULL ? OK : keep(dht, q->key, *value);
	if (err != OK)
		return err;
	v = malloc(sizeof *v);
	if (v == NULL)
		return ERR_NO_MEMORY;
	*v = (struct p2p_search){.dht = dht,
				 .stores = value != NULL,
				 .answered = q->answered,
				 .done = q->done,
				 .context = q->context,
				 .key_n = q->key.n};
	memcpy(v->key, q->key.p, q->key.n);
	if (value != NULL && value->n > 0) {
		v->value_n = value->n;
		memcpy(v->value, value->p, value->n);
	}
	const struct kad_lookup_room room = {.rules = dht->rules,
					     .values = v->values,
					     .values_bytes = sizeof v->values,
					     .providers = v->providers,
					     .providers_max = PROVIDERS_MAX,
					     .quorum = q->quorum};
	kad_lookup_init(&v->l, q->kind, key_of(v), p2p_node_id(dht->node), &room);
	v->next = dht->searches;
	dht->searches = v;
	dht->searches_n++;
	if (dht->table.n == 0 && dht->entering_n == 0)
		p2p_dht_enter(dht);
	p2p_dht_wake(dht);
	return OK;
}

#include "host/p2p_dht.h"

#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "host/clock.h"
#include "host/p2p_dht_parts.h"
#include "host/random.h"

#define STREAM_IDLE_MS 60000 /* as go */
#define STREAMS_MAX 24       /* of one peer, for requests to us */
#define REMEMBERED_AT_ONCE 16

static void on_timer(uv_timer_t *timer);

struct kad_now p2p_dht_now(void)
{
	return (struct kad_now){.ms = clock_now_ms(), .wall = {clock_wall_s()}};
}

void p2p_dht_wake(struct p2p_dht *dht)
{
	if (!dht->ended)
		(void)uv_timer_start(&dht->timer, on_timer, 0, 0);
}

/* Those that carry furthest come first: there is no room for all of a machine with many. */
const struct kad_contact *p2p_dht_self(struct p2p_dht *dht)
{
	size_t n;
	const struct p2p_address *own = p2p_node_addresses(dht->node, &n);
	kad_contact_init(&dht->self, p2p_node_id(dht->node));
	for (unsigned scope = KAD_SCOPE_PUBLIC; scope >= KAD_SCOPE_LOOPBACK; scope--)
		for (size_t i = 0; i < n; i++)
			(void)kad_contact_add(&dht->self, bytes_of(own[i].bytes, own[i].n), (enum kad_scope)scope,
					      KAD_CONTACT_BYTES);
	return &dht->self;
}

/* --- asking --- */

static int ask(struct p2p_dht *dht, const struct peer_id *peer, const struct bytes *addresses, size_t addresses_n,
	       struct bytes request, size_t answer_max, p2p_answered *done, void *context)
{
	const struct p2p_question q = {.peer = peer,
				       .addresses = addresses,
				       .addresses_n = addresses_n,
				       .protocols = dht->protocols,
				       .protocols_n = dht->protocols_n,
				       .request = request,
				       .answer_bytes_max = answer_max,
				       .timeout_ms = P2P_DHT_RPC_MS};
	const int err = p2p_request(dht->node, &q, done, context);
	dht->ended |= err == ERR_INTERRUPTED;
	return err;
}

int p2p_dht_ask(struct p2p_dht *dht, const struct kad_contact *to, struct bytes request, size_t answer_max,
		p2p_answered *done, void *context)
{
	struct bytes addresses[P2P_DIAL_ADDRESSES_MAX];
	size_t n = 0, at = 0;
	while (n < P2P_DIAL_ADDRESSES_MAX && kad_contact_next(to, &at, &addresses[n]))
		n++;
	return ask(dht, &to->id, addresses, n, request, answer_max, done, context);
}

/* It is there. What was told of it counts after what the connection says, and none without: where we have reached it
 * comes first; where it has come from is no address of its, but says whose it is. */
static void heard(struct p2p_dht *dht, const struct kad_contact *told)
{
	struct kad_contact contact;
	struct p2p_address remote;
	enum connection_role role;
	struct bytes address;
	if (!p2p_node_remote(dht->node, &told->id, &remote, &role)) {
		const struct kad_contact *known = kad_table_find(&dht->table, &told->key);
		if (known == NULL)
			return;
		contact = *known;
	} else {
		const struct bytes at = bytes_of(remote.bytes, remote.n);
		kad_contact_init(&contact, &told->id);
		if (role == CONNECTION_DIALER)
			(void)kad_contact_add(&contact, at, KAD_SCOPE_LOOPBACK, KAD_CONTACT_BYTES);
		else
			contact.from_group = kad_group_of(at);
		for (size_t i = 0; kad_contact_next(told, &i, &address);)
			(void)kad_contact_add(&contact, address, KAD_SCOPE_LOOPBACK, KAD_CONTACT_BYTES);
	}
	(void)!kad_table_heard(&dht->table, &contact, clock_now_ms());
}

void p2p_dht_report(struct p2p_dht *dht, const struct kad_contact *contact, int err)
{
	dht->ended |= err == ERR_INTERRUPTED;
	if (dht->ended)
		return;
	if (err == OK)
		heard(dht, contact);
	else
		kad_table_failed(&dht->table, &contact->id, clock_now_ms());
}

enum who { OF_TABLE, TO_ENTER_BY, REMEMBERED };

struct pinged {
	struct p2p_dht *dht;
	enum who who;
	struct kad_contact contact;
};

static void ask_remembered(struct p2p_dht *dht);

/* It is gone, for others are there. */
static void forget(struct p2p_dht *dht, const struct kad_key *key)
{
	for (unsigned i = 0; i < dht->remembered_n; i++)
		if (kad_key_equal(&dht->remembered[i].key, key))
			dht->remembered[i].n = 0;
	dht->forgotten_n++;
}

static void on_pinged(struct p2p_node *node, const struct peer_id *peer, int err, struct bytes answer, void *context)
{
	struct pinged *p = context;
	(void)answer;
	p->dht->entering_n -= p->who != OF_TABLE;
	p->dht->remembered_asked_n -= p->who == REMEMBERED;
	p2p_dht_report(p->dht, &p->contact, err);
	if (p->who == TO_ENTER_BY && p->dht->entered != NULL && err != ERR_INTERRUPTED)
		p->dht->entered(node, peer, err);
	if (p->who == REMEMBERED && err != OK && p->dht->table.n > 0)
		forget(p->dht, &p->contact.key);
	if (!p->dht->ended)
		ask_remembered(p->dht);
	p2p_dht_wake(p->dht);
	free(p);
}

/* Whether it answers a question for ourselves, which is one that every server answers. address: where, if that is none
 * of the contact's. False: it is not asked. */
static bool ping(struct p2p_dht *dht, const struct kad_contact *contact, enum who who, const struct bytes *address)
{
	uint8_t request[256];
	struct writer w = writer_of(request, sizeof request);
	struct pinged *p = malloc(sizeof *p);
	if (p == NULL)
		return false; /* the table gives up waiting */
	*p = (struct pinged){.dht = dht, .who = who, .contact = *contact};
	kad_message_begin(&w, KAD_FIND_NODE, peer_id_bytes(p2p_node_id(dht->node)));
	const struct bytes question = writer_view(&w);
	const int err = address == NULL
				? p2p_dht_ask(dht, contact, question, KAD_MESSAGE_BYTES_MAX, on_pinged, p)
				: ask(dht, &contact->id, address, 1, question, KAD_MESSAGE_BYTES_MAX, on_pinged, p);
	if (err != OK)
		free(p);
	return err == OK;
}

/* --- the table --- */

/* One list of them may be for all machines, us among them. */
static void dial_bootstrap(struct p2p_dht *dht, const struct p2p_bootstrap *b)
{
	const struct bytes address = bytes_of(b->bytes, b->n);
	struct kad_contact contact;
	if (peer_id_equal(&b->peer, p2p_node_id(dht->node)))
		return;
	kad_contact_init(&contact, &b->peer);
	dht->entering_n += ping(dht, &contact, TO_ENTER_BY, &address);
}

static void ask_remembered(struct p2p_dht *dht)
{
	while (dht->table.n < KAD_TABLE_FEW && dht->remembered_asked_n < REMEMBERED_AT_ONCE &&
	       dht->remembered_next < dht->remembered_n) {
		const struct kad_contact *c = &dht->remembered[dht->remembered_next++];
		if (c->n == 0 || kad_key_equal(&c->key, &dht->table.self) ||
		    kad_table_find(&dht->table, &c->key) != NULL || !ping(dht, c, REMEMBERED, NULL))
			continue;
		dht->entering_n++;
		dht->remembered_asked_n++;
	}
}

void p2p_dht_enter(struct p2p_dht *dht)
{
	for (size_t i = 0; i < dht->bootstraps_n; i++)
		dial_bootstrap(dht, &dht->bootstraps[i]);
	if (dht->remembered_next == dht->remembered_n) /* or else the last turn is not over yet */
		dht->remembered_next = 0;
	ask_remembered(dht);
}

static void look_up(struct p2p_dht *dht, const struct kad_table_want *want)
{
	uint8_t target[KAD_TARGET_BYTES], random[SHA256_BYTES];
	struct bytes key = peer_id_bytes(p2p_node_id(dht->node));
	if (!want->self) {
		if (random_fill(random, sizeof random) != OK ||
		    kad_key_target(&dht->table.self, want->common, random, target) != OK)
			return;
		key = bytes_of(target, sizeof target);
	}
	/* No room for one more is no harm: it will be wanted again. */
	(void)!p2p_dht_search(dht, &(struct p2p_dht_question){.kind = KAD_LOOKUP_NODES, .key = key});
}

static uint64_t table_turn(struct p2p_dht *dht, uint64_t now_ms)
{
	struct kad_table_want want;
	for (;;) {
		kad_table_next(&dht->table, now_ms, &want);
		switch (want.kind) {
		case KAD_TABLE_PING:
			(void)ping(dht, want.contact, OF_TABLE, NULL);
			break;
		case KAD_TABLE_LOOKUP:
			look_up(dht, &want);
			break;
		case KAD_TABLE_BOOTSTRAP:
			p2p_dht_enter(dht);
			break;
		case KAD_TABLE_WAIT:
		default:
			return want.at_ms;
		}
	}
}

static void on_timer(uv_timer_t *timer)
{
	struct p2p_dht *dht = timer->data;
	const uint64_t now = clock_now_ms();
	const uint64_t table = table_turn(dht, now), searches = p2p_dht_searches_turn(dht, now);
	const uint64_t next = table < searches ? table : searches;
	/* Who was woken meanwhile comes again at once. */
	if (!dht->ended && next != UINT64_MAX && uv_is_active((uv_handle_t *)timer) == 0)
		(void)uv_timer_start(timer, on_timer, next > now ? next - now : 0, 0);
}

const struct kad_table *p2p_dht_table(const struct p2p_dht *dht)
{
	return &dht->table;
}

int p2p_dht_bootstrap(struct p2p_dht *dht, struct bytes address)
{
	struct p2p_bootstrap *b = &dht->bootstraps[dht->bootstraps_n];
	struct reader r = reader_of(address);
	struct multiaddr_part part = {.code = MULTIADDR_IP4}, last = part;
	if (dht->bootstraps_n == P2P_DHT_BOOTSTRAP_MAX)
		return ERR_LIMIT;
	while (multiaddr_next(&r, &part))
		last = part;
	if (r.dead || address.n > sizeof b->bytes || last.code != MULTIADDR_P2P ||
	    peer_id_read(&b->peer, last.value) != OK)
		return ERR_VALUE;
	memcpy(b->bytes, address.p, address.n);
	b->n = address.n;
	dht->bootstraps_n++;
	dial_bootstrap(dht, b);
	return OK;
}

static bool speaks(const struct p2p_dht *dht, const struct identify *id)
{
	for (size_t i = 0; i < id->protocols_n; i++)
		for (size_t k = 0; k < dht->protocols_n; k++)
			if (bytes_is(id->protocols[i], dht->protocols[k]))
				return true;
	return false;
}

void p2p_dht_identified(struct p2p_dht *dht, const struct peer_id *peer, const struct identify *id)
{
	struct p2p_address remote;
	struct kad_contact contact;
	enum connection_role role;
	if (dht->ended || !p2p_node_remote(dht->node, peer, &remote, &role))
		return;
	if (!speaks(dht, id)) {
		kad_table_remove(&dht->table, peer);
		return;
	}
	kad_contact_init(&contact, peer);
	for (size_t i = 0; i < id->addresses_n; i++)
		(void)kad_contact_add(&contact, id->addresses[i], kad_scope_of(bytes_of(remote.bytes, remote.n)),
				      KAD_CONTACT_BYTES);
	heard(dht, &contact);
	p2p_dht_wake(dht);
}

/* --- the server --- */

static int answer(void *context, struct p2p_node *node, const struct peer_id *from, struct bytes request,
		  struct writer *w)
{
	struct p2p_dht *dht = context;
	struct p2p_address remote;
	enum connection_role role;
	if (dht->ended || !p2p_node_remote(node, from, &remote, &role))
		return ERR_CLOSED;
	const struct kad_asker asker = {.id = from, .address = bytes_of(remote.bytes, remote.n)};
	(void)p2p_dht_self(dht);
	const int err = kad_server_answer(&dht->kad, &asker, request, p2p_dht_now(), w);
	if (err != OK && dht->refused != NULL)
		dht->refused(node, from, err);
	return err;
}

static int serve(struct p2p_dht *dht)
{
	int err = OK;
	for (size_t i = 0; err == OK && i < dht->protocols_n; i++) {
		dht->servers[i] = (struct p2p_server){.name = dht->protocols[i],
						      .answer = answer,
						      .context = dht,
						      .request_bytes_max = KAD_REQUEST_BYTES_MAX,
						      .answer_bytes_max = KAD_SENT_BYTES_MAX,
						      .streams_max = STREAMS_MAX,
						      .idle_ms = STREAM_IDLE_MS};
		err = p2p_serve(dht->node, &dht->servers[i]);
	}
	return err;
}

/* --- beginning and end --- */

int p2p_dht_new(struct p2p_dht **out, const struct p2p_dht_config *config)
{
	if (config->protocols_n > P2P_DHT_PROTOCOLS_MAX)
		return ERR_LIMIT;
	struct p2p_dht *dht = calloc(1, sizeof *dht);
	if (dht == NULL)
		return ERR_NO_MEMORY;
	dht->node = config->node;
	dht->protocols = config->protocols;
	dht->protocols_n = config->protocols_n;
	dht->server = config->server;
	dht->rules = config->rules;
	dht->entered = config->entered;
	dht->refused = config->refused;
	kad_table_init(&dht->table, p2p_node_id(dht->node), dht->entries, KAD_TABLE_ROOM, clock_now_ms());
	kad_values_init(&dht->values, dht->rules, dht->value_slots, dht->value_entries, KAD_VALUES_ROOM_MAX,
			dht->value_bytes, sizeof dht->value_bytes);
	kad_providers_init(&dht->providers, dht->provider_slots, dht->provider_entries, KAD_PROVIDERS_ROOM_MAX);
	kad_server_init(&dht->kad, p2p_dht_self(dht), &dht->table, &dht->values, &dht->providers);
	const int err = dht->server ? serve(dht) : OK;
	if (err != OK) {
		free(dht);
		return err;
	}
	(void)uv_timer_init(p2p_node_loop(dht->node), &dht->timer); /* cannot fail */
	dht->timer.data = dht;
	p2p_dht_wake(dht);
	*out = dht;
	return OK;
}

static void timer_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void p2p_dht_free(struct p2p_dht *dht)
{
	dht->ended = true;
	(void)p2p_dht_searches_turn(dht, clock_now_ms());
	uv_close((uv_handle_t *)&dht->timer, timer_closed);
}
